"""What is, what should be, and the difference: pure, and written once.

Desired and observed states share one frozen dataclass per stage. Fields that the server fills are
declared ``compare=False`` and never differ. A value that only a later write can tell is `Unknown`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from difflib import ndiff
from enum import StrEnum
from typing import Any, Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True)
class Unknown:
    """A value that will be known after the stage named by `until` has run."""

    until: str

    def __str__(self) -> str:
        """As plans print it."""
        return f"(known after {self.until})"


@dataclass(frozen=True)
class FieldChange:
    """One field that differs.

    Args:
        path: dotted path, as in ``template.containers[0].image``.
        before: the observed value; None when absent.
        after: the desired value, or `Unknown`; None when it is to be taken away.
    """

    path: str
    before: object
    after: object


class Action(StrEnum):
    """What a stage would do."""

    CREATE = "create"
    UPDATE = "update"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Change(Generic[S]):
    """What one stage would change, and from what to what.

    Args:
        stage: the stage's name.
        subject: the thing, in words: ``service orders in asia-east1``.
        observed: what is; None when there is nothing yet.
        desired: what should be.
        fields: the fields that differ.
        reason: why there is something to do, or nothing.
    """

    stage: str
    subject: str
    observed: S | None
    desired: S
    fields: tuple[FieldChange, ...]
    reason: str = ""

    @property
    def action(self) -> Action:
        """Create, update or nothing."""
        if not self.fields:
            return Action.NOTHING
        return Action.CREATE if self.observed is None else Action.UPDATE


class Verdict(StrEnum):
    """What a look from outside said about a claim."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_PROVEN = "not proven"


class Claim(StrEnum):
    """What kind of claim a check looks at; privacy weighs most."""

    PRIVACY = "privacy"
    ADMISSION = "admission"
    CONFIGURATION = "configuration"


@dataclass(frozen=True)
class Evidence:
    """What was asked, what was answered, and when (RFC 3339, UTC)."""

    asked: str
    answered: str
    at: str


@dataclass(frozen=True)
class Check:
    """One claim, looked at.

    Args:
        name: short and stable, as in ``anonymous-refused``; `--json` shows it.
        claim: which kind of claim; unproven privacy can never exit 0.
        verdict: passed, failed or not proven.
        summary: one sentence for people.
        evidence: what the verdict rests on; never empty.
        pending: the claim may become true by waiting (IAM spreads slowly).
    """

    name: str
    claim: Claim
    verdict: Verdict
    summary: str
    evidence: tuple[Evidence, ...]
    pending: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Known:
    """What earlier stages learned and later ones need.

    Args:
        image_id: the engine's id of the built image, ``sha256:…``.
        image: the pushed image by digest, ``HOST/…/image@sha256:…``.
        urls: every address of the deployed service, the preferred one first.
    """

    image_id: str | Unknown = Unknown("build")
    image: str | Unknown = Unknown("push")
    urls: tuple[str, ...] | Unknown = Unknown("deploy")


def in_short(value: str) -> str:
    """A text as one line: of one with several, how many."""
    return value if "\n" not in value.strip("\n") else f"{len(value.splitlines())} lines"


def lines_that_differ(change: FieldChange, most: int = 20) -> tuple[str, ...]:
    """Of a text with several lines, those that go (``- …``) and those that come (``+ …``).

    Args:
        change: the difference; nothing is told where there was no text before.
        most: lines that are told; the rest is counted.
    """
    before, after = change.before, change.after
    if not isinstance(before, str) or not isinstance(after, str) or "\n" not in before + after:
        return ()
    told = tuple(
        line for line in ndiff(before.splitlines(), after.splitlines()) if line[:2] in {"- ", "+ "}
    )
    left = len(told) - most
    return told if left <= 0 else (*told[:most], f"… and {left} more")


def diff(observed: S | None, desired: S) -> tuple[FieldChange, ...]:
    """The fields in which `desired` differs from `observed`, in the order of the dataclass.

    Nested mappings and lists of mappings are walked, so that a path names the smallest thing that
    differs. Frozen sets are compared whole. Fields with ``compare=False`` are passed over.
    """
    before = _compared(observed) if observed is not None else {}
    after = _compared(desired)
    return tuple(_walk("", before, after))


def _compared(state: object) -> dict[str, object]:
    if not is_dataclass(state):
        raise TypeError(f"a state is a dataclass, not {type(state).__name__}")
    pairs: dict[str, object] = {}
    for item in fields(state):
        if item.compare:
            value = getattr(state, item.name)
            # A field named "fields" is a free mapping whose keys are paths themselves.
            pairs.update(value) if item.name == "fields" else pairs.update({item.name: value})
    return pairs


def _walk(path: str, before: object, after: object) -> Iterator[FieldChange]:
    if before is None:
        before = _empty_like(after)
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*after, *before]):
            inner = f"{path}.{key}" if path else str(key)
            yield from _walk(inner, before.get(key), after.get(key))
    elif _lists_alike(before, after):
        for index, (old, new) in enumerate(zip(_seq(before), _seq(after), strict=True)):
            yield from _walk(f"{path}[{index}]", old, new)
    else:
        yield FieldChange(path, before, after)


def _empty_like(after: object) -> object:
    """What stands for nothing, so that what is new is told leaf by leaf."""
    if isinstance(after, Mapping):
        return {}
    if isinstance(after, list) and after and all(isinstance(item, Mapping) for item in after):
        return [None] * len(after)
    if isinstance(after, frozenset) and not after:
        return after  # nothing wanted where nothing is, is no change
    return None


def _lists_alike(before: object, after: object) -> bool:
    return (
        isinstance(before, list | tuple)
        and isinstance(after, list | tuple)
        and len(before) == len(after)
    )


def _seq(value: Any) -> list[object]:  # noqa: ANN401 - narrowed by _lists_alike
    return list(value)
