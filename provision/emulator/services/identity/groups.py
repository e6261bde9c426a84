"""Groups and memberships, for those who may see them."""

from typing import Any

from provision.emulator.iam.groups import GroupMember
from provision.emulator.iam.hierarchy import CUSTOMER_ID
from provision.emulator.iam.members import domain_of, email_of
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.identity import transitive
from provision.emulator.services.identity.asked import (
    PACKAGE,
    Asked,
    group_id,
    member_id,
    no_membership,
    unseen,
)
from provision.emulator.services.paging import page
from provision.emulator.times import timestamp
from provision.emulator.world import World

_SIZES = {"BASIC": (200, 1000), "FULL": (50, 500)}
_TRANSITIVE_SIZE = 200
_TYPES = {"user": "USER", "serviceAccount": "SERVICE_ACCOUNT", "group": "GROUP"}
FORUM = "cloudidentity.googleapis.com/groups.discussion_forum"


class IdentityGroups:
    """The methods of GroupsService and MembershipsService about one group that only read.

    Args:
        world: holds the groups.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups = world.groups

    def handlers(self) -> dict[str, Handler]:
        """What answers each method."""
        groups, memberships = f"{PACKAGE}.GroupsService", f"{PACKAGE}.MembershipsService"
        return {
            f"{groups}/LookupGroupName": self._lookup,
            f"{groups}/GetGroup": self._get,
            f"{memberships}/ListMemberships": self._list,
            f"{memberships}/GetMembership": self._membership,
            f"{memberships}/LookupMembershipName": self._lookup_membership,
            f"{memberships}/CheckTransitiveMembership": self._check,
            f"{memberships}/SearchTransitiveMemberships": self._search,
        }

    def sees(self, group: str, member: str) -> bool:
        """Whether somebody may see a group: its domain's users and those in it, unless said."""
        viewers = self._groups.viewers(group)
        if viewers is not None:
            return member.lower() in viewers
        if member.startswith("user:"):
            return domain_of(member) == domain_of(group)
        return any(one.member.lower() == member.lower() for one in self._groups.said(group))

    def seen(self, call: Call) -> str:
        """The group that a request is about, ``group:…``. Raises `ApiError`."""
        wanted = call.request.group
        found = next((one for one in self._groups.all() if group_id(one) == wanted), None)
        if found is None or not self.sees(found, call.principal):
            raise unseen(f"groups/{wanted}")
        return found

    async def _lookup(self, call: Call) -> dict[str, Any]:
        email = call.request.needed("groupKey.id")
        group = f"group:{email.lower()}"
        if group not in self._groups or not self.sees(group, call.principal):
            raise unseen(f"groups/{email}")
        return {"name": f"groups/{group_id(group)}"}

    async def _get(self, call: Call) -> dict[str, Any]:
        return self.told(self.seen(call))

    def told(self, group: str) -> dict[str, Any]:
        """A group as it is shown."""
        email = email_of(group)
        texts = {"displayName": email.partition("@")[0], **self._groups.texts(group)}
        created, updated = self._groups.moments(group)
        return {
            "name": f"groups/{group_id(group)}",
            "groupKey": {"id": email},
            "parent": f"customers/{CUSTOMER_ID}",
            **{key: text for key, text in texts.items() if text},
            "createTime": timestamp(created).ToJsonString(),
            "updateTime": timestamp(updated).ToJsonString(),
            "labels": {FORUM: ""},
        }

    async def _list(self, call: Call) -> dict[str, Any]:
        asked: Asked = call.request
        view = asked.query.get("view", "") or "BASIC"
        view = "BASIC" if view == "VIEW_UNSPECIFIED" else view
        if view not in _SIZES:
            raise invalid(f"Invalid value at 'view', \"{view}\"")
        group = self.seen(call)
        usual, most = _SIZES[view]
        size = asked.number("pageSize") or usual
        if size > most:
            raise invalid("Request contains an invalid argument.")
        token = asked.query.get("pageToken", "")
        shown, more = page(self._listed(group), size, token, f"{group} {view}")
        told = [told_member(group, one, full=view == "FULL") for one in shown]
        return {**_unless_empty("memberships", told), **_unless_empty("nextPageToken", more)}

    async def _membership(self, call: Call) -> dict[str, Any]:
        group = self.seen(call)
        for one in self._listed(group):
            if member_id(one.member) == call.request.membership:
                return told_member(group, one, full=True)
        raise no_membership()

    async def _lookup_membership(self, call: Call) -> dict[str, Any]:
        group = self.seen(call)
        email = call.request.needed("memberKey.id").lower()
        for one in self._listed(group):
            if email_of(one.member).lower() == email:
                return {"name": _name(group, one.member)}
        raise no_membership()

    def _listed(self, group: str) -> tuple[GroupMember, ...]:
        """Who is in it; deleted accounts are in no group any more."""
        said = self._groups.said(group)
        return tuple(one for one in said if not one.member.startswith("deleted:"))

    async def _check(self, call: Call) -> dict[str, Any]:
        group = self.seen(call)
        email = transitive.member_asked(call.request.needed("query"))
        self._only_premium()
        seen = transitive.relations(
            group,
            lambda one: self._listed(one) if self.sees(one, call.principal) else (),
        )
        return {"hasMembership": any(email_of(one.member).lower() == email for one in seen)}

    async def _search(self, call: Call) -> dict[str, Any]:
        group = self.seen(call)
        self._only_premium()

        def listed(one: str) -> tuple[GroupMember, ...]:
            if not self.sees(one, call.principal):
                raise unseen(f"groups/{group_id(one)}")
            return self._listed(one)

        found = transitive.relations(group, listed)
        size = call.request.number("pageSize") or _TRANSITIVE_SIZE
        shown, more = page(found, size, call.request.query.get("pageToken", ""), f"{group} all")
        told = [_related(one) for one in shown]
        return {**_unless_empty("memberships", told), **_unless_empty("nextPageToken", more)}

    def _only_premium(self) -> None:
        if not self._world.settings.identity_premium:
            raise ApiError(
                "PERMISSION_DENIED",
                "This feature is only available to Google Workspace Enterprise Standard,"
                " Enterprise Plus, and Enterprise for Education; and Cloud Identity Premium"
                " accounts.",
            )


