"""Buckets: ``google.storage.v1.Buckets``, as the requests of the JSON API are recorded."""

from typing import Any

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.paging import page
from provision.emulator.services.storage import bucket_rules
from provision.emulator.services.storage.asking import (
    Permissions,
    StorageRequest,
    check_conditions,
    unchanged,
)
from provision.emulator.services.storage.errors import StorageError, conflict, missing, wrong
from provision.emulator.services.storage.records import Bucket, StorageState
from provision.emulator.services.storage.shown import bucket_json, location_type
from provision.emulator.times import micros
from provision.emulator.world import World

SERVICE = "google.storage.v1.Buckets"
_BASIC = (
    ("projectEditor", ("roles/storage.legacyBucketOwner", "roles/storage.legacyObjectOwner")),
    ("projectOwner", ("roles/storage.legacyBucketOwner", "roles/storage.legacyObjectOwner")),
    ("projectViewer", ("roles/storage.legacyBucketReader", "roles/storage.legacyObjectReader")),
)
"""What a new bucket's policy grants those who have a basic role on its project (documented)."""


class Buckets:
    """The methods about buckets.

    Args:
        world: projects and policies.
        state: the buckets.
        permissions: who may.
    """

    def __init__(self, world: World, state: StorageState, permissions: Permissions) -> None:
        self._world = world
        self._state = state
        self._permissions = permissions

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {
            f"{SERVICE}/InsertBucket": self._insert,
            f"{SERVICE}/ListBuckets": self._list,
            f"{SERVICE}/GetBucket": self._get,
            f"{SERVICE}/PatchBucket": self._patch,
            f"{SERVICE}/DeleteBucket": self._delete,
            f"{SERVICE}/GetStorageLayout": self._layout,
            f"{SERVICE}/ListManagedFolders": self._folders,
            f"{SERVICE}/GetServiceAccount": self._agent,
        }

    async def _insert(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        asked: StorageRequest = call.request
        project = self._project(call, "storage.buckets.create")
        sent = asked.settings()
        name = bucket_rules.check_name(sent.get("name"))
        found = self._state.buckets.get(name)
        if found is not None:
            raise self._taken(call, found)
        now = micros()
        made = Bucket(name, project, now, now, settings=bucket_rules.settled({}, sent))
        for kind, roles in _BASIC:
            self._world.grant_at_once(made.resource, f"{kind}:{project}", roles)
        return self._shown(self._state.buckets.put(name, made))

    def _taken(self, call: Call, found: Bucket) -> StorageError:
        if self._world.access.allowed(call.principal, "storage.buckets.get", found.resource):
            return conflict(
                "Your previous request to create the named bucket succeeded and you already own it."
            )
        return conflict(
            "The requested bucket name is not available. The bucket namespace is shared by all "
            "users of the system. Please select a different name and try again."
        )

    def _project(self, call: Call, permission: str) -> str:
        """The id of the project of a request, once the caller may do something there."""
        named = call.request.query.get("project", "")
        if not named:
            raise wrong("Required parameter: project", "required")
        found = self._world.hierarchy.find(named)
        self._permissions.on_project(call, permission, named)
        if found is None:
            raise missing(f"The requested project was not found: {named[:100]}")
        return found.project_id

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        asked: StorageRequest = call.request
        project = self._project(call, "storage.buckets.list")
        prefix = asked.query.get("prefix", "")
        mine = [
            one
            for one in sorted(self._state.buckets.values(), key=lambda one: one.name)
            if one.project == project and one.name.startswith(prefix)
        ]
        size, token = asked.number("maxResults") or 0, asked.query.get("pageToken", "")
        shown, following = page(mine, size or 1000, token, project)
        answer: dict[str, Any] = {"kind": "storage#buckets"}
        if shown:
            answer["items"] = [self._shown(one) for one in shown]
        if following:
            answer["nextPageToken"] = following
        return answer

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        bucket = self._allowed(call, "storage.buckets.get")
        try:
            check_conditions(call.request, bucket)
        except StorageError as error:
            raise unchanged(error, call.request) from error
        return self._shown(bucket)

    async def _patch(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        bucket = self._allowed(call, "storage.buckets.update")
        check_conditions(call.request, bucket)
        after = bucket_rules.settled(bucket.settings, call.request.settings())
        changed = bucket.changed(after)
        return self._shown(self._state.buckets.put(bucket.name, changed))

    async def _delete(self, call: Call) -> None:
        bucket = self._allowed(call, "storage.buckets.delete")
        check_conditions(call.request, bucket)
        if self._state.objects.below(bucket.name):
            raise conflict("The bucket you tried to delete is not empty.")
        self._state.buckets.pop(bucket.name)
        self._world.policies.forget(bucket.resource)

    async def _layout(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """Where a bucket is, for whoever may list its objects."""
        bucket = self._allowed(call, "storage.objects.list")
        location = bucket.settings["location"]
        return {
            "kind": "storage#storageLayout",
            "bucket": bucket.name,
            "location": location,
            "locationType": location_type(location),
            "hierarchicalNamespace": {"enabled": False},
        }

    async def _folders(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """There are none; gcloud asks before it removes a bucket."""
        self._allowed(call, "storage.objects.list")
        return {"kind": "storage#managedFolders"}

    async def _agent(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """The account as which Cloud Storage itself uses a project's keys."""
        project = self._project(call, "resourcemanager.projects.get")
        found = self._world.hierarchy.find(project)
        number = 0 if found is None else found.number
        email = f"service-{number}@gs-project-accounts.iam.gserviceaccount.com"
        return {"kind": "storage#serviceAccount", "email_address": email}

    def _allowed(self, call: Call, permission: str) -> Bucket:
        """The bucket of a request, once the caller may do something with it."""
        bucket = self._state.bucket(call.request.bucket)
        self._permissions.on_bucket(call, permission, bucket)
        return bucket

    def _shown(self, bucket: Bucket) -> dict[str, Any]:
        found = self._world.hierarchy.find(bucket.project)
        return bucket_json(bucket, 0 if found is None else found.number)
