"""What every command starts from: the specs, whom we act as, and the clients, made late."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from provision.clients.credentials import Caller, load_caller
from provision.clients.gcloud_config import read_defaults
from provision.clients.google import GoogleClients
from provision.clients.local_cloud import LocalCloud, find_local_cloud
from provision.errors import UsageError
from provision.spec import Spec
from provision.spec.load import STDIN, load


@dataclass(frozen=True)
class Context:
    """The environment of one command.

    Args:
        specs: every service and job that the files declare.
        impersonate: service account to act as, if any.
        environ: the environment variables.
    """

    specs: tuple[Spec, ...]
    impersonate: str | None
    environ: Mapping[str, str] = field(repr=False)

    @cached_property
    def local(self) -> LocalCloud | None:
        """The emulator, when the environment names one."""
        return find_local_cloud(self.environ)

    @cached_property
    def caller(self) -> Caller:
        """Whom we act as."""
        return load_caller(self.environ, self.local, self.impersonate)

    @cached_property
    def google(self) -> GoogleClients:
        """Google's clients."""
        return GoogleClients(self.caller, self.local)


def open_context(
    files: Sequence[Path], project: str | None, region: str | None, impersonate: str | None
) -> Context:
    """Read the specs, with project and region from flags, file, environment or gcloud, in turn."""
    missing = [path for path in files if path != STDIN and not path.exists()]
    if missing:
        raise UsageError(
            f"There is no {', '.join(map(str, missing))}.",
            hint="`provision init` writes a first spec; -f names another file.",
        )
    defaults = read_defaults(os.environ, project=project, region=region, impersonate=impersonate)
    specs = load(files, project=defaults.project, region=defaults.region)
    return Context(specs, defaults.impersonate.value if defaults.impersonate else None, os.environ)


_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)?")


def seconds(text: str) -> float:
    """How long ``90s``, ``7m``, ``1h`` or ``90`` is.

    Raises:
        UsageError: it is none of these.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{text!r} is no duration.", hint="Write it as 90s, 7m or 1h.")
    return float(found.group(1)) * {"s": 1, "m": 60, "h": 3600, None: 1}[found.group(2)]
