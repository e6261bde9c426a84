"""The methods of v1's revisions, configurations and routes."""

from collections.abc import Callable
from typing import Any

from google.cloud import run_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.permissions import require
from provision.emulator.services.run.knative import revisions, to_v1, words
from provision.emulator.services.run.knative.lists import listed
from provision.emulator.services.run.knative.requests import V1, KnativeRequest
from provision.emulator.services.run.knative.services import KnativeServices, deleted
from provision.emulator.services.run.names import missing
from provision.emulator.services.run.records import RevisionRecord, RunState, ServiceRecord
from provision.emulator.world import World

Shown = Callable[[ServiceRecord, int], dict[str, Any]]


class KnativeParts:
    """``revisions``, ``configurations`` and ``routes`` of v1.

    Args:
        world: projects and policies.
        state: the services and revisions.
        services: finds what they belong to.
        delete_revision: v2's method, which knows when a revision may not go.
    """

    def __init__(
        self, world: World, state: RunState, services: KnativeServices, delete_revision: Handler
    ) -> None:
        self._world = world
        self._state = state
        self._services = services
        self._delete_in_v2 = delete_revision

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        parts = (
            ("Configuration", revisions.configuration),
            ("Route", revisions.route),
        )
        found: dict[str, Handler] = {}
        for kind, shown in parts:
            found[f"{V1}.{kind}s/List{kind}s"] = self._lists(kind, shown)
            found[f"{V1}.{kind}s/Get{kind}"] = self._gets(kind, shown)
        return {
            **found,
            f"{V1}.Revisions/ListRevisions": self._list,
            f"{V1}.Revisions/GetRevision": self._get,
            f"{V1}.Revisions/DeleteRevision": self._delete,
        }

    def _lists(self, kind: str, shown: Shown) -> Handler:
        async def answer(call: Call) -> Any:  # noqa: ANN401 - JSON
            request: KnativeRequest = call.request
            permission = f"run.{request.kind}.list"
            require(self._world, call, permission, request.parent, words.list_refusal)
            number = self._services.number(request)
            return listed(
                request,
                kind,
                self._services.records(request),
                to_v1.API,
                lambda record: shown(record, number),
            )

        return answer

    def _gets(self, kind: str, shown: Shown) -> Handler:
        permission = f"run.{kind.lower()}s.get"

        async def answer(call: Call) -> Any:  # noqa: ANN401 - JSON
            request: KnativeRequest = call.request
            require(self._world, call, permission, request.resource, words.refusal)
            return shown(self._services.find(request), self._services.number(request))

        return answer

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.revisions.list", request.parent, words.list_refusal)
        number = self._services.number(request)
        items = [
            (revision, owner)
            for owner in self._services.records(request)
            for revision in reversed(self._state.revisions_of(owner.message.name))
        ]
        return listed(
            request,
            "Revision",
            items,
            to_v1.API,
            lambda pair: revisions.revision(pair[0], pair[1], number),
        )

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.revisions.get", request.resource, words.refusal)
        revision, owner = self._find(request)
        return revisions.revision(revision, owner, self._services.number(request))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.revisions.delete", request.resource, words.refusal)
        revision, _ = self._find(request)
        asked = run_v2.DeleteRevisionRequest.pb()(
            name=revision.message.name, validate_only=request.dry_run
        )
        await self._delete_in_v2(Call(call.method, call.principal, asked))
        return deleted(request, revision.message.uid)

    def _find(self, request: KnativeRequest) -> tuple[RevisionRecord, ServiceRecord]:
        """A revision by its name alone, and its service. Raises `ApiError`."""
        request.in_one_region()
        for owner in self._services.records(request):
            found = self._state.revisions.get(f"{owner.message.name}/revisions/{request.name}")
            if found is not None:
                return found, owner
        raise missing(f"{request.parent}/revisions/{request.name}", "REVISION")
