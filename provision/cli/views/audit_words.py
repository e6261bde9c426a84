"""What stands in an audit, in words: resources, hops and paths, short enough for a terminal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from textwrap import wrap

from provision.audit.answers import Hop, HopKind, Path, Reach, Token, Verdict
from provision.cli.console import results, safe
from provision.snapshot.records import Container, Kind, Target

COLUMNS = 79
ARROW = " → "
LIMIT = 25
"""Rows of one table that a terminal gets without `-v`."""

COLOURS = {
    Verdict.CAN: "green",
    Verdict.WHILE: "green",
    Verdict.UNKNOWN: "yellow",
    Verdict.CANNOT: "dim",
}

_COLLECTIONS = {
    "services": "service",
    "jobs": "job",
    "functions": "function",
    "instances": "instance",
    "topics": "topic",
    "subscriptions": "subscription",
    "triggers": "trigger",
    "queues": "queue",
    "workflows": "workflow",
}
_SCHEDULED = "//cloudscheduler.googleapis.com/"

_REACH = {
    Reach.INTERNET: "Its addresses answer the internet",
    Reach.BALANCER: "The internet reaches it through a load balancer",
    Reach.INTERNAL: "Only the project's networks and Google's own callers reach it",
    Reach.BALANCER_ALONE: "Only a load balancer reaches it; its default address is off",
    Reach.NOWHERE: "No request reaches it",
    Reach.API: "It has no address: it is executed through the API",
}

_VERBS = {Kind.JOB: "execute"}


def verb(target: Target) -> str:
    """What is done with it: services are invoked, jobs are executed."""
    return _VERBS.get(target.kind, "invoke")


def reached(reach: Reach) -> str:
    """Who can send it a request, as a sentence without its end."""
    return _REACH[reach]


def titled(target: Target) -> str:
    """A target's kind and own name."""
    return f"{target.kind} {target.name.rpartition('/')[2]}"


def placed(name: str) -> tuple[str, str]:
    """Project and region in a full resource name; empty where there is none."""
    parts = name.split("/")
    found = dict(pairwise(parts))
    return found.get("projects", ""), found.get("locations", "")


_STEPS = {
    HopKind.MEMBER: "in {end}",
    HopKind.ROLE: "{role} on {on}",
    HopKind.OPEN: "the invoker check is off",
    HopKind.IAP: "passes IAP by {role} on {on}",
    HopKind.AGENT: "IAP's agent is let through",
    HopKind.GRANT: "may change {end}",
}
"""Hops in a path; others by their own words."""


@dataclass(frozen=True)
class Names:
    """Short names for what stands in one answer.

    Args:
        titles: of folders and organisations, by name.
        project: which goes without saying.
    """

    titles: dict[str, str] = field(default_factory=dict)
    project: str = ""

    @classmethod
    def of(cls, containers: Iterable[Container], project: str = "") -> "Names":
        """Short names by what was read."""
        titles = {
            one.name: one.title
            for one in containers
            if one.title and not one.name.startswith("projects/")
        }
        return cls(titles, project)

    def short(self, name: str) -> str:
        """A resource as a person would name it: ``project acme-prod``, ``service orders``."""
        kind, slash, own = name.partition("/")
        if slash and kind in {"projects", "folders", "organizations"} and "/" not in own:
            title = f" ({self.titles[name]})" if name in self.titles else ""
            return f"{kind[:-1]} {own}{title}"
        parts = name.split("/")
        if not name.startswith("//") or len(parts) < 4:  # noqa: PLR2004 - //HOST/KIND/NAME
            return name
        if parts[-2] == "serviceAccounts":
            return parts[-1]
        word = "Scheduler job" if name.startswith(_SCHEDULED) else _COLLECTIONS.get(parts[-2])
        if "iap_web" in parts:
            return f"IAP of {parts[-1]}"
        project = placed(name)[0]
        elsewhere = f" of {project}" if project and self.project not in {"", project} else ""
        return f"{word or parts[-2]} {parts[-1]}{elsewhere}"

    def line(self, path: Path, target: str) -> str:
        """A path in one line: from the principal, which stands before it, to the target."""
        return ARROW.join(self._step(hop, target) for hop in path.hops)

    def _step(self, hop: Hop, target: str) -> str:
        words = _STEPS.get(hop.kind, f"{hop.kind} {{end}}")
        at = self.where(hop.end, target) if hop.end == target else self.end(hop.end)
        return words.format(role=hop.role, on=self.where(hop.on, target), end=at)

    def where(self, on: str, target: str) -> str:
        """A resource that a policy stands on, beside the target."""
        return f"the {self.short(on).partition(' ')[0]} itself" if on == target else self.short(on)

    def end(self, name: str) -> str:
        """Where a hop leads: accounts by their address."""
        return self.short(name.removeprefix("serviceAccount:"))


_TOKENS = {
    Token.NONE: "without a token",
    Token.ID: "with an ID token",
    Token.ACCESS: "with an access token",
}


def entered(path: Path) -> str:
    """How a target is entered in the end: ``by request, with an ID token``."""
    return f"by {path.way}, {_TOKENS[path.token]}"


def condition_of(path: Path) -> str:
    """What has to hold, of a path that is open only then."""
    return path.condition or next((hop.condition for hop in path.hops if hop.condition), "")


def say(text: str, indent: int = 0, style: str = "default", hang: int = 0, mark: str = "") -> None:
    """Print a sentence: the same arguments as `sentence`."""
    results.print("\n".join(sentence(text, indent, style, hang, mark)))


def sentence(
    text: str, indent: int = 0, style: str = "default", hang: int = 0, mark: str = ""
) -> list[str]:
    """A sentence in as many lines as it needs, as markup; what has no spaces is never broken.

    Args:
        text: the sentence.
        indent: columns before it.
        style: of all of it.
        hang: further columns before its second line and those after.
        mark: stands before its first word, on the same line, however long the word.
    """
    lines = wrap(
        text,
        COLUMNS - indent,
        initial_indent=mark,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"{' ' * indent}[{style}]{safe(line)}[/]" if line else "" for line in lines or [""]]


def say_path(text: str, indent: int, style: str = "dim") -> None:
    """A path, broken before its arrows where it does not fit one line."""
    lines, width = [""], COLUMNS - indent
    for number, step in enumerate(text.split(ARROW)):
        part = step if not number else f"{ARROW.lstrip() if not lines[-1] else ARROW}{step}"
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append(f"  {part.lstrip()}")
        else:
            lines[-1] += part
    for line in lines:
        results.print(f"{' ' * indent}[{style}]{safe(line)}[/]")


def count(number: int, one: str, many: str = "") -> str:
    """A number and what it counts."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def selves(number: int) -> str:
    """To whom so many could grant access: themselves."""
    return "itself" if number == 1 else "themselves"
