"""Everything there is, as old as the inventory is: its view of changes lags behind."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from provision.emulator import history
from provision.emulator.rpc.status import invalid
from provision.emulator.services.artifacts.repositories import RepositoryRecords
from provision.emulator.services.assets import caller_assets, hierarchy_assets, run_assets
from provision.emulator.services.assets.asset import KINDS, RESOURCES, Asset
from provision.emulator.services.assets.patterns import fits
from provision.emulator.services.functions.records import FunctionState
from provision.emulator.services.iam.keys import Kept
from provision.emulator.services.run.records import RunState
from provision.emulator.world import World

_TYPES = (
    *KINDS.values(),
    *(f"{RESOURCES}/{one}" for one in ("TagKey", "TagValue", "TagBinding")),
    *(f"run.googleapis.com/{one}" for one in ("Service", "Job", "Revision", "Execution")),
    *(f"run.googleapis.com/{one}" for one in ("WorkerPool", "DomainMapping")),
    *(f"cloudfunctions.googleapis.com/{one}" for one in ("Function", "CloudFunction")),
    *(f"iam.googleapis.com/{one}" for one in ("ServiceAccount", "ServiceAccountKey", "Role")),
    *(f"iap.googleapis.com/{one}" for one in ("Web", "WebType", "WebService")),
    "iap.googleapis.com/WebServiceVersion",
    "artifactregistry.googleapis.com/Repository",
    *(f"pubsub.googleapis.com/{one}" for one in ("Topic", "Subscription", "Snapshot")),
    "eventarc.googleapis.com/Trigger",
    "cloudscheduler.googleapis.com/Job",
    "cloudtasks.googleapis.com/Queue",
    "workflows.googleapis.com/Workflow",
)
"""Those of the supported types that the emulator can have anything of."""


class Inventory:
    """The assets.

    Args:
        world: hierarchy, policies, accounts, how old the inventory is.
        run: services and jobs.
        functions: functions.
        repositories: repositories of images.
        keys: every key of every account.
    """

    def __init__(
        self,
        world: World,
        run: RunState,
        functions: FunctionState,
        repositories: RepositoryRecords,
        keys: Callable[[], Iterable[Kept]],
    ) -> None:
        self._world = world
        self._run = run
        self._functions = functions
        self._repositories = repositories
        self._keys = keys

    def within(self, scope: str, asset_types: Sequence[str]) -> list[Asset]:
        """The assets of a project, folder or organisation and beneath it, in a lasting order.

        Args:
            scope: as the emulator names it.
            asset_types: types, or regular expressions of them; all when there is none.

        Raises:
            ApiError: a pattern fits no type (INVALID_ARGUMENT).
        """
        wanted = _wanted(asset_types)
        hierarchy = self._world.hierarchy
        return [
            one
            for one in self._everything()
            if one.asset_type in wanted and scope in hierarchy.ancestors(self._node(one))
        ]

    def _node(self, asset: Asset) -> str:
        """The project, folder or organisation that an asset is or belongs to."""
        hierarchy = self._world.hierarchy
        name = asset.name
        while name and name.partition("/")[0] not in KINDS:
            name = hierarchy.parent(name)
        return hierarchy.node(name)

    def _everything(self) -> Iterator[Asset]:
        settings, world = self._world.settings, self._world
        with history.reading_as_of(_past(settings.asset_delay)):
            found = [
                *hierarchy_assets.containers(world),
                *run_assets.services(world, self._run),
                *run_assets.jobs(world, self._run),
                *hierarchy_assets.accounts(world, self._keys()),
                *hierarchy_assets.roles(world),
                *hierarchy_assets.tags(world),
                *hierarchy_assets.guarded(world),
                *run_assets.repositories(world, self._repositories),
                *caller_assets.callers(world),
            ]
        with history.reading_as_of(_past(max(settings.asset_delay, settings.function_asset_delay))):
            found += run_assets.functions(world, self._functions)
        yield from found


def _past(delay: float) -> float | None:
    return history.now() - delay if delay else None


def _wanted(patterns: Sequence[str]) -> frozenset[str]:
    """The types that patterns fit. Raises `ApiError`."""
    if not patterns:
        return frozenset(_TYPES)
    found: set[str] = set()
    for pattern in patterns:
        fitting = {one for one in _TYPES if fits(pattern, one)}
        if not fitting:
            raise invalid(f"No supported asset type matches '{pattern}'.", ("asset_types", pattern))
        found |= fitting
    return frozenset(found)
