"""IAM v3: what binds principal access boundary policies to principal sets."""

import re
from typing import Any

from google.cloud import iam_v3

from provision.emulator.iam.boundaries import NODE, WORKSPACE, BindingMessage
from provision.emulator.iam.boundary_conditions import refusal
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.iam.boundary_policies import COLLECTION as POLICIES
from provision.emulator.services.iam.boundary_words import (
    PACKAGE,
    Written,
    allow,
    changed,
    check_etag,
    check_new,
    check_texts,
    find,
    listed,
    made,
    place,
)
from provision.emulator.services.operations import Operations
from provision.emulator.world import World

SERVICE = f"{PACKAGE}.PolicyBindings"
COLLECTION = "policyBindings"
_MAX_OF_A_SET = 10
_FIELDS = ("display_name", "annotations", "condition")
_KIND = iam_v3.PolicyBinding.PolicyKind
_WORKFORCE = re.compile(r"//iam\.googleapis\.com/locations/global/workforcePools/[^/]+")
_WORKLOAD = re.compile(
    r"//iam\.googleapis\.com/(projects/[^/]+)/locations/[^/]+/workloadIdentityPools/[^/]+"
)
_FILTER = re.compile(r'\s*(target|policy)\s*:\s*"?([^\s"*]+)(\*?)"?\s*', re.IGNORECASE)
_KIND_FILTER = re.compile(r"\s*policy_kind\s*=\s*\"?(PRINCIPAL_ACCESS_BOUNDARY|ACCESS)\"?\s*")


