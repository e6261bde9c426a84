"""Groups and memberships made, changed and deleted.

Who may: the emulator's default identity as the customer's group administrator, and of one group its
owners and managers; users of the domain may make groups that they own. The words of conflicts on
memberships were reported, the others are assumed.
"""

import re
from collections.abc import Mapping
from typing import Any

from provision.emulator.iam.groups import GroupMember
from provision.emulator.iam.hierarchy import CUSTOMER_ID
from provision.emulator.iam.members import EMAIL, domain_of, kind_of_address
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.rpc.wellknown import Timestamp
from provision.emulator.services.identity.asked import (
    PACKAGE,
    customer_in,
    group_id,
    member_id,
    no_membership,
)
from provision.emulator.services.identity.groups import FORUM, IdentityGroups, told_member
from provision.emulator.times import to_micros
from provision.emulator.world import DEVELOPER, World

_TYPE = "type.googleapis.com"
_LABELS = (FORUM, "cloudidentity.googleapis.com/groups.security")
_ROLES = ("OWNER", "MANAGER")


class IdentityWrites:
    """The methods that change something.

    Args:
        world: holds the groups.
        reads: finds and tells groups.
    """

    def __init__(self, world: World, reads: IdentityGroups) -> None:
        self._world = world
        self._groups = world.groups
        self._reads = reads

    def handlers(self) -> dict[str, Handler]:
        """What answers each method."""
        groups, memberships = f"{PACKAGE}.GroupsService", f"{PACKAGE}.MembershipsService"
        return {
            f"{groups}/CreateGroup": self._create,
            f"{groups}/UpdateGroup": self._update,
            f"{groups}/DeleteGroup": self._delete,
            f"{memberships}/CreateMembership": self._join,
            f"{memberships}/DeleteMembership": self._leave,
            f"{memberships}/ModifyMembershipRoles": self._modify,
        }

    async def _create(self, call: Call) -> dict[str, Any]:
        body = call.request.body
        email = _key(body.get("groupKey")).lower()
        group, owned = f"group:{email}", _is_owned(call.request.query)
        if customer_in(str(body.get("parent"))) != CUSTOMER_ID:
            raise invalid("Error(2003): The parent of a group must be the caller's customer.")
        labels = body.get("labels")
        if not isinstance(labels, dict) or FORUM not in labels or set(labels) - {*_LABELS}:
            raise invalid("Error(2007): Labels must hold the label of a Google group.")
        mine = call.principal.startswith("user:") and domain_of(call.principal) == domain_of(group)
        if not mine or (call.principal != DEVELOPER and not owned):
            raise _denied()
        if group in self._groups:
            raise ApiError("ALREADY_EXISTS", f"Error(2014): Group {email} already exists.")
        self._groups.put(group, [GroupMember(call.principal, "OWNER")] if owned else [])
        self._groups.describe(group, _texts(body))
        return _done("Group", self._reads.told(group))

    async def _update(self, call: Call) -> dict[str, Any]:
        group = self._managed(call)
        mask = call.request.query.get("updateMask", "") or "displayName,description"
        fields = {"display_name": "displayName", "displayName": "displayName"}
        wanted = {fields.get(one, one) for one in mask.split(",")}
        if wrong := sorted(wanted - {"displayName", "description", "labels"}):
            raise invalid(f"Invalid field in the update mask: {wrong[0]}")
        texts = {key: text for key, text in _texts(call.request.body).items() if key in wanted}
        self._groups.describe(group, texts)
        return _done("Group", self._reads.told(group))

    async def _delete(self, call: Call) -> dict[str, Any]:
        self._groups.remove(self._managed(call))
        return {"done": True, "response": {"@type": f"{_TYPE}/google.protobuf.Empty"}}

    async def _join(self, call: Call) -> dict[str, Any]:
        group, body = self._managed(call), call.request.body
        email = _key(body.get("preferredMemberKey"))
        inner = f"group:{email.lower()}"
        member = inner if inner in self._groups else f"{kind_of_address(email)}:{email}"
        if member == group:
            raise invalid("Error(4005): A group cannot be a member of itself.")
        if self._find(group, member_id(member)) is not None:
            raise ApiError(
                "ALREADY_EXISTS",
                f"Error(4003): Cannot create membership '{email}' in 'groups/{group_id(group)}' "
                "because it already exists.",
            )
        if member.startswith("serviceAccount:") and not self._world.account_exists(email.lower()):
            raise ApiError("NOT_FOUND", f"Error(4002): No account of the address {email}.")
        made = _membership(member, body.get("roles"))
        self._groups.put_members(group, [*self._groups.said(group), made])
        return _done("Membership", told_member(group, self._found(group, member_id(member))))

    async def _leave(self, call: Call) -> dict[str, Any]:
        group = self._managed(call)
        gone = self._found(group, call.request.membership)
        left = [one for one in self._groups.said(group) if one.member != gone.member]
        self._groups.put_members(group, left)
        return {"done": True, "response": {"@type": f"{_TYPE}/google.protobuf.Empty"}}

    async def _modify(self, call: Call) -> dict[str, Any]:
        group, body = self._managed(call), call.request.body
        before = self._found(group, call.request.membership)
        asked = [one for one in ("addRoles", "removeRoles", "updateRolesParams") if body.get(one)]
        if len(asked) != 1:
            raise invalid("Exactly one of addRoles, removeRoles and updateRolesParams is needed.")
        after = _modified(before, asked[0], body[asked[0]])
        every = [after if one.member == before.member else one for one in self._groups.said(group)]
        self._groups.put_members(group, every)
        return {"membership": told_member(group, self._found(group, call.request.membership))}

    def _managed(self, call: Call) -> str:
        """The group of a request, when the caller may change it. Raises `ApiError`."""
        group = self._reads.seen(call)
        mine = (
            one.role in _ROLES and one.member.lower() == call.principal.lower()
            for one in self._groups.said(group)
        )
        if call.principal != DEVELOPER and not any(mine):
            raise _denied()
        return group

    def _find(self, group: str, wanted: str) -> GroupMember | None:
        found = (one for one in self._groups.said(group) if member_id(one.member) == wanted)
        return next(found, None)

    def _found(self, group: str, wanted: str) -> GroupMember:
        found = self._find(group, wanted)
        if found is None:
            raise no_membership()
        return found


