"""Rules about what a team accepted: acceptances that are over. Pure."""

from collections.abc import Iterator

from provision.audit.answers import Severity
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.settings import Acceptance


@rule(
    "acceptance-over",
    Severity.LOW,
    title="An acceptance is over",
    why="What it accepted counts again. Somebody promised to look again by that day.",
    mend="Mend the finding, or accept it anew in `audit.yaml` with a new end; take the old entry "
    "out.",
)
def acceptance_over(scene: Scene) -> Iterator[Found]:
    """Acceptances whose last day is past."""
    for one in scene.settings.acceptances:
        if not one.holds(scene.at):
            about = about_what(one)
            claim = f"{one.owner} accepted {about} until {one.until.isoformat()}"
            yield Found(claim, scene.settings.file or "audit.yaml", also=(about,))


def about_what(one: Acceptance) -> str:
    """What an acceptance is about, in a few words."""
    if one.id:
        return one.id
    parts = [one.rule]
    parts += [f"on {one.resource}"] if one.resource else []
    parts += [f"of {one.principal}"] if one.principal else []
    return " ".join(parts)


RULES: tuple[Rule, ...] = (acceptance_over,)
