"""The outputs in docs/audit.md, as the program really prints them.

python -m tests.functional.audit.docs_page      writes them anew
"""

import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
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
_AGE = timedelta(hours=2, minutes=30)
"""How old the snapshot is, which a run says rounded: a page written today is right tomorrow."""
_BACK = (timedelta(), timedelta(days=1))
"""Of today's snapshot, and of yesterday's."""


def rendered(text: str, directory: Path) -> str:
    """The page with every output of a command over a snapshot as it is now."""
    read = datetime.now(UTC) - _AGE
    dates = {
        form.format(read - back): form.format(acme.READ - back)
        for form in ("{:%Y-%m-%d}", "{:%H:%M UTC}")
        for back in _BACK
    }
    # All at once: yesterday's own date may be what today's is written as.
    shown = re.compile("|".join(dates))
    acme.write(directory / "org.jsonl", at=read)
    acme.write(directory / "today.jsonl", at=read)
    earlier = Group(acme.DEVS, (Membership(acme.ANN), Membership("user:flo@example.com")))
    acme.write(directory / "yesterday.jsonl", Policy(acme.SHOP), earlier, at=read - _BACK[1])

    def run(found: re.Match[str]) -> str:
        printed = shown.sub(lambda date: dates[date[0]], _printed(found[1], directory))
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
