"""Service accounts with their keys, groups with their members, and what roles include."""

from datetime import UTC, datetime
from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.groups import NOBODY
from provision.clients.reading.containers import more, token
from provision.clients.reading.messages import raw
from provision.clients.reading.refusals import checked
from provision.clients.reading.steps import Desk, Kind, Outcome, Step
from provision.principals import canonical
from provision.snapshot.records import Account, Group, Key, Membership, Part, Role, Unread

IAM = "//iam.googleapis.com/"

_PAGE = 100
"""The most that IAM and, with all details, Cloud Identity give at once are 100 and 500."""
_MEMBERS_PAGE = 500
_USER_MANAGED = 1
_NEVER = 9999
_MEMBER_KINDS = {"USER": "user", "SERVICE_ACCOUNT": "serviceAccount", "GROUP": "group"}


def accounts(desk: Desk, step: Step) -> Outcome:
    """A page of the service accounts of a project."""
    asked = {"name": step.of, "page_size": _PAGE, "page_token": token(step)}
    pager = desk.google.iam.list_service_accounts(request=asked, retry=None, timeout=TIMEOUT)
    page = raw(next(pager.pages))
    found = tuple(to_account(step.of, one) for one in page.accounts)
    return Outcome(found, more(step, page.next_page_token))


def account(desk: Desk, step: Step) -> Outcome:
    """One service account, by its full name."""
    asked = {"name": step.of.removeprefix(IAM)}
    told = raw(desk.google.iam.get_service_account(request=asked, retry=None, timeout=TIMEOUT))
    own = f"projects/{told.project_id}" if told.project_id else "/".join(step.of.split("/")[3:5])
    return Outcome((to_account(own, told),))


def keys(desk: Desk, step: Step) -> Outcome:
    """The keys of an account that users manage; there are ten at most, on one page."""
    asked = {"name": step.of.removeprefix(IAM), "key_types": [_USER_MANAGED]}
    told = desk.google.iam.list_service_account_keys(request=asked, retry=None, timeout=TIMEOUT)
    return Outcome(tuple(to_key(step.of, one) for one in raw(told).keys))


def role(desk: Desk, step: Step) -> Outcome:
    """What a role includes."""
    told = raw(desk.google.iam.get_role(request={"name": step.of}, retry=None, timeout=TIMEOUT))
    return Outcome((Role(step.of, tuple(sorted(told.included_permissions)), told.deleted),))


def group(desk: Desk, step: Step) -> Outcome:
    """The name by which Cloud Identity knows a group, ``groups/ID``."""
    url = f"{desk.google.rest_base('cloudidentity')}/v1/groups:lookup"
    asked = {"groupKey.id": step.of.partition(":")[2]}
    told = checked(desk.google.rest.get(url, params=asked, timeout=TIMEOUT))
    return Outcome((), (Step("members", step.of, (str(told["name"]),)),))


def members(desk: Desk, step: Step) -> Outcome:
    """A page of the direct members of a group, with the ends of their memberships.

    Not the transitive list: that is for some editions alone, and does not tell the chain.
    """
    url = f"{desk.google.rest_base('cloudidentity')}/v1/{step.rest[0]}/memberships"
    asked = {"view": "FULL", "pageSize": _MEMBERS_PAGE, "pageToken": token(step)}
    told = checked(desk.google.rest.get(url, params=asked, timeout=TIMEOUT))
    listed = told.get("memberships", ())
    found = [_membership(one) for one in listed if one.get("type") not in NOBODY]
    here = Group(step.of, tuple(one for one in found if one is not None))
    doubt = Unread(step.of, Part.MEMBERS, "a member of a kind that this program does not know")
    records = (here, doubt) if None in found else (here,)
    return Outcome(records, more(step, str(told.get("nextPageToken", ""))))


def to_account(project: str, told: Any) -> Account:  # noqa: ANN401 - iam_admin_v1.ServiceAccount, raw
    """A service account as a record."""
    email = told.email.lower()
    return Account(
        f"{IAM}{project}/serviceAccounts/{email}",
        email,
        disabled=told.disabled,
        unique_id=told.unique_id,
        title=told.display_name,
    )


def to_key(account_name: str, told: Any) -> Key:  # noqa: ANN401 - iam_admin_v1.ServiceAccountKey, raw
    """A key as a record; what it is made of is not told by anybody."""
    return Key(
        account_name,
        told.name.rpartition("/")[2],
        created=_moment(told.valid_after_time),
        expires=_moment(told.valid_before_time),
        disabled=told.disabled,
    )


def _moment(told: Any) -> datetime | None:  # noqa: ANN401 - a Timestamp
    if not told.seconds:
        return None
    moment = told.ToDatetime(tzinfo=UTC).replace(microsecond=0)
    return None if moment.year >= _NEVER else moment


def _membership(told: dict[str, Any]) -> Membership | None:
    """Somebody in a group; None for what is neither of the kinds that are known."""
    key = str((told.get("preferredMemberKey") or {}).get("id", ""))
    kind = _MEMBER_KINDS.get(str(told.get("type", "")))
    if kind and key:
        return Membership(canonical(f"{kind}:{key}"), _end(told))
    if key and "@" not in key:  # a whole Workspace or Cloud Identity account
        return Membership(f"cloudIdentityCustomerId:{key}", _end(told))
    return None


def _end(told: dict[str, Any]) -> datetime | None:
    """When the membership ends: when its role MEMBER does."""
    for one in told.get("roles", ()):
        expires = (one.get("expiryDetail") or {}).get("expireTime", "")
        if one.get("name") == "MEMBER" and expires:
            return datetime.fromisoformat(str(expires)).astimezone(UTC)
    return None


KINDS = {
    "accounts": Kind(
        accounts,
        "iam",
        Part.ACCOUNTS,
        "service accounts of {of}",
        "iam.serviceAccounts.list",
    ),
    "account": Kind(account, "iam", Part.ACCOUNTS, "service accounts", "iam.serviceAccounts.get"),
    "keys": Kind(keys, "iam", Part.KEYS, "keys", "iam.serviceAccountKeys.list"),
    "role": Kind(role, "iam", Part.ROLE, "{of}", "iam.roles.get"),
    "group": Kind(group, "groups", Part.MEMBERS, "{of}"),
    "members": Kind(members, "groups", Part.MEMBERS, "members of {of}"),
}
