"""The file that the control side's state is kept in: SQLite, one row a record.

Each write is a transaction of its own, and handed to the operating system before it is answered, so
that a process killed at any moment leaves each record either as it was or as it became.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

_FORMAT = 1
_WAIT_SECONDS = 2.0
_TABLE = """
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (collection, key)
)"""
# Everything that is read at the start stands in the index; values are read when asked for.
_INDEX = """
CREATE INDEX IF NOT EXISTS records_in_order ON records (collection, position, key)"""
_PUT = """
INSERT INTO records (collection, key, position, value) VALUES (?, ?, ?, ?)
ON CONFLICT (collection, key) DO UPDATE SET position = excluded.position, value = excluded.value"""


class Database:
    """The rows, by collection and key.

    Args:
        folder: where ``state.sqlite`` is, readable by its owner alone; held by one process at once.

    Raises:
        RuntimeError: the file is in use, of a later version, or damaged.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / "state.sqlite"
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            self._connection = self._open()
            self._import_folder(folder / "state")
        except sqlite3.Error as error:
            raise RuntimeError(f"{self.path} cannot be used: {error}") from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > _FORMAT:
            raise RuntimeError(f"{self.path} was made by a later version of the emulator")
        connection.execute(_TABLE)
        connection.execute(_INDEX)
        connection.execute(f"PRAGMA user_version = {_FORMAT}")
        return connection

    def _import_folder(self, former: Path) -> None:
        """Take in what an earlier version kept as one file a record, and remove it."""
        if not former.is_dir():
            return
        found = sorted(former.glob("*/*.json"))
        with self.together():
            for path in found:
                entry = json.loads(path.read_text())
                value = json.dumps(entry["value"])
                self.put(path.parent.name, entry["key"], entry["order"], value)
                if path.parent.name == "operations" and not entry["value"].get("done"):
                    self.put("operations-pending", entry["key"], entry["order"], "true")
        shutil.rmtree(former)
        sys.stderr.write(f"took over {len(found)} records that an earlier version had kept\n")

    def keys(self, collection: str) -> dict[str, int]:
        """Every key with its place in the order of creation, in this order."""
        rows = self._connection.execute(
            "SELECT key, position FROM records WHERE collection = ? ORDER BY position",
            (collection,),
        )
        return dict(rows.fetchall())

    def get(self, collection: str, key: str) -> str:
        """A record's text. Raises `LookupError` when there is none."""
        row = self._connection.execute(
            "SELECT value FROM records WHERE collection = ? AND key = ?", (collection, key)
        ).fetchone()
        if row is None:
            raise LookupError(f"{collection} has no {key}")
        return str(row[0])

    def put(self, collection: str, key: str, position: int, value: str) -> None:
        """Write a record, or write over it."""
        self._connection.execute(_PUT, (collection, key, position, value))

    def pop(self, collection: str, key: str) -> None:
        """Remove a record."""
        self._connection.execute(
            "DELETE FROM records WHERE collection = ? AND key = ?", (collection, key)
        )

    def clear(self, collection: str) -> None:
        """Remove every record of a collection."""
        self._connection.execute("DELETE FROM records WHERE collection = ?", (collection,))

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is written within happens as a whole or not at all."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file; nothing can be read or written any more."""
        self._connection.close()
