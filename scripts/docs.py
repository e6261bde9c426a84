#!/usr/bin/env python3
"""Write docs/commands.md from the commands themselves, or check that it is in step.

python scripts/docs.py            write it
python scripts/docs.py --check    exit 1 when it lags
"""

import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
HEAD = "<!-- Made by scripts/docs.py from the commands' own help. Do not edit. -->\n\n"


def main() -> int:
    """Write or check the page; returns the exit code."""
    made = HEAD + _commands()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == made:
        return 0
    sys.stderr.write("docs/commands.md lags the commands: run `python scripts/docs.py`.\n")
    return 1


def _commands() -> str:
    words = ["provision.cli.app", "utils", "docs", "--name", "provision"]
    done = subprocess.run(
        [sys.executable, "-m", "typer", *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
