"""Deploy: the service or job on Cloud Run, by digest and as the declared account."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from provision.clients.clock import Clock
from provision.clients.iam import Iam
from provision.errors import DeployError
from provision.plan import Change, Check, Known
from provision.spec import Spec
from provision.stages import Progress
from provision.stages.accounts import Accounts

Json = Mapping[str, Any]


class Resource(Protocol):
    """What is deployed: a service, or a job. Both are JSON in Google's own field names."""

    def desired(self, image: Any) -> dict[str, Any]:  # noqa: ANN401 - a text or `Unknown`
        """The fields that the spec asserts; pure."""

    def observed(self, live: Json, asserted: Json) -> dict[str, Any]:
        """Of what is, that which `asserted` speaks of; pure."""

    def to_write(self, live: Json, asserted: Json) -> dict[str, Any]:
        """What to send; pure."""

    def is_ready(self, live: Json) -> bool:
        """The documented test of success; pure."""

    def addresses(self, live: Json) -> tuple[str, ...]:
        """Where it answers; pure."""

    def find(self) -> Json | None:
        """What is; None when there is none."""

    def await_settled(self) -> Json | None:
        """What is, once no change of it is under way."""

    def create(self, body: Json) -> None:
        """Create it, and wait until it is ready or has failed."""

    def before_update(self, mask: Sequence[str]) -> None:
        """What has to be done before the fields in `mask` change."""

    def update(self, body: Json, mask: Sequence[str]) -> None:
        """Write the fields in `mask`, and wait until it is ready or has failed."""

    def checks(self, at: str) -> Iterable[Check]:
        """The control side's claims, looked at anew."""

    def failure(self) -> tuple[tuple[str, ...], str]:
        """What it says of its failure, and the address of a log; each may be empty."""


@dataclass(frozen=True)
class Deployed:
    """A service or job of Cloud Run, as far as the spec speaks of it.

    Args:
        account: e-mail of the account it runs as, once that exists.
        ready: the documented test of success holds.
        fields: what the spec asserts, by API name.
        live: all of it as Cloud Run told it.
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
        resource: the service or job.
        iam: service accounts.
        progress: told what is being waited for.
    """

    spec: Spec
    resource: Resource
    iam: Iam
    progress: Progress
    clock: Clock = field(default_factory=Clock)
    name: str = "deploy"

    @property
    def subject(self) -> str:
        """The service or job, in words."""
        return f"{self.spec} in {self.spec.region.value}"

    def desired(self, known: Known) -> Deployed:
        """With the pushed image, its account there, and ready."""
        fields = self.resource.desired(known.image)
        return Deployed(self.spec.account_email, ready=True, fields=fields)

    def observe(self) -> Deployed | None:
        """As it is; None when there is none."""
        live = self.resource.find()
        if live is None:
            return None
        fields = self.resource.observed(live, self.resource.desired(""))
        account = self._accounts.find(self.spec.service_account)
        return Deployed(account, self.resource.is_ready(live), fields, live)

    def apply(self, change: Change[Deployed]) -> Deployed:
        """Create or update, and wait until it is ready or has failed."""
        self._accounts.bring(self.spec.service_account, f"Cloud Run {self.spec}")
        try:
            self._write(change)
        except DeployError as error:
            raise self._with_reason(error) from error
        state = self.observe()
        if state is None or not state.ready:
            raise self._with_reason(DeployError(f"Deploying {self.subject}: it is not ready."))
        return state

    def learn(self, known: Known, state: Deployed) -> Known:
        """The addresses, where it has any."""
        urls = self.resource.addresses(state.live)
        return replace(known, urls=urls) if urls else known

    def verify(self, state: Deployed) -> Iterable[Check]:  # noqa: ARG002 - looks anew
        """The control side: what Cloud Run says of it."""
        return self.resource.checks(self.clock.stamp())

    @property
    def _accounts(self) -> Accounts:
        return Accounts(self.spec, self.iam, self.progress, self.clock)

    def _patiently(self, write: Callable[[], None]) -> None:
        self._accounts.patiently(self.spec.service_account, write)

    def _write(self, change: Change[Deployed]) -> None:
        resource, wanted = self.resource, change.desired.fields
        live = resource.await_settled()
        if live is None:
            self._patiently(lambda: resource.create(resource.to_write({}, wanted)))
            return
        seen = resource.observed(live, wanted)
        mask = [key for key, value in wanted.items() if seen.get(key) != value]
        resource.before_update(mask)
        if not mask and resource.is_ready(live):
            return
        body = resource.to_write(live, wanted)
        if "template" not in mask and not resource.is_ready(live):
            # What failed is tried again; the label makes it a new template.
            mask.append("template")
            body["template"] = _another_try(body["template"])
        self._patiently(lambda: resource.update(body, mask))

    def _with_reason(self, error: DeployError) -> DeployError:
        """`error` with what Cloud Run says of the failure and where the log is."""
        told, log = self.resource.failure()
        message = " ".join([str(error), *(part for part in told if part not in str(error))])
        hint = "Mend what the reason names and run `provision up` again: it goes on from here."
        return DeployError(message, hint=f"Its log: {log}\n{hint}" if log else hint)


_TRY_LABEL = "provision-try"


def _another_try(template: Json) -> dict[str, Any]:
    labels = dict(template.get("labels", {}))
    before = labels.get(_TRY_LABEL, "0")
    labels[_TRY_LABEL] = str(int(before) + 1 if before.isdecimal() else 1)
    return {**template, "labels": labels}
