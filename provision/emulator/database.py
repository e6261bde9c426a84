"""The file that the control side's state is kept in: SQLite, one row a record.

What is written in one step of the event loop is one transaction, which is handed to the operating
system before anybody is told of it: a process that is killed at any moment leaves all records of a
change as they were, or all as they became. Without an event loop each write is by itself.
"""

import asyncio
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
_TRY_AGAIN_SECONDS = 1.0
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

_POP = "DELETE FROM records WHERE collection = ? AND key = ?"


class NotKeptError(RuntimeError):
    """What was written is in memory and could not be put into the file, for want of space say."""


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
        self._cleared: dict[str, None] = {}
        self._fresh: dict[tuple[str, str], tuple[int, str] | None] = {}
        self._waits = False
        self._told = False
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
        self.flush()
        rows = self._connection.execute(
            "SELECT key, position FROM records WHERE collection = ? ORDER BY position",
            (collection,),
        )
        return dict(rows.fetchall())

    def get(self, collection: str, key: str) -> str:
        """A record's text. Raises `LookupError` when there is none."""
        if (collection, key) in self._fresh or collection in self._cleared:
            row = (self._fresh.get((collection, key)) or (0, None))[1:]
        else:
            row = self._connection.execute(
                "SELECT value FROM records WHERE collection = ? AND key = ?", (collection, key)
            ).fetchone()
        if not row or row[0] is None:
            raise LookupError(f"{collection} has no {key}")
        return str(row[0])

    def put(self, collection: str, key: str, position: int, value: str) -> None:
        """Write a record, or write over it."""
        self._fresh[collection, key] = (position, value)
        self._written()

    def pop(self, collection: str, key: str) -> None:
        """Remove a record."""
        self._fresh[collection, key] = None
        self._written()

    def clear(self, collection: str) -> None:
        """Remove every record of a collection."""
        for place in [one for one in self._fresh if one[0] == collection]:
            del self._fresh[place]
        self._cleared[collection] = None
        self._written()

    def _written(self) -> None:
        """See to it that what was written is in the file once the running step is over."""
        if self._waits:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            self._waits = True
            loop.call_soon(self._flush_by_itself)

    def _flush_by_itself(self) -> None:
        self._waits = False
        with contextlib.suppress(NotKeptError):
            self.flush()
            return
        self._waits = True
        asyncio.get_running_loop().call_later(_TRY_AGAIN_SECONDS, self._flush_by_itself)

    def flush(self) -> None:
        """Put into the file what was written, as a whole; it is tried again when that fails.

        Raises:
            NotKeptError: it cannot be put there now.
        """
        if not self._fresh and not self._cleared:
            return
        try:
            self._write()
        except sqlite3.Error as error:
            if not self._told:
                with contextlib.suppress(OSError):  # stderr may be a file on the same full disk
                    sys.stderr.write(f"{self.path} cannot be written for now: {error}\n")
            self._told = True
            raise NotKeptError(f"{self.path} cannot be written: {error}") from error
        self._told = False
        self._cleared.clear()
        self._fresh.clear()

    def _write(self) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for collection in self._cleared:
                execute("DELETE FROM records WHERE collection = ?", (collection,))
            for (collection, key), row in self._fresh.items():
                if row is None:
                    execute(_POP, (collection, key))
                else:
                    execute(_PUT, (collection, key, *row))
            execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:  # some errors have rolled it back already
                execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is written within happens as a whole or not at all."""
        self._waits = True
        try:
            yield
        except BaseException:
            self._fresh.clear()
            raise
        finally:
            self._waits = False
        self.flush()

    def close(self) -> None:
        """Close the file; nothing can be read or written any more."""
        with contextlib.suppress(NotKeptError):  # which was told
            self.flush()
        self._fresh.clear()
        self._connection.close()
