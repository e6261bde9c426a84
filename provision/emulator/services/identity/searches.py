"""Groups listed and searched, as far as the caller may see them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from provision.emulator.iam.hierarchy import CUSTOMER_ID
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import invalid
from provision.emulator.services.identity.asked import PACKAGE, customer_in
from provision.emulator.services.identity.groups import IdentityGroups
from provision.emulator.services.paging import page
from provision.emulator.world import World

_SIZES = {"BASIC": (200, 1000), "FULL": (50, 500)}
_TEXT = r"(?:'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\")"
_PARENT = re.compile(rf"parent\s*==\s*{_TEXT}")
_LABEL = re.compile(rf"{_TEXT}\s+in\s+labels")
_FIELD = re.compile(
    rf"(?P<field>display_name|group_key)\s*(?:==\s*{_TEXT}"
    rf"|\.(?P<verb>contains|startsWith)\(\s*(?:'(?P<three>[^']*)'|\"(?P<four>[^\"]*)\")\s*\))"
)
Test = Callable[[Mapping[str, Any]], bool]


class IdentitySearches:
    """``ListGroups`` and ``SearchGroups``.

    Args:
        world: holds the groups.
        reads: tells groups, and who may see them.
    """

    def __init__(self, world: World, reads: IdentityGroups) -> None:
        self._world = world
        self._reads = reads

    def handlers(self) -> dict[str, Handler]:
        """What answers each method."""
        service = f"{PACKAGE}.GroupsService"
        return {f"{service}/ListGroups": self._list, f"{service}/SearchGroups": self._search}

    async def _list(self, call: Call) -> dict[str, Any]:
        parent = call.request.needed("parent")
        if customer_in(parent) != CUSTOMER_ID:
            raise invalid("Request contains an invalid argument.")
        return self._page(call, parent, lambda _: True)

    async def _search(self, call: Call) -> dict[str, Any]:
        query = call.request.needed("query")
        return self._page(call, query, _test(query))

    def _page(self, call: Call, asked: str, fits: Test) -> dict[str, Any]:
        query = call.request.query
        view = query.get("view", "") or "BASIC"
        view = "BASIC" if view == "VIEW_UNSPECIFIED" else view
        if view not in _SIZES:
            raise invalid(f"Invalid value at 'view', \"{view}\"")
        usual, most = _SIZES[view]
        size = call.request.number("pageSize") or usual
        if size > most:
            raise invalid("Request contains an invalid argument.")
        told = (
            self._reads.told(group)
            for group in self._world.groups.all()
            if self._reads.sees(group, call.principal)
        )
        found = [one for one in told if fits(one)]
        shown, more = page(found, size, query.get("pageToken", ""), f"{asked} {view}")
        groups = [one if view == "FULL" else _basic(one) for one in shown]
        answer: dict[str, Any] = {"groups": groups} if groups else {}
        return {**answer, **({"nextPageToken": more} if more else {})}


def _basic(one: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("name", "groupKey", "displayName", "description", "parent", "labels")
    return {key: one[key] for key in shown if key in one}


def _test(query: str) -> Test:
    """What a search asks of groups; the customer has to be said (documented). Raises `ApiError`."""
    tests: list[Test] = []
    parents = 0
    for part in query.split("&&"):
        text = part.strip()
        parents += _PARENT.fullmatch(text) is not None
        tests.append(_clause(text))
    if not parents:
        raise invalid("Request contains an invalid argument.")
    return lambda one: all(test(one) for test in tests)


def _clause(text: str) -> Test:
    if found := _PARENT.fullmatch(text):
        customer = customer_in(_quoted(found))
        return lambda one: bool(customer_in(one["parent"]) == customer)
    if found := _LABEL.fullmatch(text):
        label = _quoted(found)
        return lambda one: label in one["labels"]
    if found := _FIELD.fullmatch(text):
        return _about(found)
    raise invalid("Request contains an invalid argument.")


def _quoted(found: re.Match[str]) -> str:
    return str(found["one"] if found["one"] is not None else found["two"])


def _about(found: re.Match[str]) -> Test:
    verb = found["verb"]
    wanted = (
        _quoted(found)
        if not verb
        else str(found["three"] if found["four"] is None else found["four"])
    ).lower()

    def fits(one: Mapping[str, Any]) -> bool:
        is_name = found["field"] == "display_name"
        value = str(one.get("displayName", "") if is_name else one["groupKey"]["id"]).lower()
        if verb == "contains":
            return wanted in value
        return value.startswith(wanted) if verb else value == wanted

    return fits
