#!/usr/bin/env python3
"""Write docs/commands.md and what is made in emulator.md, findings.md and scale.md, or check them.

python scripts/docs.py            write them
python scripts/docs.py --check    exit 1 when one lags
"""

import subprocess
import sys
from pathlib import Path

from recorded import with_lists
from rpcs import with_rpcs
from rules import with_rules
from scale import with_figures

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "commands.md"
EMULATOR = ROOT / "docs" / "emulator.md"
FINDINGS = ROOT / "docs" / "findings.md"
SCALE = ROOT / "docs" / "scale.md"
HEAD = "<!-- Made by scripts/docs.py from the commands' own help. Do not edit. -->\n\n"


def main() -> int:
    """Write or check the pages; returns the exit code."""
    emulator = with_rpcs(with_lists(EMULATOR.read_text(encoding="utf-8")))
    findings = with_rules(FINDINGS.read_text(encoding="utf-8"))
    scale = with_figures(SCALE.read_text(encoding="utf-8"))
    made = {PAGE: HEAD + _commands(), EMULATOR: emulator, FINDINGS: findings, SCALE: scale}
    if "--check" not in sys.argv[1:]:
        for page, text in made.items():
            page.write_text(text, encoding="utf-8")
        return 0
    lagging = [page for page, text in made.items() if not _is(page, text)]
    for page in lagging:
        name = page.relative_to(ROOT)
        sys.stderr.write(f"{name} lags what it is made from: run `python scripts/docs.py`.\n")
    return 1 if lagging else 0


def _is(page: Path, text: str) -> bool:
    return page.exists() and page.read_text(encoding="utf-8") == text


def _commands() -> str:
    words = ["provision.cli.app", "utils", "docs", "--name", "provision"]
    done = subprocess.run(
        [sys.executable, "-m", "typer", *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
