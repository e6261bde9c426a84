"""gcloud's own configuration folder, with the emulator's identity logged in.

The form is gcloud's (a table of credentials by account, an active configuration), so that other
accounts can be activated and switched to as anywhere else.
"""

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path

# gcloud's own OAuth client: the audience of the ID tokens that it prints for users.
CLIENT = "32555940559.apps.googleusercontent.com"

_TABLE = 'CREATE TABLE IF NOT EXISTS "credentials" (account_id TEXT PRIMARY KEY, value BLOB)'
_SCOPES = (
    "openid",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/cloud-platform",
)


def log_in(folder: Path, credentials: Mapping[str, str]) -> None:
    """Have gcloud know the account, and be active as it unless another one was chosen since.

    Args:
        folder: gcloud's configuration folder; exists.
        credentials: of the ``authorized_user`` kind, with the account's e-mail; secret.

    Raises:
        OSError: the folder cannot be written.
        sqlite3.Error: what lies there is not gcloud's.
    """
    account = credentials["account"]
    kept = {key: value for key, value in credentials.items() if key != "account"}
    value = json.dumps({**kept, "client_id": CLIENT, "scopes": _SCOPES}, sort_keys=True)
    store = folder / "credentials.db"
    store.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(store)) as database, database:
        database.execute(_TABLE)
        query = "SELECT value FROM credentials WHERE account_id = ?"
        if database.execute(query, (account,)).fetchone() == (value,):
            return
        database.execute("DELETE FROM credentials")
        database.execute("INSERT INTO credentials VALUES (?, ?)", (account, value))
    _start_over(folder, account)


def _start_over(folder: Path, account: str) -> None:
    """Another emulator than last time: nothing that was issued by that one is worth anything."""
    (folder / "access_tokens.db").unlink(missing_ok=True)
    configurations = folder / "configurations"
    configurations.mkdir(mode=0o700, exist_ok=True)
    for path, text in (
        (configurations / "config_default", f"[core]\naccount = {account}\n"),
        (folder / "active_config", "default"),
    ):
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
