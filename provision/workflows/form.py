"""What of a source's form the language would refuse. Pure.

https://cloud.google.com/workflows/docs/reference/syntax/syntax-search, and the limits of
https://cloud.google.com/workflows/quotas. Whether an expression is one is for Workflows to say.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from provision.spec.nodes import Path
from provision.workflows.document import MAIN, Document
from provision.workflows.findings import Finding, Rule
from provision.workflows.rendering import MAX_EXPRESSION, MAX_SOURCE
from provision.workflows.steps import Step, items, steps

_ACTIONS = frozenset(
    {"assign", "call", "for", "next", "parallel", "raise", "return", "steps", "switch", "try"}
)
_KEYS = _ACTIONS | {"args", "except", "result", "retry"}
_WITHIN: Mapping[str, frozenset[str]] = {
    "for": frozenset({"value", "index", "in", "range", "steps"}),
    "except": _KEYS | {"as"},
}
_CONDITION = _KEYS | {"condition"}
_PARALLEL = frozenset({"branches", "for", "shared", "exception_policy", "concurrency_limit"})
_RETRY = frozenset({"predicate", "max_retries", "backoff"})
_BACKOFF = frozenset({"initial_delay", "max_delay", "multiplier"})
_HTTP = frozenset(
    {"url", "method", "headers", "query", "body", "auth", "timeout"}
    | {"private_service_name", "ca_certificate"}
)
_AUTH = frozenset({"type", "audience", "scope", "scopes"})
_ROUTINE = frozenset({"params", "steps"})
_ENDS = frozenset({"end", "break", "continue"})
_ASKS = re.compile(r'\bif\(\s*"(\w+)"\s+in\s+([\w.]+)\s*,')
"""Both branches of `if` are worked out whatever its condition says; reported by its users."""
_EXPRESSION = re.compile(r"\$\{[^{}]*\}")


def form(document: Document, text: str) -> Iterator[Finding]:
    """What is wrong with the form.

    Args:
        document: the source as it was read.
        text: the source as it was written.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_SOURCE:
        said = f"the source is {size:,} bytes long, and Workflows takes {MAX_SOURCE:,}"
        yield Finding(
            Rule.TOO_LONG, 1, 1, said, "Call a second workflow, or give data as argument."
        )
    for remark in document.remarks:
        yield Finding(Rule.YAML, *remark.position, remark.text)
    if MAIN not in document.routines:
        said = f"there is no `main`, only {', '.join(document.routines)}"
        yield Finding(Rule.NO_MAIN, 1, 1, said, "Name the routine that is executed `main`.")
    yield from _routines(document)
    names = _names(document)
    for step in steps(document):
        yield from _keys(document, step)
        yield from _next(document, step, names[step.routine])
        yield from _called(document, step)
    yield from _texts(document, document.tree.value, ())


def _routines(document: Document) -> Iterator[Finding]:
    value = document.tree.value
    for name, body in value.items() if isinstance(value, Mapping) else ():
        if name not in document.routines:
            line, column = document.position((name,))
            said = f"`{name}` is neither a list of steps nor a mapping with `steps`"
            yield Finding(Rule.FORM, line, column, said)
        for key in set(body) - _ROUTINE if isinstance(body, Mapping) else ():
            yield _unknown(document, (name, key), _ROUTINE, f"routine {name}")
    if len(items(document.routines.get(MAIN, {}).get("params"))) > 1:
        line, column = document.position((MAIN, "params"))
        mend = "Give one map, and look into it: args.day, args.dry."
        yield Finding(Rule.FORM, line, column, "`main` takes one parameter", mend)
    for name, body in document.routines.items():
        found = body.get("steps")
        if not items(found):
            line, column = document.position(document.places[name])
            yield Finding(Rule.FORM, line, column, f"routine {name} has no steps")
            continue
        yield from _list(document, name, items(found), document.places[name])
    for step in steps(document):
        found = items(step.body.get("steps"))
        yield from _list(document, step.routine, found, (*step.path, "steps"))


def _list(
    document: Document, routine: str, found: Sequence[object], path: Path
) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, one in enumerate(found):
        place = (*path, index)
        line, column = document.position(place)
        if not isinstance(one, Mapping) or len(one) != 1:
            said = f"a step is one name with what it does, and this in routine {routine} is not"
            mend = "Indent what belongs to a step deeper than its name."
            yield Finding(Rule.FORM, line, column, said, mend)
            continue
        ((name, body),) = one.items()
        if not isinstance(body, Mapping | Sequence) or isinstance(body, str) or not body:
            yield Finding(Rule.FORM, line, column, f"step {name} does nothing")
        if name in seen:
            said = f"step {name} is there already, in line {seen[name]}"
            yield Finding(Rule.DUPLICATE_STEP, line, column, said, "Give each its own name.")
        seen.setdefault(str(name), line)


