#!/usr/bin/env python3
"""What the demo asks of the emulator beside `provision`: accounts, tokens, addresses.

All of it goes to the APIs that Google Cloud has too, as the emulator's default identity; only where
that identity comes from, and what was asked so far, is the emulator's own.
"""

from typing import Any

import requests

SECONDS = 30


class DemoCloud:
    """A running emulator.

    Args:
        http: where its REST services listen.
    """

    def __init__(self, http: str) -> None:
        self._http = http
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy has no business with this machine's own addresses
        told = self._call("GET", "/_emulator")
        self.project = str(told["project"])
        self._session.headers["Authorization"] = f"Bearer {self._access_token(told['adc'])}"

    def email(self, account: str) -> str:
        """The e-mail of the service account with that id."""
        return f"{account}@{self.project}.iam.gserviceaccount.com"

    def create_account(self, account: str) -> str:
        """Create a service account, and return its e-mail."""
        path = f"/v1/projects/{self.project}/serviceAccounts"
        return str(self._call("POST", path, {"accountId": account})["email"])

    def id_token(self, email: str, audience: str) -> str:
        """An ID token of a service account for `audience`; secret."""
        path = f"/v1/projects/-/serviceAccounts/{email}:generateIdToken"
        return str(self._call("POST", path, {"audience": audience, "includeEmail": True})["token"])

    def url(self, region: str, service: str) -> str:
        """The preferred address of a service."""
        path = f"/v2/projects/{self.project}/locations/{region}/services/{service}"
        return str(self._call("GET", path)["uri"])

    def writes(self) -> int:
        """How many requests so far were not reads."""
        return sum(
            1 for one in self._call("GET", "/_emulator/requests")["requests"] if one["write"]
        )

    def _access_token(self, credentials: dict[str, str]) -> str:
        form = {key: credentials[key] for key in ("client_id", "client_secret", "refresh_token")}
        answer = self._session.post(
            credentials["token_uri"],
            data={"grant_type": "refresh_token", **form},
            timeout=SECONDS,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self._session.request(method, f"{self._http}{path}", json=body, timeout=SECONDS)
        answer.raise_for_status()
        told = answer.json()
        return told if isinstance(told, dict) else {"requests": told}
