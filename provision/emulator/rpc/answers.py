"""Writes down what the REST APIs answer, for tests that hold the answers to Google's schemas."""

import json
from pathlib import Path
from typing import Any

from aiohttp import web

from provision.emulator.rpc import hosts
from provision.emulator.rpc.redaction import redacted

VARIABLE = "PROVISION_EMULATOR_ANSWERS"
"""Names the file where the command line does not."""

_SECRET_FIELDS = {
    "accessToken": "redacted",
    "access_token": "redacted",
    "token": "redacted",
    "privateKeyData": "cmVkYWN0ZWQ=",
    "signedBlob": "cmVkYWN0ZWQ=",
    "signedJwt": "redacted",
}
_NOT_APIS = ("/_emulator", "/token", "/oauth2/", "/o/", "/v1/userinfo", "/v2/token")


class AnswerLog:
    """Appends each answer of a REST API to a file: one line of JSON, without tokens and keys.

    Args:
        path: the file; several emulators may write to one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def attach(self, app: web.Application) -> None:
        """Write down what the application and those below it answer from now on."""
        app.on_response_prepare.append(self._note)

    async def _note(self, request: web.Request, response: web.StreamResponse) -> None:
        # Google's front end names itself; so does every answer of an API here, and nothing else.
        if response.headers.get("Server") != "ESF" or request.path.startswith(_NOT_APIS):
            return
        if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
            return
        line = {
            "host": hosts.authority(request),
            "method": request.method,
            "path": redacted(request.rel_url.raw_path),
            "integers": "enum-encoding=int" in request.query_string.replace("%3D", "="),
            "status": response.status,
            "body": _without_secrets(json.loads(response.body)),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    if isinstance(value, str):
        return redacted(value)
    if not isinstance(value, dict):
        return value
    return {
        key: _SECRET_FIELDS[key]
        if key in _SECRET_FIELDS and isinstance(one, str)
        else _without_secrets(one)
        for key, one in value.items()
    }
