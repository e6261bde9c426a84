"""What a case is given, as the records of a snapshot."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from provision.snapshot import records as r
from tests.iam_cases.names import address, member, resource

CONTAINERS = ("organizations/1 (C01) > folders/2 > projects/p (100)",)
"""Where a case does not say what stands above what."""

_LINK = re.compile(r"(?P<name>(?:organizations|folders|projects)/\S+)(?: \((?P<extra>[^)]+)\))?")
_UNREAD = re.compile(rf"(?P<part>{'|'.join(re.escape(part) for part in r.Part)}) of (?P<of>.+)")
_EMAIL = re.compile(
    r"(?<!deleted:serviceAccount:)\b([a-z0-9-]+@([a-z0-9-]+)\.iam\.gserviceaccount\.com)"
)
_CALLER_WORDS = {
    r.CallerKind.PUSH: "subscription",
    r.CallerKind.TRIGGER: "trigger",
    r.CallerKind.SCHEDULER: "schedule",
    r.CallerKind.QUEUE: "queue",
    r.CallerKind.WORKFLOW: "workflow",
}
_WITH_POLICY = ("service ", "job ", "instance ", "function ", "topic ", "account ")

Given = Mapping[str, Any]


def build(given: Given, asked: set[str], asking: set[str]) -> list[r.AnyRecord]:
    """The records of a case.

    Args:
        given: as in the file.
        asked: short names of targets that are asked about: what is not described is a plain one.
        asking: principals that are asked about, in full: likewise.
    """
    unread = [_unread(line) for line in given.get("unread", ())]
    targets = {name: {} for name in sorted(asked)} | dict(given.get("targets", {}))
    found: list[r.AnyRecord] = [
        *_containers(given.get("containers", CONTAINERS), unread),
        *(_target(name, fields) for name, fields in targets.items()),
        *unread,
    ]
    for key, make in _MAKERS.items():
        for one in given.get(key, {}) if key in _LISTS else given.get(key, {}).items():
            found.extend(make(one) if key in _LISTS else make(*one))
    found.extend(_plain_accounts(found, asking))
    return found + list(_empty_policies(found))


def _containers(chains: tuple[str, ...], unread: list[r.Unread]) -> Iterator[r.Container]:
    hidden = {one.of for one in unread if one.part is r.Part.PARENT}
    seen = set[str]()
    for chain in chains:
        above = ""
        for link in chain.split(" > "):
            found = _LINK.fullmatch(link)
            assert found, f"no container: {link!r}"
            name, extra = found["name"], found["extra"] or ""
            if name not in seen:
                parent = None if name in hidden else above
                yield r.Container(name, parent, **_told(name, extra))
            seen.add(name)
            above = name


def _told(name: str, extra: str) -> dict[str, str]:
    """What stands in brackets: a project's number; an organisation's customer and domain."""
    if not name.startswith("organizations/"):
        return {"number": extra}
    customer, _, domain = extra.partition(" ")
    return {"customer": customer, "title": domain}


def _target(name: str, fields: Mapping[str, Any] | None) -> r.Target:
    kind = _kind(resource(name))
    told = dict(fields or {})
    if "account" in told:
        told["account"] = address(told["account"])
    if "service" in told:
        told["service"] = resource(told["service"])
    if kind is r.Kind.FUNCTION:
        told.setdefault("generation", 1)
    if kind is not r.Kind.JOB:
        told.setdefault("ingress", "all")
    if "urls" in told:
        told["urls"] = tuple(told["urls"])
    return r.Target(resource(name), kind, **told)


def _kind(name: str) -> r.Kind:
    """What a full name is the name of."""
    words = {"services": r.Kind.SERVICE, "jobs": r.Kind.JOB, "functions": r.Kind.FUNCTION}
    return words.get(name.split("/")[-2], r.Kind.INSTANCE)


def _policy(name: str, bindings: list[dict[str, Any]]) -> Iterator[r.Policy]:
    yield r.Policy(resource(name), tuple(_binding(one) for one in bindings))


def _binding(told: dict[str, Any]) -> r.Binding:
    left = dict(told)
    condition = left.pop("if", "")
    ((role, members),) = left.items()
    return r.Binding(role, tuple(member(one) for one in members), condition)


def _deny(name: str, rules: list[dict[str, Any]]) -> Iterator[r.DenyPolicy]:
    by_policy: dict[str, list[r.DenyRule]] = {}
    for told in rules:
        left = dict(told)
        policy = left.pop("policy", "lock")
        by_policy.setdefault(policy, []).append(
            r.DenyRule(
                tuple(left.pop("principals")),
                tuple(left.pop("permissions")),
                tuple(left.pop("except principals", ())),
                tuple(left.pop("except permissions", ())),
                left.pop("if", ""),
            )
        )
        assert not left, f"unknown in a deny rule: {left}"
    for policy, found in by_policy.items():
        yield r.DenyPolicy(name, policy, tuple(found))


def _boundary(told: dict[str, Any]) -> Iterator[r.Boundary | r.BoundaryBinding]:
    left = dict(told)
    above = left.pop("of", "organizations/1")
    full = f"{above}/locations/global/principalAccessBoundaryPolicies/{left.pop('name')}"
    bound, condition = left.pop("bound to"), left.pop("if", "")
    resources = (f"//cloudresourcemanager.googleapis.com/{one}" for one in left.pop("eligible"))
    if not left.pop("deleted", False):
        yield r.Boundary(full, tuple(resources), str(left.pop("version", "latest")))
    assert not left, f"unknown in a boundary: {left}"
    for number, principals in enumerate(bound):
        name = f"{above}/locations/global/policyBindings/{full.rpartition('/')[2]}-{number}"
        yield r.BoundaryBinding(name, full, principals, condition)


def _role(name: str, told: list[str] | dict[str, Any]) -> Iterator[r.Role]:
    if isinstance(told, list):
        yield r.Role(name, tuple(told))
    else:
        yield r.Role(name, tuple(told["permissions"]), deleted=told["deleted"])


def _group(name: str, members: list[str]) -> Iterator[r.Group]:
    yield r.Group(member(f"group:{name}"), tuple(_membership(one) for one in members))


def _membership(text: str) -> r.Membership:
    who, _, until = text.partition(" until ")
    return r.Membership(member(who), datetime.fromisoformat(until) if until else None)


def _account(name: str, told: Mapping[str, Any] | None) -> Iterator[r.Account | r.Key]:
    left = dict(told or {})
    email = address(name)
    project = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
    full = f"//iam.googleapis.com/projects/{left.pop('project', project)}/serviceAccounts/{email}"
    for key in left.pop("keys", ()):
        yield r.Key(full, key)
    yield r.Account(full, email, **left)


def _caller(told: dict[str, Any]) -> Iterator[r.Caller]:
    left = dict(told)
    for kind, word in _CALLER_WORDS.items():
        if word in left:
            name = resource(f"{word} {left.pop(word)}")
            account = left.pop("account", "")
            yield r.Caller(
                name,
                kind,
                address(account) if account else "",
                resource(left.pop("calls", "")),
                resource(left.pop("by", "")),
                left.pop("paused", False),
            )
            break
    assert not left, f"unknown in a caller: {left}"


def _tags(name: str, tags: list[str]) -> Iterator[r.Tags]:
    pairs = (tag.partition("=") for tag in tags)
    found = (r.Tag(f"1/{k}", f"tagKeys/{k}", v, f"tagValues/{k}-{v}") for k, _, v in pairs)
    yield r.Tags(resource(name), tuple(found))


def _unread(line: str) -> r.Unread:
    found = _UNREAD.fullmatch(line)
    assert found, f"no such part: {line!r}"
    of = member(resource(found["of"]))
    return r.Unread(of, r.Part(found["part"]), "permission denied")


def _plain_accounts(found: list[r.AnyRecord], asking: set[str]) -> Iterator[r.Account]:
    """Accounts of the projects that a case names and does not describe: they are there."""
    projects = {one.name for one in found if isinstance(one, r.Container)}
    hidden = {one.of for one in found if isinstance(one, r.Unread) and one.part is r.Part.ACCOUNTS}
    told = {one.email for one in found if isinstance(one, r.Account)}
    for email, project in sorted(set(_EMAIL.findall(f"{found} {sorted(asking)}"))):
        above = f"projects/{project}"
        if email not in told and above in projects - hidden:
            yield r.Account(f"//iam.googleapis.com/{above}/serviceAccounts/{email}", email)


def _empty_policies(found: list[r.AnyRecord]) -> Iterator[r.Policy]:
    """What was read and holds nothing is a record as well: only an Unread is not known."""
    told = {one.resource for one in found if isinstance(one, r.Policy)}
    told |= {one.of for one in found if isinstance(one, r.Unread) and one.part is r.Part.POLICY}
    named = [one.name for one in found if isinstance(one, r.Container | r.Target | r.Account)]
    named += [name for one in found if isinstance(one, r.Target) for name in _iap(one)]
    callers = [one for one in found if isinstance(one, r.Caller)]
    named += [name for one in callers for name in (one.name, one.by) if name]
    yield from (r.Policy(name) for name in dict.fromkeys(named) if name not in told)


def _iap(target: r.Target) -> tuple[str, ...]:
    """Where Identity-Aware Proxy keeps policies of a service that it stands before."""
    if not target.iap:
        return ()
    _, _, path = target.name.partition("/projects/")
    project, _, region, _, service = path.split("/")
    above = f"//iap.googleapis.com/projects/{project}/iap_web"
    return (above, f"{above}/cloud_run-{region}", f"{above}/cloud_run-{region}/services/{service}")


_LISTS = ("boundaries", "callers")
_MAKERS: dict[str, Callable[..., Iterator[Any]]] = {
    "allow": _policy,
    "deny": _deny,
    "boundaries": _boundary,
    "roles": _role,
    "groups": _group,
    "accounts": _account,
    "callers": _caller,
    "tags": _tags,
}
KEYS = frozenset({"containers", "targets", "unread", *_MAKERS})
"""All that a case may be given."""
