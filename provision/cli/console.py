"""Where output goes: results to stdout, progress and errors to stderr."""

import json
import sys

from rich.console import Console

results = Console(soft_wrap=True, highlight=False, emoji=False)
errors = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)


def print_json(value: object) -> None:
    """Write one JSON document to stdout, keys in a stable order."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
