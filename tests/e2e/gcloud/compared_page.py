"""docs/compared.md: what became of every case, with gcloud and with `provision`."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.e2e.gcloud.probes import PROBES, Probe
from tests.e2e.gcloud.probing import Outcome

PAGE = Path(__file__).parents[3] / "docs" / "compared.md"
_HEAD = """\
<!-- Made by `python -m tests.e2e.gcloud.compare`. Do not edit. -->

# Compared with gcloud

What `gcloud run` (gcloud {version}) and `provision` do in the same situations. Each case was run
with both on one [emulator](emulator.md), with a service for each; what is refused is refused by a
[fault](emulator.md#faults) there. `make test` runs every case again and holds this page to what
comes of it.

- **exit**: the command's exit code; the [README](../README.md#exit-codes) tells `provision`'s.
- **public**: who gets in afterwards without being named in a policy: a request without a token
  ("to everybody"), or one with the ID token of a foreign account ("to every Google account").
- **writes**: the calls that change something, as the emulator recorded them, with the status of
  those that were refused.

None of it was run on Google Cloud. Where the outcome hangs on something that is assumed of it, the
case says so. The numbers are those of the list that the cases come from; it has no P9 and P11.

"""
_LOOKED_AT = ("exit", "public", "writes")
_COLUMNS = (
    "case",
    "before",
    "wanted",
    *(f"{program}: {what}" for program in ("gcloud", "provision") for what in _LOOKED_AT),
)


class Pair(NamedTuple):
    """What became of one case."""

    gcloud: Outcome
    provision: Outcome


def page(version: str, pairs: Mapping[str, Pair]) -> str:
    """The whole page; cases that are not in `pairs` are left out.

    Args:
        version: gcloud's.
        pairs: outcomes by the case's name.
    """
    chosen = [(probe, pairs[name]) for name, probe in PROBES.items() if name in pairs]
    table = [
        f"| {' | '.join(_COLUMNS)} |",
        f"|{'---|' * len(_COLUMNS)}",
        *(row(probe, pair) for probe, pair in chosen),
    ]
    sections = [section(probe, pair) for probe, pair in chosen]
    return _HEAD.format(version=version) + "\n".join([*table, "", "## The cases", *sections]) + "\n"


def row(probe: Probe, pair: Pair) -> str:
    """The case's line in the table."""
    cells = (
        f"[{probe.name}](#{probe.name.lower()})",
        probe.start.words,
        probe.wish,
        *(cell for one in pair for cell in (str(one.code), one.public, _writes(one))),
    )
    return f"| {' | '.join(cells)} |"


def section(probe: Probe, pair: Pair) -> str:
    """The case's commands, and what they said and left behind."""
    return "\n".join(
        [
            "",
            f"### {probe.name}",
            "",
            f"Before: {probe.start.words}. Wanted: {probe.wish}. {probe.note}".strip(),
            "",
            "```console",
            f"$ gcloud {probe.gcloud}",
            f"$ provision {probe.provision}",
            "```",
            "",
            *(
                f"- {name}: {left}"
                for name, left in zip(Pair._fields, map(_left, pair), strict=True)
            ),
        ]
    )


def _left(one: Outcome) -> str:
    bindings = "; ".join(f"`{binding}`" for binding in one.bindings) or "no binding"
    revisions = "one revision" if one.revisions == 1 else f"{one.revisions} revisions"
    told = " and ".join(f"`` {line} ``" for line in one.told)
    return f"{bindings}; {revisions}. {f'It says: {told}' if told else 'It says nothing of it.'}"


def _writes(one: Outcome) -> str:
    return ", ".join(one.writes) or "none"
