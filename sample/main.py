#!/usr/bin/env python3
"""The demo's application: says who called it. Standard library only.

Cloud Run has verified the caller's token before a request gets here, and has taken its signature
away, so the claims are read and not verified again. Which claims there are:
https://cloud.google.com/run/docs/authenticating/service-to-service
"""

import base64
import binascii
import json
import os
import signal
import sys
from collections.abc import Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEADERS = ("X-Serverless-Authorization", "Authorization")


def caller(headers: Message) -> str:
    """Who the verified token says is calling: an e-mail, or a subject, or nobody."""
    for name in HEADERS:
        # Cloud Run may pass the scheme on in lower case.
        scheme, _, token = headers.get(name, "").partition(" ")
        if scheme.lower() == "bearer":
            found = claims(token)
            return str(found.get("email") or found.get("sub") or "somebody without a name")
    return "nobody"


def claims(token: str) -> Mapping[str, object]:
    """The middle part of a token, decoded; empty when it is none."""
    parts = token.split(".")
    try:
        decoded = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return decoded if isinstance(decoded, dict) else {}


class Handler(BaseHTTPRequestHandler):
    """Answers every path alike."""

    def do_GET(self) -> None:
        """Say who called, and which revision answers."""
        revision = os.environ.get("K_REVISION", "a process outside Cloud Run")
        greeting = os.environ.get("GREETING", "Hello")
        self._answer(f"{greeting}, {caller(self.headers)}. This is {revision}.\n")

    def do_POST(self) -> None:
        """Say how much came, and from whom."""
        length = self.headers.get("Content-Length", "0")
        received = len(self.rfile.read(int(length) if length.isdecimal() else 0))
        self._answer(f"{received} bytes from {caller(self.headers)}.\n")

    def do_PUT(self) -> None:
        """The same."""
        self.do_POST()

    def _answer(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve on the port that Cloud Run names, until it says to stop."""
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Handler)
    # As the container's first process it gets no default action for SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
