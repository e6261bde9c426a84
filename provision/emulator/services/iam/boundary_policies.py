"""IAM v3: principal access boundary policies of organisations."""

from typing import Any

from google.cloud import iam_v3

from provision.emulator.iam.boundaries import NODE, PolicyMessage
from provision.emulator.iam.boundary_versions import LATEST, is_version
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
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

SERVICE = f"{PACKAGE}.PrincipalAccessBoundaryPolicies"
COLLECTION = "principalAccessBoundaryPolicies"
_MAX_RULES = 500
_MAX_RESOURCES = 500
_MAX_DESCRIPTION = 256
_FIELDS = ("display_name", "annotations", "details")


class BoundaryPolicyRpcs:
    """The RPCs of ``google.iam.v3.PrincipalAccessBoundaryPolicies``.

    Args:
        world: boundaries, hierarchy, policies.
        operations: where work in progress is told.
    """

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._kept = world.boundaries.policies
        self._written = Written(world, operations, self._kept)
        operations.guard(f"{PACKAGE}.", self._check_operation)

    def _check_operation(self, call: Call, name: str) -> None:
        """Whoever may read boundaries or bindings there may see how their changes go."""
        node = self._world.hierarchy.node(name)
        access = self._world.access
        if not access.allowed(call.principal, "iam.policybindings.get", node):
            allow(self._world, call, "iam.principalaccessboundarypolicies.get", node)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/CreatePrincipalAccessBoundaryPolicy": self._create,
            f"{SERVICE}/GetPrincipalAccessBoundaryPolicy": self._get,
            f"{SERVICE}/ListPrincipalAccessBoundaryPolicies": self._list,
            f"{SERVICE}/UpdatePrincipalAccessBoundaryPolicy": self._update,
            f"{SERVICE}/DeletePrincipalAccessBoundaryPolicy": self._delete,
            f"{SERVICE}/SearchPrincipalAccessBoundaryPolicyBindings": self._search,
        }

    def work_of(self, operation: Any) -> Any:  # noqa: ANN401 - Operation
        """How an operation ends that a restart cut off; None for those of others."""
        is_ours = f"/{COLLECTION}/".encode() in operation.metadata.value
        return self._written.work_of(operation, lambda name: name) if is_ours else None

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        organization = self._allowed(call, "create", request.parent, "")
        policy_id, sent = (
            request.principal_access_boundary_policy_id,
            request.principal_access_boundary_policy,
        )
        key = f"{organization}/locations/global/{COLLECTION}/{policy_id}"
        check_new(self._kept, policy_id, key)
        _check(sent)
        policy = PolicyMessage()
        policy.CopyFrom(sent)
        policy.details.enforcement_version = sent.details.enforcement_version or str(LATEST)
        return self._written.keep("create", key, made(policy, key), only=request.validate_only)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - PrincipalAccessBoundaryPolicy
        self._allowed(call, "get", call.request.name)
        return find(self._kept, call.request.name)

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        organization = self._allowed(call, "list", call.request.parent, "")
        found = [one for one in self._kept.all() if one.name.startswith(f"{organization}/")]
        answer = iam_v3.ListPrincipalAccessBoundaryPoliciesResponse.pb()
        return listed(answer, "principal_access_boundary_policies", found, call.request)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        sent = request.principal_access_boundary_policy
        self._allowed(call, "update", sent.name)
        current = find(self._kept, sent.name)
        check_etag(sent.etag, current)
        policy = changed(current, sent, request.update_mask, _FIELDS)
        policy.details.enforcement_version = (
            policy.details.enforcement_version or current.details.enforcement_version
        )
        _check(policy)
        return self._written.keep("update", policy.name, policy, only=request.validate_only)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        self._allowed(call, "delete", request.name)
        current = find(self._kept, request.name)
        check_etag(request.etag, current)
        bindings = [
            one for one in self._world.boundaries.bindings.all() if one.policy == current.name
        ]
        if bindings and not request.force:
            raise ApiError(
                "FAILED_PRECONDITION",
                f"Policy {current.name} is referenced by policy bindings. Delete them first, or "
                "set force.",
            )
        if not request.validate_only:
            for one in bindings:
                self._world.boundaries.bindings.write(one.name, None)
        return self._written.keep("delete", current.name, current, only=request.validate_only)

    async def _search(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = call.request.name
        self._allowed(call, "searchPolicyBindings", name)
        find(self._kept, name)
        found = [one for one in self._world.boundaries.bindings.all() if one.policy == name]
        answer = iam_v3.SearchPrincipalAccessBoundaryPolicyBindingsResponse.pb()
        return listed(answer, "policy_bindings", found, call.request)

    def _allowed(self, call: Call, verb: str, name: str, collection: str = COLLECTION) -> str:
        """The organisation that a request is about. Raises `ApiError`."""
        node, _ = place(self._world, name, collection)
        if not node.startswith("organizations/"):
            raise invalid("Only organizations have principal access boundary policies.")
        allow(self._world, call, f"iam.principalaccessboundarypolicies.{verb}", node)
        return node


def _check(policy: Any) -> None:  # noqa: ANN401 - PrincipalAccessBoundaryPolicy
    """Raise `ApiError` for what cannot be a policy (documented forms and limits)."""
    check_texts(policy)
    rules, where = policy.details.rules, "principal_access_boundary_policy.details"
    if not rules:
        raise invalid("A principal access boundary policy needs rules.", (f"{where}.rules", ""))
    if len(rules) > _MAX_RULES:
        raise invalid(f"A policy can have at most {_MAX_RULES} rules.")
    if sum(len(rule.resources) for rule in rules) > _MAX_RESOURCES:
        raise invalid(f"A policy can have at most {_MAX_RESOURCES} resources across its rules.")
    for at, rule in enumerate(rules):
        _check_rule(rule, f"{where}.rules[{at}]")
    if not is_version(policy.details.enforcement_version):
        raise invalid(
            f"Invalid enforcement version: {policy.details.enforcement_version}",
            (f"{where}.enforcement_version", policy.details.enforcement_version),
        )


def _check_rule(rule: Any, where: str) -> None:  # noqa: ANN401 - a rule
    if len(rule.description) > _MAX_DESCRIPTION:
        raise invalid(f"The description of a rule must have at most {_MAX_DESCRIPTION} characters.")
    if rule.effect != iam_v3.PrincipalAccessBoundaryPolicyRule.Effect.ALLOW:
        raise invalid("The effect of a rule must be ALLOW.", (f"{where}.effect", ""))
    if not rule.resources:
        raise invalid("A rule needs resources.", (f"{where}.resources", ""))
    for resource in rule.resources:
        if NODE.fullmatch(resource) is None:
            raise invalid(f"Invalid resource: {resource}", (f"{where}.resources", resource))
