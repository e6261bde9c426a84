"""Deploy: the Cloud Run service, by digest, with authentication required and its ingress chosen."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provision.clients.clock import Clock
from provision.clients.cloud_run import CloudRun
from provision.clients.iam import Iam
from provision.errors import DeployError, ProvisionError
from provision.plan import Change, Check, Known
from provision.service_checks import service_checks
from provision.service_fields import (
    addresses,
    desired_fields,
    is_ready,
    observed_fields,
    to_write,
)
from provision.spec import Spec
from provision.stages import Progress

Json = Mapping[str, Any]

_ACCOUNT_SPREADS = 60.0
"""Seconds in which a new account may still be unknown to Cloud Run."""


@dataclass(frozen=True)
class Service:
    """A Cloud Run service, as far as the spec speaks of it.

    Args:
        account: e-mail of the account it runs as, once that exists.
        ready: the documented test of success holds.
        fields: what the spec asserts, by API name.
        live: the whole service as Cloud Run told it.
    """

    account: str | None
    ready: bool
    fields: Json
    live: Json = field(compare=False, default_factory=dict)


@dataclass(frozen=True)
class Deploy:
    """The stage.

    Args:
        spec: what is declared.
        run: Cloud Run.
        iam: service accounts.
        close: takes public members out of the service's policy, and tells whether there were any.
        progress: told what is being waited for.
        wait: seconds that a policy may need to take effect.
    """

    spec: Spec
    run: CloudRun
    iam: Iam
    close: Callable[[], bool]
    progress: Progress
    wait: float
    clock: Clock = field(default_factory=Clock)
    name: str = "deploy"

    @property
    def subject(self) -> str:
        """The service, in words."""
        return f"service {self.spec.service} in {self.spec.region.value}"

    def desired(self, known: Known) -> Service:
        """The service with the pushed image, its account there and its revision ready."""
        fields = desired_fields(self.spec, known.image)
        return Service(self.spec.account_email, ready=True, fields=fields)

    def observe(self) -> Service | None:
        """The service as it is; None when there is none."""
        live = self.run.find_service(self.spec.service_name)
        if live is None:
            return None
        asserted = desired_fields(self.spec, "")
        fields = observed_fields(live, asserted)
        return Service(self._found_account(), is_ready(live), fields, live)

    def apply(self, change: Change[Service]) -> Service:
        """Create or update, and wait until the revision is ready or has failed."""
        if self._found_account() is None:
            self.progress(f"creating service account {self.spec.account_email}")
            purpose = f"Cloud Run service {self.spec.service}"
            self.iam.create_account(self.spec.service_account, purpose)
        try:
            self._write(change)
        except DeployError as error:
            raise self._with_reason(error) from error
        state = self.observe()
        if state is None or not state.ready:
            raise self._with_reason(DeployError(f"Deploying {self.subject}: it is not ready."))
        return state

    def learn(self, known: Known, state: Service) -> Known:
        """The service's addresses."""
        urls = addresses(state.live)
        return replace(known, urls=urls) if urls else known

    def verify(self, state: Service) -> Iterable[Check]:  # noqa: ARG002 - looks anew
        """The control side: what Cloud Run says of the service and of the revision that serves."""
        live = self.run.find_service(self.spec.service_name) or {}
        serving = live.get("latestReadyRevision")
        revision = self.run.get_revision(serving) if serving else {}
        return service_checks(self.spec, live, revision, self.clock.stamp())

    def _found_account(self) -> str | None:
        """The account's e-mail; None when it is one that we make and that is missing."""
        if not self.spec.creates_account:
            return self.spec.account_email
        account = self.iam.find_account(self.spec.service_account)
        return account.email if account else None

    def _write(self, change: Change[Service]) -> None:
        name = self.spec.service_name
        live = self.run.await_settled(name, self.progress)
        if live is None:
            service = to_write({}, change.desired.fields)
            self._patiently(lambda: self.run.create(name, service, self.progress))
            return
        seen = observed_fields(live, change.desired.fields)
        mask = [key for key, value in change.desired.fields.items() if seen.get(key) != value]
        self._close_first(mask)
        if not mask and is_ready(live):
            return
        service = to_write(live, change.desired.fields)
        if "template" not in mask and not is_ready(live):
            # A failed revision is tried again under a new name; the label makes it a new template.
            mask.append("template")
            service["template"] = _another_try(service["template"])
        self._patiently(lambda: self.run.update(name, service, mask, self.progress))

    def _close_first(self, mask: Iterable[str]) -> None:
        """Take public members out before anything is opened, and let that take effect.

        Between a wider ingress and the policy that `bind` writes lie IAM's own delay, and whatever
        may go wrong.
        """
        if not self.close():
            return
        self.progress(f"took public members out of the policy of {self.spec.service} first")
        opening = ", ".join(sorted(_OPENS & set(mask)))
        if opening:
            self.clock.count_down(
                self.clock.monotonic() + self.wait,
                lambda left: self.progress(
                    f"before {opening} changes, waiting for that to take effect:"
                    f" {left:.0f} s left of {self.wait:.0f} s"
                ),
            )

    def _patiently(self, write: Any) -> None:  # noqa: ANN401 - a callable without arguments
        """Repeat `write` while an account made a moment ago is not known everywhere."""
        deadline = self.clock.monotonic() + _ACCOUNT_SPREADS
        while True:
            try:
                return write()  # type: ignore[no-any-return]
            except ProvisionError as error:
                if not self._still_spreading(error) or self.clock.monotonic() > deadline:
                    raise
            self.progress(f"waiting until Cloud Run knows {self.spec.account_email}")
            self.clock.sleep(2.0)

    def _still_spreading(self, error: ProvisionError) -> bool:
        """Whether the account is there, and Cloud Run says it is not."""
        denied = f"service account {self.spec.account_email}" in str(error)
        missing = denied and "does not exist" in str(error) and "actAs" not in str(error)
        return missing and self.spec.creates_account

    def _with_reason(self, error: DeployError) -> DeployError:
        """`error` with what the failed revision says and where its log is."""
        live = self.run.find_service(self.spec.service_name)
        told = live.get("terminalCondition", {}) if live else {}
        parts = [str(error)]
        if told.get("message") and told["message"] not in parts[0]:
            parts.append(told["message"])
        hint = "Mend what the reason names and run `provision up` again: it goes on from here."
        revision = live.get("latestCreatedRevision") if live else None
        if revision:
            parts.append(f"Revision: {revision.rsplit('/', 1)[-1]}.")
            log = self._log_address(revision)
            hint = f"Its log: {log}\n{hint}" if log else hint
        return DeployError(" ".join(parts), hint=hint)

    def _log_address(self, revision: str) -> str:
        try:
            return str(self.run.get_revision(revision).get("logUri", ""))
        except ProvisionError:
            return ""


_OPENS = frozenset({"ingress", "defaultUriDisabled", "iapEnabled"})
"""Fields whose change may let more people reach the service."""

_TRY_LABEL = "provision-try"


def _another_try(template: Json) -> dict[str, Any]:
    labels = dict(template.get("labels", {}))
    before = labels.get(_TRY_LABEL, "0")
    labels[_TRY_LABEL] = str(int(before) + 1 if before.isdecimal() else 1)
    return {**template, "labels": labels}
