"""gcloud's own login, for where there are no Application Default Credentials.

Its tokens are asked of gcloud itself, which keeps them; that takes about a second, once.
"""

import json
import subprocess
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provision.errors import UsageError

_TIMEOUT = 60.0
"""Seconds that gcloud may take."""
_SERVICE_ACCOUNT = ".gserviceaccount.com"


def find_gcloud_login(environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - google-auth ships no types
    """Credentials of gcloud's active account; None when there is no gcloud, or nobody logged in.

    Args:
        environ: the environment, which says where gcloud is and what it is set to.
    """
    # Which reads specs, too: what the importable client has no need of.
    from provision.clients.gcloud_config import active_account, gcloud_program

    program, account = gcloud_program(environ), active_account(environ)
    if program is None or account is None:
        return None
    return _made(program, account.value, environ)


def _made(program: str, account: str, environ: Mapping[str, str]) -> Any:  # noqa: ANN401
    from google.auth import credentials
    from google.auth.exceptions import RefreshError

    class GcloudLogin(credentials.Credentials):
        """Tokens of gcloud's active account."""

        gcloud_account = account
        id_token: str | None = None

        def refresh(self, request: object) -> None:
            """Ask gcloud for tokens."""
            del request  # gcloud has its own way to the network
            told = json.loads(self._ask("config", "config-helper", "--force-auth-refresh"))
            held = told.get("credential", {})
            self.token = held.get("access_token")
            self.id_token = held.get("id_token")
            ends = held.get("token_expiry")
            self.expiry = datetime.fromisoformat(ends).replace(tzinfo=None) if ends else None

        def id_token_for(self, audience: str) -> str:
            """An ID token of a service account whose key gcloud holds."""
            return self._ask("auth", "print-identity-token", f"--audiences={audience}").strip()

        def _ask(self, *words: str) -> str:
            command = [program, *words, f"--account={account}", "--quiet", "--format=json"]
            if words[0] == "auth":
                command.pop()
            try:
                done = subprocess.run(
                    command,
                    env=dict(environ),
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=_TIMEOUT,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise RefreshError(f"gcloud could not be run ({type(error).__name__})") from None
            if done.returncode:
                said = " ".join(done.stderr.split())
                raise RefreshError(f"gcloud said: {said[:300]}")
            return done.stdout

    make: Any = GcloudLogin
    return make()


def id_token_of(credentials: Any, audience: str) -> str | None:  # noqa: ANN401
    """An ID token from gcloud's login as a service account; None for other credentials.

    Args:
        credentials: google-auth's, of any kind.
        audience: what the token is to be for.

    Raises:
        UsageError: gcloud gives none.
    """
    from google.auth.exceptions import RefreshError

    account = getattr(credentials, "gcloud_account", "")
    if not account.endswith(_SERVICE_ACCOUNT):
        return None
    try:
        return str(credentials.id_token_for(audience))
    except RefreshError as error:
        raise UsageError(
            f"Minting an ID token as {account}, who is logged in to gcloud: {error}",
            hint="`gcloud auth list` shows who is logged in; `gcloud auth login` logs in again.",
        ) from error