def _keys(document: Document, step: Step) -> Iterator[Finding]:
    where = step.path[-1]
    in_switch = len(step.path) > 1 and step.path[-2] == "switch"
    known = _CONDITION if in_switch else _KEYS
    if not step.named and isinstance(where, str):
        known = _WITHIN.get(where, _KEYS)
    for words, body, path in ((known, step.body, step.path), *_blocks(step)):
        for key in body:
            if key not in words:
                found = _unknown(document, (*path, key), words, f"step {step.name}")
                yield replace(found, step=str(step))
    if step.named and not _ACTIONS & set(step.body):
        line, column = document.position(step.path, of_key=True)
        yield Finding(Rule.FORM, line, column, f"step {step.name} does nothing", step=str(step))


def _blocks(step: Step) -> Iterator[tuple[frozenset[str], Mapping[str, object], Path]]:
    """The mappings within a step whose keys are known."""
    is_http = str(step.body.get("call", "")).startswith("http.")
    for known, names in (
        (_PARALLEL, ("parallel",)),
        (_RETRY, ("retry",)),
        (_BACKOFF, ("retry", "backoff")),
        *(((_HTTP, ("args",)), (_AUTH, ("args", "auth"))) if is_http else ()),
    ):
        found: object = step.body
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            yield known, found, (*step.path, *names)


def _unknown(document: Document, path: Path, known: frozenset[str], where: str) -> Finding:
    line, column = document.position(path, of_key=True)
    key = str(path[-1])
    close = get_close_matches(key, known, n=1)
    mend = f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(sorted(known))}."
    said = f"`{key}` in {where} is no word of the language"
    return Finding(Rule.UNKNOWN_KEY, line, column, said, mend)


def _names(document: Document) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {name: set() for name in document.routines}
    for step in steps(document):
        found[step.routine].add(step.name)
    return {name: frozenset(names) for name, names in found.items()}


def _next(document: Document, step: Step, names: frozenset[str]) -> Iterator[Finding]:
    wanted = step.body.get("next")
    if not isinstance(wanted, str) or wanted in names | _ENDS or "${" in wanted:
        return
    line, column = document.position((*step.path, "next"))
    close = get_close_matches(wanted, names, n=1)
    said = f"`next: {wanted}`: routine {step.routine} has no such step"
    mend = f"Did you mean {close[0]}?" if close else ""
    yield Finding(Rule.UNKNOWN_STEP, line, column, said, mend, str(step))


def _called(document: Document, step: Step) -> Iterator[Finding]:
    wanted = step.body.get("call")
    if not isinstance(wanted, str) or "." in wanted or "${" in wanted:
        return
    if wanted in document.routines:
        return
    line, column = document.position((*step.path, "call"))
    close = get_close_matches(wanted, document.routines, n=1)
    said = f"`call: {wanted}`: there is no such subworkflow"
    mend = (
        f"Did you mean {close[0]}?" if close else "Functions of Workflows have a dot, as http.get."
    )
    yield Finding(Rule.UNKNOWN_ROUTINE, line, column, said, mend, str(step))


def _texts(document: Document, value: object, path: Path) -> Iterator[Finding]:
    """What is wrong with texts, wherever they stand."""
    if isinstance(value, str):
        line, column = document.position(path)
        longest = max((len(one) for one in _EXPRESSION.findall(value)), default=0)
        if longest > MAX_EXPRESSION:
            said = f"an expression has {longest} characters, and Workflows takes {MAX_EXPRESSION}"
            mend = "Assign parts of it to variables first."
            yield Finding(Rule.TOO_LONG, line, column, said, mend)
        for key, of in _looked(value):
            said = f"`if` works out both of its branches: without `{key}` in {of} this fails"
            mend = f'Write `default(map.get({of}, "{key}"), …)`, or `switch`.'
            yield Finding(Rule.EAGER_IF, line, column, said, mend)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(document, one, (*path, key))
    elif isinstance(value, Sequence):
        for index, one in enumerate(value):
            yield from _texts(document, one, (*path, index))


def _looked(text: str) -> Iterator[tuple[str, str]]:
    """Keys that an `if` asks for and then takes, and of which map."""
    for found in _ASKS.finditer(text) if "${" in text else ():
        key, of = found[1], found[2]
        taken = (f"{of}.{key}", f'{of}["{key}"]')
        if any(re.search(re.escape(one) + r"(?!\w)", text[found.end() :]) for one in taken):
            yield key, of
