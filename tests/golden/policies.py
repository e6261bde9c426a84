"""Recorded project policies: cut to the roles that the emulator knows, and made beforehand.

The recording projects used many services, whose agents hold roles of their own. The emulator's
table of roles is that of the emulated services; bindings of other roles are left out of the
recorded requests and answers alike.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tests.conftest import DEVELOPER, RunningEmulator
from tests.golden.asking import ask
from tests.golden.recordings import Exchange
from tests.golden.surroundings import FOLDER


def known_roles(emulator: RunningEmulator) -> set[str]:
    """The predefined roles that the emulator has."""
    found: set[str] = set()
    token = ""
    while True:
        page = ask(emulator, "GET", f"/v1/roles?pageSize=1000&pageToken={token}")
        found |= {role["name"] for role in page.get("roles", [])}
        token = page.get("nextPageToken", "")
        if not token:
            return found


def cut(exchanges: Sequence[Exchange], roles: set[str]) -> tuple[Exchange, ...]:
    """The exchanges without bindings of roles that the emulator does not know."""
    return tuple(
        replace(each, body=_cut(each.body, roles), answer=_cut(each.answer, roles))
        for each in exchanges
    )


def _cut(value: Any, roles: set[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_cut(one, roles) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _cut(one, roles) for key, one in value.items()}
    if isinstance(kept.get("bindings"), list):
        kept["bindings"] = [
            one for one in kept["bindings"] if one["role"] in roles or "/roles/" in one["role"]
        ]
    return kept


def provide(emulator: RunningEmulator, exchanges: Sequence[Exchange], names: Any) -> None:  # noqa: ANN401 - a callable
    """The project's policy as the recording first found it, and the accounts it names."""
    first = next(_read(exchanges), None)
    if first is None:
        return
    emulator.admin("POST", "/grants", resource=FOLDER, member=DEVELOPER, role="roles/owner")
    bindings = names(first["bindings"])
    for email in sorted(_accounts(bindings, emulator.project)):
        body = {"accountId": email.partition("@")[0]}
        path = f"/v1/projects/{emulator.project}/serviceAccounts"
        ask(emulator, "POST", path, body)
    policy = {"bindings": bindings}
    path = f"/v3/projects/{emulator.project}:setIamPolicy"
    ask(emulator, "POST", path, {"policy": policy})


def _read(exchanges: Sequence[Exchange]) -> Iterator[Any]:
    for each in exchanges:
        if re.search(r"/projects/[^/]+:getIamPolicy$", each.path) and each.answer:
            yield each.answer


def _accounts(bindings: Any, project: str) -> set[str]:  # noqa: ANN401 - JSON
    domain = f"@{project}.iam.gserviceaccount.com"
    members = {member for one in bindings for member in one["members"]}
    return {member.partition(":")[2] for member in members if member.endswith(domain)}
