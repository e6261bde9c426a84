"""Where output goes: results to stdout, progress and errors to stderr; what others wrote, tamed."""

import contextlib
import json
import os
import re
import stat
import sys
from textwrap import wrap

from rich.console import Console
from rich.markup import escape

_LONGEST = 2000
"""Characters of one value or message that people are shown; JSON has everything."""
_QUOTED = re.compile(r"`[^`\n]*`")

# A terminal that cannot show a sign gets a question mark, and never a traceback.
for _stream in (sys.stdout, sys.stderr):
    if hasattr(_stream, "reconfigure"):
        _stream.reconfigure(errors="replace")

results = Console(soft_wrap=True, highlight=False, emoji=False)
errors = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)

documents_printed = 0


def print_json(value: object) -> None:
    """Write one JSON document to stdout, keys in a stable order."""
    global documents_printed  # noqa: PLW0603 - whether one was printed is a fact about stdout
    documents_printed += 1
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=plain) + "\n")


def safe(text: str, *, lines: bool = False) -> str:
    """`text` from elsewhere, to be printed with our own markup around it.

    Control characters are shown and not obeyed, so that no value can clear the screen or pass for
    a line of ours; brackets are no markup.

    Args:
        text: whatever a spec, a file's name or a service said.
        lines: it may have several lines.
    """
    kept = "\n" if lines else ""
    shown = "".join(
        sign if sign.isprintable() or sign in kept else sign.encode("unicode_escape").decode()
        for sign in text[:_LONGEST]
    )
    return escape(shown + ("…" if len(text) > _LONGEST else ""))


def note(text: str, label: str = "Note", *, style: str = "bold", lines: bool = False) -> None:
    """Say something besides the result, on stderr; broken between words on a terminal.

    Args:
        text: what to say.
        label: what it is; stands before it.
        style: of the label.
        lines: the text may have several lines.
    """
    told = f"{safe(label)}: {safe(text, lines=lines)}"
    broken = _between_words(told, errors.width - 1) if errors.is_terminal else told
    errors.print(f"[{style}]{safe(label)}:[/]{broken.removeprefix(safe(label) + ':')}")


def _between_words(text: str, width: int) -> str:
    """`text` in lines of `width`; what is in backquotes stays whole, so that it can be copied."""
    whole = _QUOTED.sub(lambda found: found.group().replace(" ", "\0"), text)
    lines = [
        line
        for part in whole.split("\n")
        for line in wrap(part, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    return "\n".join(lines).replace("\0", " ")


def interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def output_files() -> frozenset[tuple[int, int]]:
    """Device and inode of the files that stdout and stderr go to, where they go to files."""
    found = set()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or no file at all
            status = os.fstat(stream.fileno())
            if stat.S_ISREG(status.st_mode):
                found.add((status.st_dev, status.st_ino))
    return frozenset(found)
