"""What must be so of `workflows` and `callers`, beside what each field is, in the raw document."""

from collections.abc import Iterator, Mapping

from provision.spec.model import Kind
from provision.spec.nodes import Path

Raw = Mapping[str, object]
Found = Iterator[tuple[Path, str]]

_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_BESIDE = (
    "what calls it reaches it by its run.app address alone; allowed beside workflows, callers: "
)


def call_problems(raw: Raw, kind: Kind) -> Found:
    """Every problem of what calls, and between it and the service or job."""
    workflows, callers = _items(raw, "workflows"), _items(raw, "callers")
    yield from _taken("workflows", workflows)
    yield from _taken("callers", callers)
    for path, item in (*workflows, *callers):
        yield from _body_problems(path, item)
    for path, item in workflows:
        yield from _source_problems(path, item)
    if kind is Kind.SERVICE and (callers or any("call" in item for _, item in workflows)):
        yield from _reach_problems(raw)


def _items(raw: Raw, field: str) -> list[tuple[Path, Raw]]:
    named = raw.get(field)
    if not isinstance(named, list):
        return []
    return [((field, index), item) for index, item in enumerate(named) if isinstance(item, dict)]


def _taken(field: str, items: list[tuple[Path, Raw]]) -> Found:
    """Names given twice; of callers, names are those of different products."""
    seen: dict[tuple[object, object], Path] = {}
    for path, item in items:
        name, kind = item.get("name"), item.get("kind") if field == "callers" else ""
        if not isinstance(name, str) or not isinstance(kind, str):
            continue
        if (kind, name) in seen:
            first = seen[kind, name][1]
            yield (*path, "name"), f"{name!r} is named already, as {field}[{first}]"
        seen.setdefault((kind, name), path)


def _source_problems(path: Path, item: Raw) -> Found:
    if item.get("call") is not None and item.get("source") is not None:
        yield (*path, "source"), "is instead of `call`; allowed: one of the two"
    elif item.get("call") is None and item.get("source") is None:
        told = "required; allowed: the call to make, or `source` for a file of your own"
        yield (*path, "call"), told
    elif item.get("verify") is False and "argument" in item:
        yield (*path, "argument"), "is what verification executes it with; `verify` is false"


def _body_problems(path: Path, item: Raw) -> Found:
    call = item.get("call")
    if not isinstance(call, dict) or call.get("body") is None:
        return
    method = call.get("method", "POST")
    if isinstance(method, str) and method in _BODILESS:
        allowed = "POST, PUT, PATCH"
        yield (*path, "call", "body"), f"a {method} request has no body; allowed with: {allowed}"


def _reach_problems(raw: Raw) -> Found:
    if raw.get("default_url") is False:
        yield ("default_url",), f"{_BESIDE}true"
    if raw.get("ingress") == "none":
        yield ("ingress",), f"{_BESIDE}all, internal, internal-and-cloud-load-balancing"
    if raw.get("iap") is True:
        told = "Identity-Aware Proxy would ask what calls it for tokens of a client of its own"
        yield ("iap",), f"{told}; allowed beside workflows, callers: false"
