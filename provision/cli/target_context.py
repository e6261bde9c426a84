"""What a command over targets starts from: the targets, whom we act as, and the clients."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from provision.cli.context import Context
from provision.cli.options import DEFAULT_FILES
from provision.clients.gcloud_config import Defaults, read_defaults
from provision.clients.targets import Resolved, Targets
from provision.errors import UsageError
from provision.spec import Setting, Spec, load
from provision.spec.load import STDIN
from provision.targets import Target, parse_targets


@dataclass(frozen=True)
class TargetContext(Context):
    """The environment of a command over targets.

    Args:
        targets: what the command is about, in the order given.
    """

    targets: tuple[Target, ...] = field(kw_only=True)

    @cached_property
    def lookup(self) -> Targets:
        """Looks targets up."""
        return Targets(self.google)

    def resolved(self) -> tuple[Resolved, ...]:
        """The things that the targets name.

        Raises:
            NotFoundError: one of them is not there.
        """
        return tuple(self.lookup.resolve(target) for target in self.targets)


def open_targets(
    texts: Sequence[str],
    *,
    files: Sequence[Path] | None = None,
    project: str | None = None,
    region: str | None = None,
    impersonate: str | None = None,
) -> TargetContext:
    """The targets that `texts` mean; ``provision.yaml`` is read where there is one.

    Project and region come from the full name, a flag, the spec, the environment or gcloud's
    configuration, in turn.

    Args:
        texts: see `provision.targets.FORMS`.
        files: specs that the user named; None for ``provision.yaml``, which may be missing then.
        project: the ``--project`` flag.
        region: the ``--region`` flag.
        impersonate: the ``--impersonate-service-account`` flag.
    """
    defaults = read_defaults(os.environ, project=project, region=region, impersonate=impersonate)
    specs = _specs(texts, files, defaults)
    targets = parse_targets(
        texts,
        specs,
        setting_of(defaults.project, (spec.project for spec in specs)),
        setting_of(defaults.region, (spec.region for spec in specs)),
    )
    acting = defaults.impersonate.value if defaults.impersonate else None
    return TargetContext(specs, acting, os.environ, targets=targets)


def _specs(
    texts: Sequence[str], files: Sequence[Path] | None, defaults: Defaults
) -> tuple[Spec, ...]:
    """The specs that targets may be named in; none is needed where every name is a full one."""
    named = DEFAULT_FILES if files is None else files
    missing = [path for path in named if path != STDIN and not path.exists()]
    if files is None and (missing or all("projects/" in text for text in texts)):
        return ()
    if missing:
        raise UsageError(f"There is no {', '.join(map(str, missing))}.", hint="-f names a spec.")
    return load(named, project=defaults.project, region=defaults.region)


def setting_of(outside: Setting | None, declared: Iterable[Setting]) -> Setting | None:
    """A flag, what the spec says where all its documents say the same, or what is set outside."""
    if outside is not None and outside.overrides:
        return outside
    values = {setting.value: setting for setting in declared}
    return next(iter(values.values())) if len(values) == 1 else outside
