"""The outputs in docs/audit.md, as the program really prints them.

python -m tests.functional.audit.docs_page      writes them anew
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from provision.snapshot.records import Group, Membership, Policy
from tests.functional.audit import acme

ROOT = Path(__file__).parent.parent.parent.parent
PAGE = ROOT / "docs" / "audit.md"
_SHOWN = re.compile(
    r"```console\n\$ provision audit "
    r"([^\n]*(?:--snapshot org\.jsonl|yesterday\.jsonl today\.jsonl))\n.*?\n```",
    re.DOTALL,
)
_AGE = re.compile(r"\d+ (?:hour|minute|day)s? ago")


def rendered(text: str, directory: Path) -> str:
    """The page with every output of a command over a snapshot as it is now."""
    acme.write(directory / "org.jsonl")
    acme.write(directory / "today.jsonl")
    earlier = Group(acme.DEVS, (Membership(acme.ANN), Membership("user:flo@example.com")))
    yesterday = acme.READ.replace(day=20)
    acme.write(directory / "yesterday.jsonl", Policy(acme.SHOP), earlier, at=yesterday)

    def run(found: re.Match[str]) -> str:
        printed = _AGE.sub("2 hours ago", _printed(found[1], directory))
        return f"```console\n$ provision audit {found[1]}\n{printed.rstrip()}\n```"

    return _SHOWN.sub(run, text)


def _printed(words: str, directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "provision", "audit", *words.split()],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(directory), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if not done.stdout:
        raise RuntimeError(done.stderr)
    return done.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        PAGE.write_text(rendered(PAGE.read_text(), Path(made)))
