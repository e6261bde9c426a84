"""The service that `deploy` brings about: authentication required, its ingress chosen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provision.clients.clock import Clock
from provision.clients.cloud_run import CloudRun
from provision.errors import ProvisionError
from provision.plan import Check, Unknown
from provision.run import service_fields
from provision.run.service_checks import service_checks
from provision.spec import ServiceSpec
from provision.stages import Progress

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Service:
    """A service of Cloud Run, as `deploy` handles it.

    Args:
        spec: what is declared.
        run: Cloud Run.
        close: takes public members out of the service's policy, and tells whether there were any.
        progress: told what is being waited for.
        wait: seconds that a policy may need to take effect.
    """

    spec: ServiceSpec
    run: CloudRun
    close: Callable[[], bool]
    progress: Progress
    wait: float
    clock: Clock = field(default_factory=Clock)

    def desired(self, image: str | Unknown) -> dict[str, Any]:
        """The fields that the spec asserts."""
        return service_fields.desired_fields(self.spec, image)

    def observed(self, live: Json, asserted: Json) -> dict[str, Any]:
        """Of what is, that which `asserted` speaks of."""
        return service_fields.observed_fields(live, asserted)

    def to_write(self, live: Json, asserted: Json) -> dict[str, Any]:
        """What to send."""
        return service_fields.to_write(live, asserted)

    def is_ready(self, live: Json) -> bool:
        """The documented test of success."""
        return service_fields.is_ready(live)

    def addresses(self, live: Json) -> tuple[str, ...]:
        """Where it answers."""
        return service_fields.addresses(live)

    def find(self) -> Json | None:
        """What is; None when there is none."""
        return self.run.find_service(self.spec.service_name)

    def await_settled(self) -> Json | None:
        """What is, once no change of it is under way."""
        return self.run.await_settled(self.spec.service_name, self.progress)

    def create(self, body: Json) -> None:
        """Create it, and wait until its revision is ready or has failed."""
        self.run.create(self.spec.service_name, body, self.progress)

    def update(self, body: Json, mask: Sequence[str]) -> None:
        """Write the fields in `mask`, and wait likewise."""
        self.run.update(self.spec.service_name, body, mask, self.progress)

    def before_update(self, mask: Sequence[str]) -> None:
        """Take public members out before anything is opened, and let that take effect.

        Between a wider ingress and the policy that `bind` writes lie IAM's own delay, and whatever
        may go wrong.
        """
        if not self.close():
            return
        self.progress(f"took public members out of the policy of {self.spec.name} first")
        opening = ", ".join(sorted(_OPENS & set(mask)))
        if opening:
            self.clock.count_down(
                self.clock.monotonic() + self.wait,
                lambda left: self.progress(
                    f"before {opening} changes, waiting for that to take effect:"
                    f" {left:.0f} s left of {self.wait:.0f} s"
                ),
            )

    def checks(self, at: str) -> Iterable[Check]:
        """What Cloud Run says of the service and of the revision that serves."""
        live = self.find() or {}
        serving = live.get("latestReadyRevision")
        revision = self.run.get_revision(serving) if serving else {}
        return service_checks(self.spec, live, revision, at)

    def failure(self) -> tuple[tuple[str, ...], str]:
        """What the failed revision says, and where its log is."""
        live = self.find() or {}
        told = live.get("terminalCondition", {}).get("message", "")
        revision = live.get("latestCreatedRevision", "")
        named = f"Revision: {revision.rsplit('/', 1)[-1]}." if revision else ""
        return tuple(part for part in (told, named) if part), self._log_address(revision)

    def _log_address(self, revision: str) -> str:
        try:
            return str(self.run.get_revision(revision).get("logUri", "")) if revision else ""
        except ProvisionError:
            return ""


_OPENS = frozenset({"ingress", "defaultUriDisabled", "iapEnabled"})
"""Fields whose change may let more people reach the service."""
