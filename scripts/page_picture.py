#!/usr/bin/env python3
"""Take the picture of the audit's page that docs/audit.md shows: docs/audit-page.png.

    page_picture.py          needs Chromium (scripts/browser.py)

The organisation is the one of docs/audit.md.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from browser import NAMES
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from provision.audit import Audit  # noqa: E402 - the checkout, found by the line above
from provision.audit.findings import report  # noqa: E402 - likewise
from provision.audit.page import page_data  # noqa: E402 - likewise
from provision.cli.views.audit_page import page  # noqa: E402 - likewise
from provision.snapshot import load  # noqa: E402 - likewise
from tests.functional.audit import acme  # noqa: E402 - likewise

WHERE = ROOT / "docs" / "audit-page.png"


def main() -> None:
    """Make the page, open it on a target, and keep what is seen."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        audit = Audit(load(acme.write(Path(folder) / "acme.jsonl")))
        path = Path(folder) / "report.html"
        path.write_text(page(page_data(report(audit), audit), "Who can invoke what"), "utf-8")
        found = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 1200, "height": 760})
        window.goto(path.as_uri())
        window.click("#tab-targets")
        window.focus("#targets .list")
        window.keyboard.press("Home")
        window.click("#targets .detail .v-can ~ ul button")
        window.evaluate("scrollTo(0, 0)")
        window.screenshot(path=WHERE)
        browser.close()


if __name__ == "__main__":
    main()
