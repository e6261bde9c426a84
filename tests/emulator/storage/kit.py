"""Requests to Cloud Storage's JSON API as somebody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import googleapiclient
import requests

from tests.conftest import DEVELOPER, RunningEmulator

DOCUMENT = (
    Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "storage.v1.json"
)
"""Google's own description of the API."""
BUCKET = "orders-data"
STRANGER = "user:ann@example.com"


@dataclass(frozen=True)
class Storage:
    """The API as one member reaches it.

    Args:
        emulator: where it is.
        member: who asks; nobody's token is sent when empty.
    """

    emulator: RunningEmulator
    member: str = DEVELOPER
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def __call__(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - as requests takes them
    ) -> requests.Response:
        """Ask for a path, ``/storage/v1/b``, or a whole address."""
        sent = dict(headers or {})
        if self.member:
            sent["Authorization"] = f"Bearer {self.emulator.token(self.member)}"
        url = path if path.startswith("http") else f"{self.emulator.http}{path}"
        return self.session.request(
            method, url, headers=sent, timeout=30, allow_redirects=False, **more
        )

    def bucket(self, name: str = BUCKET, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Make a bucket."""
        path = f"/storage/v1/b?project={self.emulator.project}"
        made = self("POST", path, json={"name": name, **fields})
        assert made.status_code == 200, made.text
        told: dict[str, Any] = made.json()
        return told

    def put(self, name: str, content: bytes = b"one", **query: str) -> requests.Response:
        """Insert an object with its content alone."""
        path = f"/upload/storage/v1/b/{BUCKET}/o"
        asked = {"uploadType": "media", "name": name, **query}
        return self(
            "POST", path, params=asked, data=content, headers={"Content-Type": "text/plain"}
        )

    def get(self, name: str, **query: str) -> requests.Response:
        """Ask for an object."""
        return self("GET", f"/storage/v1/b/{BUCKET}/o/{quote(name, safe='')}", params=query)

    def names(self, **query: str) -> tuple[list[str], list[str]]:
        """The objects and the prefixes that a list tells."""
        told = self("GET", f"/storage/v1/b/{BUCKET}/o", params=query).json()
        return [one["name"] for one in told.get("items", [])], told.get("prefixes", [])


def said(answer: requests.Response) -> tuple[int, str, str]:
    """Status, reason and message of a refusal."""
    error = answer.json()["error"]
    [entry] = error["errors"]
    assert (error["code"], error["message"]) == (answer.status_code, entry["message"])
    assert entry["domain"] == "global"
    return answer.status_code, entry["reason"], entry["message"]