class BoundaryBindingRpcs:
    """The RPCs of ``google.iam.v3.PolicyBindings``.

    Args:
        world: boundaries, hierarchy, policies.
        operations: where work in progress is told.
    """

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._kept = world.boundaries.bindings
        self._written = Written(world, operations, self._kept)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/CreatePolicyBinding": self._create,
            f"{SERVICE}/GetPolicyBinding": self._get,
            f"{SERVICE}/ListPolicyBindings": self._list,
            f"{SERVICE}/UpdatePolicyBinding": self._update,
            f"{SERVICE}/DeletePolicyBinding": self._delete,
            f"{SERVICE}/SearchTargetPolicyBindings": self._search,
        }

    def work_of(self, operation: Any) -> Any:  # noqa: ANN401 - Operation
        """How an operation ends that a restart cut off; None for those of others."""
        is_ours = f"/{COLLECTION}/".encode() in operation.metadata.value
        return self._written.work_of(operation, lambda name: name) if is_ours else None

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request, sent = call.request, call.request.policy_binding
        node, _ = place(self._world, request.parent)
        organization = self._policy_owner(sent)
        self._allow_both(call, "create", node, sent)
        key = self._name(node, request.policy_binding_id)
        check_new(self._kept, request.policy_binding_id, key)
        self._check(node, organization, sent)
        policy = find(self._world.boundaries.policies, sent.policy)
        binding = BindingMessage()
        binding.CopyFrom(sent)
        binding.policy_kind, binding.policy_uid = _KIND.PRINCIPAL_ACCESS_BOUNDARY, policy.uid
        return self._written.keep("create", key, made(binding, key), only=request.validate_only)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - PolicyBinding
        node, binding_id = place(self._world, call.request.name, COLLECTION)
        allow(self._world, call, "iam.policybindings.get", node)
        return find(self._kept, self._name(node, binding_id))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        node, _ = place(self._world, request.parent)
        allow(self._world, call, "iam.policybindings.list", node)
        below = self._name(node, "")
        found = [one for one in self._kept.all() if one.name.startswith(below)]
        if request.filter:
            found = _filtered(found, request.filter)
        answer = iam_v3.ListPolicyBindingsResponse.pb()
        return listed(answer, "policy_bindings", found, request)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request, sent = call.request, call.request.policy_binding
        node, binding_id = place(self._world, sent.name, COLLECTION)
        current = self._kept.written(self._name(node, binding_id))
        if current is None:  # told to whoever may read there, as of everything else
            allow(self._world, call, "iam.policybindings.get", node)
        current = find(self._kept, self._name(node, binding_id))
        self._allow_both(call, "update", node, current)
        check_etag(sent.etag, current)
        self._check_immutable(current, sent)
        binding = changed(current, sent, request.update_mask, _FIELDS)
        _check_condition(binding)
        check_texts(binding)
        return self._written.keep("update", binding.name, binding, only=request.validate_only)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        node, binding_id = place(self._world, request.name, COLLECTION)
        if self._kept.written(self._name(node, binding_id)) is None:
            allow(self._world, call, "iam.policybindings.get", node)
        current = find(self._kept, self._name(node, binding_id))
        self._allow_both(call, "delete", node, current)
        check_etag(request.etag, current)
        return self._written.keep("delete", current.name, current, only=request.validate_only)

    async def _search(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        node, _ = place(self._world, request.parent)
        allow(self._world, call, self._target_permission("search", node, request.target), node)
        if request.filter and not _KIND_FILTER.fullmatch(request.filter):
            raise invalid(f"Invalid filter: {request.filter}", ("filter", request.filter))
        wanted = self._numbered(request.target)
        found = [
            one
            for one in self._kept.all()
            if self._numbered(one.target.principal_set) == wanted
            and "=ACCESS" not in request.filter.replace(" ", "").replace('"', "")
        ]
        answer = iam_v3.SearchTargetPolicyBindingsResponse.pb()
        return listed(answer, "policy_bindings", found, request)

    def _name(self, node: str, binding_id: str) -> str:
        project = self._world.hierarchy.find(node.removeprefix("projects/"))
        numbered = f"projects/{project.number}" if project else node
        return f"{numbered}/locations/global/{COLLECTION}/{binding_id}"

    def _policy_owner(self, binding: Any) -> str:  # noqa: ANN401 - PolicyBinding
        """The organisation of the policy that is bound. Raises `ApiError`."""
        if binding.policy_kind == _KIND.ACCESS or binding.target.WhichOneof("target") == "resource":
            raise ApiError("UNIMPLEMENTED", "Access policies are not offered by this emulator.")
        return place(self._world, binding.policy, POLICIES)[0]

    def _allow_both(self, call: Call, verb: str, node: str, binding: Any) -> None:  # noqa: ANN401 - PolicyBinding
        """The permission on the policy and the one on the target are needed (documented)."""
        owner = self._policy_owner(binding)
        bind = "unbind" if verb == "delete" else "bind"
        allow(self._world, call, f"iam.principalaccessboundarypolicies.{bind}", owner)
        permission = self._target_permission(verb, node, binding.target.principal_set)
        allow(self._world, call, permission, node)

    def _target_permission(self, verb: str, node: str, principal_set: str) -> str:
        """What has to be held on the target, once it is clear that `node` is its nearest."""
        ending = "PolicyBindings" if verb == "search" else "PolicyBinding"
        found = NODE.fullmatch(principal_set)
        if found is not None:
            kind = f"resourcemanager.{node.partition('/')[0]}"
            fits = self._world.hierarchy.canonical(found.group(1)) == node
        elif WORKSPACE.fullmatch(principal_set):
            kind, fits = "iam.workspacePools", node.startswith("organizations/")
        elif _WORKFORCE.fullmatch(principal_set):
            kind, fits = "iam.workforcePools", node.startswith("organizations/")
        else:
            pool = _WORKLOAD.fullmatch(principal_set)
            owner = self._world.hierarchy.canonical(pool.group(1)) if pool else ""
            kind, fits = "iam.workloadIdentityPools", owner == node
        if not fits:
            raise invalid(
                f"Principal set '{principal_set}' is not valid for a binding of {node}.",
                ("policy_binding.target.principal_set", principal_set),
            )
        return f"{kind}.{verb}{ending}"

    def _check(self, node: str, organization: str, sent: Any) -> None:  # noqa: ANN401 - PolicyBinding
        """Raise `ApiError` for what cannot be a new binding (documented forms and limits)."""
        check_texts(sent)
        _check_condition(sent)
        hierarchy = self._world.hierarchy
        if organization not in hierarchy.ancestors(node):
            raise invalid("The policy and the parent must belong to the same organization.")
        found = WORKSPACE.fullmatch(sent.target.principal_set)
        owner = hierarchy.organization(organization)
        if found is not None and (owner is None or owner.customer_id != found.group(1)):
            raise invalid(f"Workspace {found.group(1)} does not belong to the organization.")
        target = self._numbered(sent.target.principal_set)
        same = [
            one for one in self._kept.all() if self._numbered(one.target.principal_set) == target
        ]
        if any(one.policy == sent.policy and one.condition == sent.condition for one in same):
            raise ApiError("ALREADY_EXISTS", "The policy is already bound to this principal set.")
        if len(same) >= _MAX_OF_A_SET:
            raise ApiError(
                "RESOURCE_EXHAUSTED",
                f"A principal set can be bound to at most {_MAX_OF_A_SET} policies.",
            )

    def _check_immutable(self, current: Any, sent: Any) -> None:  # noqa: ANN401 - PolicyBindings
        target = sent.target.principal_set
        moved = bool(target) and self._numbered(target) != self._numbered(
            current.target.principal_set
        )
        if moved or sent.policy not in ("", current.policy):
            raise invalid("The target and the policy of a binding cannot be changed.")

    def _numbered(self, principal_set: str) -> str:
        """A principal set with the project's id where its number may stand."""
        found = NODE.fullmatch(principal_set)
        return self._world.hierarchy.canonical(found.group(1)) if found else principal_set


def _check_condition(binding: Any) -> None:  # noqa: ANN401 - PolicyBinding
    if not binding.HasField("condition"):
        return
    refused = refusal(binding.condition.expression)
    if refused:
        raise invalid(refused, ("policy_binding.condition", refused))


def _filtered(bindings: list[Any], text: str) -> list[Any]:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise invalid(f"Invalid filter: {text}", ("filter", text))
    field, wanted, starred = found.group(1).lower(), found.group(2).lower(), bool(found.group(3))

    def fits(one: Any) -> bool:  # noqa: ANN401 - PolicyBinding
        value = str(one.policy if field == "policy" else one.target.principal_set).lower()
        return value.startswith(wanted) if starred else value == wanted

    return [one for one in bindings if fits(one)]