def _unless_empty(key: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """What is empty is left out, as in every JSON form of a message."""
    return {key: value} if value else {}


def _name(group: str, member: str) -> str:
    return f"groups/{group_id(group)}/memberships/{member_id(member)}"


def _key(member: str) -> str:
    """The address; a whole domain is in a group by its customer's id."""
    return email_of(member) or CUSTOMER_ID


def told_member(group: str, one: GroupMember, *, full: bool = True) -> dict[str, Any]:
    """A membership as it is shown."""
    role: dict[str, Any] = {"name": "MEMBER"}
    if full and one.expires is not None:
        expires = timestamp(round(one.expires * 1e6)).ToJsonString()
        role["expiryDetail"] = {"expireTime": expires}
    roles = [role, *([{"name": one.role}] if one.role != "MEMBER" else [])]
    basic = {
        "name": _name(group, one.member),
        "preferredMemberKey": {"id": _key(one.member)},
        "roles": roles,
    }
    if not full:
        return basic
    joined = timestamp(one.joined).ToJsonString()
    kind = _TYPES.get(one.member.partition(":")[0], "OTHER")
    return {**basic, "createTime": joined, "updateTime": joined, "type": kind}


def _related(one: transitive.Relation) -> dict[str, Any]:
    collection = "groups" if one.member.startswith("group:") else "users"
    return {
        "member": f"{collection}/{member_id(one.member)}",
        "preferredMemberKey": [{"id": _key(one.member)}],
        "relationType": one.relation,
        "roles": [{"role": role} for role in one.roles],
    }
