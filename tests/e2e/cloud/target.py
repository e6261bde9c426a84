"""Which cloud the end-to-end suite runs against: the emulator, or Google Cloud itself."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PREFIX = "pve2e"
"""What every name that the suite makes begins with; `clean` goes by it."""

LABEL = "provision-e2e"
"""The label, with the run as its value, on what can carry labels."""


@dataclass(frozen=True)
class Target:
    """A cloud to run against, and a run's own names in it.

    Args:
        kind: which cloud.
        project: project id.
        region: where services and repositories go.
        run: six letters and digits that tell this run's things from others'.
        member: who we are, as policies name it.
        environ: the environment of `provision` and of gcloud.
        client: makes one of Google's own clients, of the class given.
        wait: how long `provision` may wait for IAM, as its ``--wait`` has it.
    """

    kind: Literal["emulator", "google"]
    project: str
    region: str
    run: str
    member: str
    environ: Mapping[str, str] = field(repr=False)
    client: Callable[[Any], Any] = field(repr=False)
    wait: str = "10s"

    def name(self, word: str) -> str:
        """A name of this run's own, ``pve2e-RUN-WORD``; at most 30 characters."""
        made = f"{PREFIX}-{self.run}-{word}"
        if len(made) > 30:
            raise ValueError(f"{made}: service accounts' names have at most 30 characters")
        return made

    @property
    def location(self) -> str:
        """``projects/P/locations/R``."""
        return f"projects/{self.project}/locations/{self.region}"

    def service(self, word: str) -> str:
        """Full name of the service of that word."""
        return f"{self.location}/services/{self.name(word)}"

    def account(self, word: str) -> str:
        """E-mail of the service account of that word."""
        return f"{self.name(word)}@{self.project}.iam.gserviceaccount.com"


def google(project: str, region: str, run: str) -> Target:
    """Google Cloud itself, as whoever Application Default Credentials say."""
    from provision.clients.credentials import load_caller

    environ = {key: value for key, value in os.environ.items() if key != "PROVISION_EMULATOR"}
    caller = load_caller(environ, None, None)
    return Target(
        kind="google",
        project=project,
        region=region,
        run=run,
        member=caller.member,
        environ=environ,
        client=lambda kind: kind(credentials=caller.credentials),
        # Changes of policies take two minutes as a rule, seven and more at times.
        wait="15m",
    )
