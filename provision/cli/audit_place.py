"""Where an audit looks: the project, the specs beside it, and whom it acts as."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provision.cli.console import note
from provision.cli.options import DEFAULT_FILES
from provision.errors import ProvisionError, UsageError

if TYPE_CHECKING:
    from provision.cli.context import Context
    from provision.clients.gcloud_config import Defaults
    from provision.spec import Spec


@dataclass(frozen=True)
class Place:
    """The options of that name.

    Args:
        file: specs that the user named.
        project: the ``--project`` flag.
        region: the ``--region`` flag.
        impersonate: the ``--impersonate-service-account`` flag.
    """

    file: Sequence[Path] | None = None
    project: str | None = None
    region: str | None = None
    impersonate: str | None = None

    @cached_property
    def specs(self) -> "tuple[Spec, ...]":
        """What the specs declare; a ``provision.yaml`` that nobody named may be unusable here.

        An audit asks no spec for anything but what a bare name means.
        """
        files = DEFAULT_FILES if self.file is None else self.file
        if self.file is None and not files[0].exists():
            return ()
        missing = [path for path in files if str(path) != "-" and not path.exists()]
        if missing:
            raise UsageError(
                f"There is no {', '.join(map(str, missing))}.", hint="-f names a spec."
            )
        from provision.spec.load import load  # with YAML's reader, which most audits do without

        allowed = () if self.file is not None else (ProvisionError,)
        try:
            return load(files, project=self.defaults.project, region=self.defaults.region)
        except allowed as error:
            note(f"{files[0]} here cannot be used, and is left aside: {str(error).splitlines()[0]}")
            return ()

    @cached_property
    def defaults(self) -> "Defaults":
        """What flags, environment and gcloud's configuration say."""
        from provision.clients.gcloud_config import read_defaults

        return read_defaults(
            os.environ,
            project=self.project,
            region=self.region,
            impersonate=self.impersonate,
        )

    def project_that_is_set(self) -> str:
        """The project of the flag, the specs, the environment or gcloud, in turn.

        Raises:
            UsageError: none is set.
        """
        declared = _same(spec.project.value for spec in self.specs)
        outside = self.defaults.project
        if self.project:
            return self.project
        if declared or outside:
            return declared or (outside.value if outside else "")
        raise UsageError(
            "Which project to look at is not said.",
            hint="Name it with --project or --scope, in the environment, or with"
            " `gcloud config set project`. --snapshot FILE needs none.",
        )

    def region_that_is_set(self) -> str:
        """The region of the flag, the environment or gcloud; empty where none is set."""
        return self.defaults.region.value if self.defaults.region else ""

    def open(self) -> "Context":
        """Google's clients, and whom they act as."""
        from provision.cli.context import Context

        acting = self.defaults.impersonate.value if self.defaults.impersonate else None
        return Context((), acting, os.environ)


def _same(values: Iterable[str]) -> str:
    """The one value; empty where there is none or more than one."""
    found = set(values)
    return found.pop() if len(found) == 1 else ""
