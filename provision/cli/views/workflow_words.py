"""Sentences of the workflow commands: broken between words, what is to be copied kept whole."""

import re
from textwrap import wrap

from provision.cli.console import results, safe

_WIDTH = 80
_QUOTED = re.compile(r"`[^`\n]*`")
_GLUE = "\0"


def tell(text: str, indent: int = 0, style: str = "default", *, hang: int = 0) -> None:
    """Print a sentence; what is in backquotes stays on one line, so that it can be copied.

    Args:
        text: the sentence.
        indent: columns before it.
        style: of all of it.
        hang: further columns before its second line and those after.
    """
    whole = _QUOTED.sub(
        lambda found: found.group().replace(" ", _GLUE), " ".join(text.splitlines())
    )
    for line in wrap(
        whole,
        _WIDTH - indent,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        results.print(f"{' ' * indent}[{style}]{safe(line.replace(_GLUE, ' '))}[/]")


def sentence(text: str) -> str:
    """`text` as a sentence: a capital unless it begins with a name, and a full stop."""
    first = text.partition(" ")[0]
    plain = first.isalpha() or first.rstrip(",").isalpha()
    return f"{text[:1].upper() if plain else text[:1]}{text[1:]}."


def count(number: int, one: str) -> str:
    """A number and what it counts."""
    return f"{number:,} {one if number == 1 else f'{one}s'}"
