"""The report as one page that carries everything itself: style, script and data. Loads nothing."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_TEMPLATES = Path(__file__).parent.parent.parent / "templates" / "audit"
_SCRIPTS = ("data.js", "graph.js", "list.js", "matrix.js", "page.js")
"""In this order: each uses the ones before it."""


def page(data: Mapping[str, Any], title: str) -> str:
    """The page.

    Its policy lets it run its own script and style, known by their hashes, and reach nothing: what
    a display name or a condition says is shown and never run.

    Args:
        data: what `provision.audit.page.page_data` makes.
        title: of the window.
    """
    style = template("page.css")
    script = '"use strict";\n(() => {\n' + "\n".join(map(template, _SCRIPTS)) + "\n})();\n"
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src '{hashed(script)}'; style-src '{hashed(style)}'; img-src data:"
    )
    parts = {
        "policy": policy,
        "title": _text(title),
        "style": style,
        "data": _harmless(json.dumps(data, separators=(",", ":"), ensure_ascii=False)),
        "script": script,
    }
    # One after the other, so that what stands in the data is never taken for a place to fill.
    before, found = "", template("page.html")
    for name, text in parts.items():
        head, _, found = found.partition("{{" + name + "}}")
        before += head + text
    return before + found


def template(name: str) -> str:
    """One of the page's files."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def hashed(text: str) -> str:
    """A script or style as a content security policy names it."""
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _harmless(text: str) -> str:
    """JSON that no ``</script>`` or comment in it can end (html.spec.whatwg.org, script data)."""
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
