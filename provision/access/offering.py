"""What is offered to principals on a target, checked before anything is written."""

from dataclasses import dataclass
from datetime import datetime

from provision.access.granting import Offer
from provision.clients.iam import Iam
from provision.clients.targets import Resolved
from provision.conditions import compose, problems, read
from provision.errors import UsageError
from provision.policy import Condition
from provision.targets import TargetKind

_OURS = "provision grant"
"""How titles begin of conditions that `provision` may replace and take out by itself."""
_BASIC = ("roles/owner", "roles/editor", "roles/viewer")


@dataclass(frozen=True)
class Asked:
    """What the user asks to grant, the same for every target.

    Args:
        role: instead of the target's own; None for that.
        until: when it ends; None for never.
        path: the only path, as `provision.conditions.parse_path` takes it; None for all.
        condition: a condition of the user's own.
        reason: why; empty when nobody said.
        who: who asks, as a principal.
    """

    role: str | None = None
    until: datetime | None = None
    path: str | None = None
    condition: Condition | None = None
    reason: str = ""
    who: str = ""

    @property
    def is_limited(self) -> bool:
        """Whether it needs a condition."""
        return self.until is not None or self.path is not None or self.condition is not None


def offer(resolved: Resolved, asked: Asked, iam: Iam) -> tuple[Offer, tuple[str, ...]]:
    """What each principal is to hold on the target, and what the user should know of it.

    Raises:
        UsageError: the target takes no conditions, the condition can never hold, or the role lets
            nobody in.
    """
    role = asked.role or resolved.role
    notes = _check_role(resolved, role, iam)
    if not asked.is_limited:
        if asked.reason:
            notes.append(
                "The reason goes into the audit log only: the policy has no place for it"
                " without an end or a path."
            )
        return Offer(role), tuple(notes)
    _check_takes_conditions(resolved, role)
    if asked.condition is not None:
        _check_holds(resolved, asked.condition)
        return Offer(role, asked.condition), tuple(notes)
    condition = compose(until=asked.until, path=asked.path, who=asked.who, reason=asked.reason)
    return Offer(role, condition, read(condition)), tuple(notes)


def verb(kind: TargetKind) -> str:
    """What is done with a target by those who are let in."""
    return "execute" if kind is TargetKind.JOB else "call"


def _check_role(resolved: Resolved, role: str, iam: Iam) -> list[str]:
    carries = iam.carries(role, resolved.permission)
    if carries is False:
        raise UsageError(
            f"{role} does not let anybody {verb(resolved.target.kind)} {resolved}: it does not hold"
            f" {resolved.permission}, or there is no such role.",
            hint=f"Without --role it is {resolved.role}.",
        )
    return [] if carries else [f"Whether {role} holds {resolved.permission} cannot be read."]


def _check_takes_conditions(resolved: Resolved, role: str) -> None:
    """Refuse a condition where Google would refuse it, or keep it and let nobody in."""
    if role in _BASIC:
        raise UsageError(
            f"{role} is a basic role, and IAM takes no condition on those.",
            hint=f"Without --role it is {resolved.role}, which takes one.",
        )
    if resolved.takes_conditions:
        return
    what = "a job" if resolved.target.kind is TargetKind.JOB else "a first-generation function"
    raise UsageError(
        f"{resolved} is {what}, and of Cloud Run and Cloud Functions only services (and with them"
        " second-generation functions) take conditions in their policy:"
        " no end and no path can be set.",
        hint="Grant it without --for, --until, --path and --condition, and take it back with"
        " `provision revoke`.",
    )


def _check_holds(resolved: Resolved, condition: Condition) -> None:
    wrong = problems(condition.expression, TargetKind.SERVICE.value)
    if wrong:
        raise UsageError(
            f"The condition {condition.expression!r} would let nobody call {resolved}: "
            + "; ".join(wrong)
            + ".",
            hint="On Cloud Run services conditions can ask for request.time, request.path,"
            " request.host and resource tags.",
        )


def parse_condition(text: str) -> Condition:
    """A condition as gcloud takes it: ``expression=…,title=…[,description=…]``.

    A separator other than the comma is named between two ``^`` at the beginning, as in
    ``^;^expression=…;title=…`` (gcloud topic escaping).

    Raises:
        UsageError: it is none.
    """
    separator, rest = ",", text
    if text.startswith("^") and "^" in text[1:]:
        separator, _, rest = text[1:].partition("^")
    parts: dict[str, str] = {}
    last = ""
    for piece in rest.split(separator or ","):
        name, equals, value = piece.partition("=")
        if equals and name.strip() in {"expression", "title", "description"}:
            last = name.strip()
            if last in parts:
                raise _no_condition(text, f"{last} is given twice")
            parts[last] = value
        elif last:
            parts[last] += f"{separator}{piece}"
        else:
            raise _no_condition(text, f"{piece!r} is neither expression=, title= nor description=")
    if not parts.get("expression") or not parts.get("title"):
        raise _no_condition(text, "it needs an expression and a title")
    if parts["title"].strip().startswith(_OURS):
        raise _no_condition(text, f"a title that begins with {_OURS!r} marks what --for writes")
    return Condition(parts["expression"], parts["title"], parts.get("description", ""))


def _no_condition(text: str, why: str) -> UsageError:
    return UsageError(
        f"--condition {text!r}: {why}.",
        hint="Write it as in --condition 'expression=request.path == \"/a\",title=a alone'.",
    )
