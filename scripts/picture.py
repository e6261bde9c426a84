#!/usr/bin/env python3
"""Make docs/terminal.svg, the README's picture, from what the demo printed.

FORCE_COLOR=1 make demo | python scripts/picture.py
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent.parent / "docs" / "terminal.svg"
WIDTH = 112
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Fonts that would be fetched from elsewhere; the reader's own monospaced font does."""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_OUTSIDE = re.compile(r"anonymous-refused|invoker-admitted")


def main() -> None:
    """Read the transcript, choose, draw."""
    console = Console(record=True, width=WIDTH, file=sys.stderr)
    for line in chosen(sys.stdin.read().splitlines()):
        console.print(Text.from_ansi(line), soft_wrap=False, overflow="ellipsis", no_wrap=True)
    picture = _FONT.sub("", console.export_svg(title="provision"))
    PICTURE.write_text(picture, encoding="utf-8")


def chosen(lines: list[str]) -> Iterator[str]:
    """The first `up`: its checks, the outside ones with their evidence; then the calls by hand."""
    yield "$ provision up --yes"
    evidence = 0
    for line in section(lines, "From the Dockerfile"):
        plain = _ANSI.sub("", line)
        if re.match(r"  \S (passed|failed|not proven)", plain):
            evidence = 4 if _OUTSIDE.search(plain) else 0
            yield line
        elif evidence or re.match(r"  done |\d+ passed|greeter: ", plain):
            evidence -= 1 if evidence else 0
            yield line
    for line in section(lines, "By hand"):
        if re.match(r"\$ curl|HTTP/", line):
            yield line.rstrip()


def section(lines: list[str], heading: str) -> Iterator[str]:
    """The lines under each heading that begins so."""
    inside = False
    for line in lines:
        if line.startswith("=== "):
            inside = line[4:].startswith(heading)
        elif inside:
            yield line


if __name__ == "__main__":
    main()