def _denied() -> ApiError:
    return ApiError("PERMISSION_DENIED", "The caller does not have permission")


def _is_owned(query: Mapping[str, str]) -> bool:
    wanted = query.get("initialGroupConfig", "") or "EMPTY"
    if wanted not in ("WITH_INITIAL_OWNER", "EMPTY", "INITIAL_GROUP_CONFIG_UNSPECIFIED"):
        raise invalid(f"Invalid value at 'initial_group_config', \"{wanted}\"")
    return wanted == "WITH_INITIAL_OWNER"


def _key(value: object) -> str:
    """The address in an entity key. Raises `ApiError`."""
    email = value.get("id", "") if isinstance(value, dict) else ""
    if not isinstance(email, str) or not re.fullmatch(EMAIL, email):
        raise invalid("Error(2001): An entity key must hold an e-mail address.")
    return email


def _texts(body: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: text
        for key in ("displayName", "description")
        if isinstance(text := body.get(key), str)
    }


def _membership(member: str, roles: object) -> GroupMember:
    """A new member with its roles: MEMBER is always one of them. Raises `ApiError`."""
    found = GroupMember(member)
    told = roles if isinstance(roles, list) and roles else [{"name": "MEMBER"}]
    names = [_role(one).get("name") for one in told]
    if "MEMBER" not in names or set(names) - {"MEMBER", *_ROLES}:
        raise invalid(
            "Error(4004): Every membership has the role MEMBER; others are OWNER, MANAGER."
        )
    for one in told:
        found = _with_role(found, _role(one))
    return found


def _role(value: object) -> Mapping[str, Any]:
    """A role as it was sent. Raises `ApiError`."""
    if not isinstance(value, dict) or not isinstance(value.get("name", ""), str):
        raise invalid("Invalid value at 'roles'")
    return value


def _with_role(found: GroupMember, role: Mapping[str, Any]) -> GroupMember:
    detail = role.get("expiryDetail")
    end = detail.get("expireTime") if isinstance(detail, dict) else None
    if role.get("name") in _ROLES:
        if end is not None:
            raise invalid("Error(4009): Only the role MEMBER can expire.")
        return GroupMember(found.member, str(role["name"]), found.expires, found.joined)
    expires = _moment(str(end)) if end is not None else None
    return GroupMember(found.member, found.role, expires, found.joined)


def _moment(text: str) -> float:
    moment = Timestamp()
    try:
        moment.FromJsonString(text)
    except ValueError as error:
        raise invalid(f"Invalid value at 'expire_time', \"{text}\"") from error
    return to_micros(moment) / 1e6


def _modified(before: GroupMember, verb: str, asked: Any) -> GroupMember:  # noqa: ANN401 - JSON
    if not isinstance(asked, list):
        raise invalid(f"Invalid value at '{verb}'")
    if verb == "removeRoles":
        if "MEMBER" in asked:
            raise invalid("Error(4004): The role MEMBER cannot be removed.")
        role = "MEMBER" if before.role in asked else before.role
        return GroupMember(before.member, role, before.expires, before.joined)
    found = before
    for one in asked:
        inner = verb == "updateRolesParams" and isinstance(one, dict)
        found = _with_role(found, _role(one.get("membershipRole", {}) if inner else one))
    return found


def _done(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The operation, which is done at once."""
    return {"done": True, "response": {"@type": f"{_TYPE}/{PACKAGE}.{kind}", **content}}
