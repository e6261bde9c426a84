"""Artifact Registry's repositories, and what the registry asks about them."""

import time
from typing import Any

from google.cloud import artifactregistry_v1
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, not_found
from provision.emulator.rpc.wellknown import Empty, FieldMask
from provision.emulator.seams import Images, RepositoryKey
from provision.emulator.services.artifacts.addresses import address_of
from provision.emulator.services.artifacts.filters import matching, ordered
from provision.emulator.services.artifacts.repository_rules import (
    check_fields,
    check_mask,
    check_new,
)
from provision.emulator.services.operations import Operations
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import artifact_refusal, require
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.times import timestamp
from provision.emulator.world import World

SERVICE = "google.devtools.artifactregistry.v1.ArtifactRegistry"
_UPDATABLE = (
    "description",
    "labels",
    "docker_config",
    "cleanup_policies",
    "cleanup_policy_dry_run",
    "virtual_repository_config",
    "remote_repository_config",
    "vulnerability_scanning_config",
)
_FILTERS = {"name": lambda one: one.name}
_ORDERS = {
    "name": lambda one: one.name,
    "create_time": lambda one: one.create_time.ToMicroseconds(),
    "update_time": lambda one: one.update_time.ToMicroseconds(),
}

_OUTPUT_ONLY = ("size_bytes", "registry_uri", "satisfies_pzs", "vulnerability_scanning_config")

RepositoryMessage = artifactregistry_v1.Repository.pb()
_DOCKER = int(artifactregistry_v1.Repository.Format.DOCKER)
_STANDARD = int(artifactregistry_v1.Repository.Mode.STANDARD_REPOSITORY)
_SCANNING = artifactregistry_v1.Repository.VulnerabilityScanningConfig


class RepositoryRecords:
    """The repositories (`provision.emulator.seams.Repositories`)."""

    def __init__(self, world: World) -> None:
        self.table = world.store.table(
            "repositories",
            encode=json_format.MessageToDict,
            decode=lambda value: json_format.ParseDict(value, RepositoryMessage()),
        )

    def all(self) -> tuple[RepositoryKey, ...]:
        """Every repository there is."""
        return tuple(key_of(name) for name in self.table)

    def exists(self, repository: RepositoryKey) -> bool:
        """Whether it exists, its format is DOCKER, and it has content of its own."""
        found = self.table.get(repository.name)
        return found is not None and (found.format_, found.mode) == (_DOCKER, _STANDARD)

    def immutable_tags(self, repository: RepositoryKey) -> bool:
        """Whether its tags may not be moved."""
        found = self.table.get(repository.name)
        return found is not None and bool(found.docker_config.immutable_tags)


def key_of(name: str) -> RepositoryKey:
    """The repository of a resource name that begins with one."""
    _, project, _, location, _, repository = name.split("/")[:6]
    return RepositoryKey(project, location, repository)


