"""The difference of two snapshots as one page that carries everything itself, and has no script."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from provision.cli.audit_answers import Basis
from provision.cli.views.audit_basis import moment
from provision.cli.views.audit_page import hashed, template
from provision.cli.views.audit_words import Names, count

if TYPE_CHECKING:
    from provision.audit.diff import Diff, Moved, TargetDiff

_TITLE = "Who gained and who lost"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def page(found: "Diff", bases: Sequence[Basis], names: Names) -> str:
    """The page.

    Args:
        found: the difference.
        bases: what the earlier and the later answers rest on.
        names: short names for both.
    """
    style = template("page.css")
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src '{hashed(style)}'"
    body = "\n".join(_body(found, bases, names))
    return _PAGE.format(policy=policy, title=_TITLE, style=style, body=body)


def _body(found: "Diff", bases: Sequence[Basis], names: Names) -> Iterator[str]:
    before, after = bases
    gained = sum(len(one.gained) for one in found.targets)
    lost = sum(len(one.lost) for one in found.targets)
    told = f"{gained:,} gained and {lost:,} lost, on {count(len(found.targets), 'target')}"
    yield f"<h1>{_TITLE}</h1>"
    yield f"<p><b>{told if gained or lost else 'Nobody gained or lost anything'}</b></p>"
    yield (
        f'<p class="quiet">{escape(after.header.scope)} · read {moment(before.taken)} and'
        f" {moment(after.taken)} · as of {moment(before.at)} and {moment(after.at)}</p>"
    )
    for one in found.targets:
        yield from _target(one, names)
    if found.changes:
        yield "<h2>What changed on the ways to an invocation</h2><ul>"
        for change in found.changes:
            on = f" ({names.short(change.resource)})" if change.resource else ""
            yield f"<li>{escape(change.words + on)}</li>"
        yield "</ul>"


def _target(one: "TargetDiff", names: Names) -> Iterator[str]:
    yield f"<h2>{escape(names.short(one.target))}</h2>"
    yield f'<p class="mono quiet">{escape(one.target)}</p>'
    yield "<table><thead><tr><th></th><th>who</th><th>before</th><th>after</th><th>by</th></tr>"
    yield "</thead><tbody>"
    for word, moves in (("gained", one.gained), ("lost", one.lost)):
        for moved in moves:
            yield _row(word, moved)
    yield "</tbody></table>"


def _row(word: str, moved: "Moved") -> str:
    inside = f" and {count(moved.members, 'member')} of it" if moved.members else ""
    causes = "; ".join(moved.by)
    cells = (word, f"{moved.principal}{inside}", moved.before.value, moved.after.value, causes)
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