class Repositories:
    """The RPCs about repositories.

    Args:
        world: accounts, policies, settings.
        records: the repositories.
        operations: where work in progress is told.
        images: to forget the images of a deleted repository.
        public_host: the registry's own ``127.0.0.1:PORT``.
    """

    def __init__(
        self,
        world: World,
        records: RepositoryRecords,
        operations: Operations,
        images: Images,
        public_host: Any,  # noqa: ANN401 - Callable[[], str]
    ) -> None:
        self._world = world
        self._records = records
        self._operations = operations
        self._images = images
        self._public_host = public_host
        kind = PolicyKind(
            SERVICE, "artifactregistry.repositories", self.check_exists, artifact_refusal
        )
        self._policies = PolicyRpcs(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/CreateRepository": self._create,
            f"{SERVICE}/GetRepository": self._get,
            f"{SERVICE}/ListRepositories": self._list,
            f"{SERVICE}/UpdateRepository": self._update,
            f"{SERVICE}/DeleteRepository": self._delete,
            **self._policies.handlers(),
        }

    def check_exists(self, name: str) -> None:
        """Raise unless the repository exists."""
        self._find(name)

    def _find(self, name: str) -> Any:  # noqa: ANN401 - Repository
        found = self._records.table.get(name)
        if found is None:
            raise not_found("Requested entity was not found.")
        return found

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        parent = self._world.hierarchy.canonical(request.parent)
        _require(self._world, call, "create", parent)
        check_new(request)
        name = f"{parent}/repositories/{request.repository_id}"
        if name in self._records.table:
            raise ApiError("ALREADY_EXISTS", "the repository already exists")
        message = RepositoryMessage()
        message.CopyFrom(request.repository)
        message.name = name
        message.mode = message.mode or _STANDARD
        for field in _OUTPUT_ONLY:
            message.ClearField(field)
        now = timestamp()
        message.create_time.CopyFrom(now)
        message.update_time.CopyFrom(now)
        message.satisfies_pzi = True
        scanning = message.vulnerability_scanning_config
        scanning.enablement_state = _SCANNING.EnablementState.SCANNING_DISABLED
        scanning.enablement_state_reason = "API containerscanning.googleapis.com is not enabled."
        scanning.last_enable_time.FromNanoseconds(time.time_ns() | 1)  # to the ns, as recorded
        self._records.table.put(name, message)
        # The finished operation's repository has no times; GetRepository shows them (recorded).
        shown = RepositoryMessage()
        shown.CopyFrom(message)
        shown.ClearField("create_time")
        shown.ClearField("update_time")
        return self._start(parent, shown)

    def _sized(self, message: Any) -> Any:  # noqa: ANN401 - Repository
        """A copy that tells how much is in it."""
        shown = RepositoryMessage()
        shown.CopyFrom(message)
        shown.size_bytes = sum(file.size for file in self._images.files(key_of(message.name)))
        return shown

    def _start(self, parent: str, response: Any) -> Any:  # noqa: ANN401 - messages
        metadata = artifactregistry_v1.OperationMetadata.pb()()
        return self._operations.told_later(parent, metadata, response)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Repository
        name = self._world.hierarchy.canonical(call.request.name)
        _require(self._world, call, "get", name)
        shown = self._sized(self._find(name))
        # Of all methods GetRepository alone tells it (recorded); the port may be another by now.
        shown.registry_uri = address_of(key_of(name), self._public_host())
        return shown

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = self._world.hierarchy.canonical(call.request.parent)
        _require(self._world, call, "list", parent)
        prefix = f"{parent.removesuffix('/locations/-')}/"
        found = [one for one in self._records.table.values() if one.name.startswith(prefix)]
        chosen = matching(found, call.request.filter, _FILTERS)
        chosen = ordered(chosen, call.request.order_by, _ORDERS)
        shown, token = page(chosen, call.request.page_size, call.request.page_token)
        return artifactregistry_v1.ListRepositoriesResponse.pb()(
            repositories=[self._sized(one) for one in shown], next_page_token=token
        )

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Repository
        sent = call.request.repository
        name = self._world.hierarchy.canonical(sent.name)
        _require(self._world, call, "update", name)
        message = self._find(name)
        paths = [path for path in call.request.update_mask.paths if path != "*"]
        mask = FieldMask(paths=paths or _UPDATABLE)
        check_mask(mask, sent, message)
        changed = RepositoryMessage()
        changed.CopyFrom(message)
        mask.MergeMessage(sent, changed, replace_message_field=True, replace_repeated_field=True)
        check_fields(changed)
        changed.update_time.CopyFrom(timestamp())
        return self._records.table.put(name, changed)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = self._world.hierarchy.canonical(call.request.name)
        _require(self._world, call, "delete", name)
        self._find(name)
        self._records.table.pop(name)
        self._world.policies.forget(name)
        self._world.tags.forget(name)
        self._images.forget(key_of(name))
        return self._start("/".join(name.split("/")[:4]), Empty())


def _require(world: World, call: Call, verb: str, resource: str) -> None:
    permission = f"artifactregistry.repositories.{verb}"
    require(world, call, permission, resource, artifact_refusal)
    if world.hierarchy.find(resource.split("/")[1]) is None:
        raise artifact_refusal(permission, resource)
