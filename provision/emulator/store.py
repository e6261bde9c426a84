"""Where the control side keeps its state: in memory, and in a folder when one is given.

One small file a record, replaced atomically, so that a process killed at any moment leaves each
record either as it was or as it became.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, ValuesView
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def _as_is(value: Any) -> Any:  # noqa: ANN401 - JSON
    return value


class Table(Generic[T]):
    """Records by key, in order of creation.

    Args:
        folder: where files go; None for memory only.
        encode: record to JSON.
        decode: JSON to record.
    """

    def __init__(
        self,
        folder: Path | None,
        encode: Callable[[T], Any] = _as_is,
        decode: Callable[[Any], T] = _as_is,
    ) -> None:
        self._folder = folder
        self._encode = encode
        self._decode = decode
        self._records: dict[str, T] = {}
        self._orders: dict[str, int] = {}
        self._next = 1
        self._load()

    def _load(self) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = [json.loads(path.read_text()) for path in self._folder.glob("*.json")]
        for entry in sorted(found, key=lambda entry: entry["order"]):
            self._records[entry["key"]] = self._decode(entry["value"])
        # Orders are kept dense enough by starting after the highest one.
        self._next = max((entry["order"] for entry in found), default=0) + 1
        self._orders = {entry["key"]: entry["order"] for entry in found}

    def put(self, key: str, value: T) -> T:
        """Keep a record, or what became of it after a change in place; returns it."""
        self._records[key] = value
        if self._folder is not None:
            order = self._orders.setdefault(key, self._next)
            self._next = max(self._next, order + 1)
            entry = {"key": key, "order": order, "value": self._encode(value)}
            write_atomically(self._path(key), json.dumps(entry))
        return value

    def get(self, key: str) -> T | None:
        """The record, or None."""
        return self._records.get(key)

    def pop(self, key: str) -> T | None:
        """Take a record out; None when it was not there."""
        value = self._records.pop(key, None)
        if value is not None and self._folder is not None:
            self._path(key).unlink(missing_ok=True)
            self._orders.pop(key, None)
        return value

    def clear(self) -> None:
        """Take out every record."""
        for key in list(self._records):
            self.pop(key)

    def _path(self, key: str) -> Path:
        if self._folder is None:
            raise ValueError("this table is kept in memory only")
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"

    def __contains__(self, key: str) -> bool:
        """Whether there is a record of that key."""
        return key in self._records

    def __iter__(self) -> Iterator[str]:
        """The keys, in order of creation."""
        return iter(list(self._records))

    def values(self) -> ValuesView[T]:
        """The records in order of creation."""
        return self._records.copy().values()


class Store:
    """Makes tables, all beneath one folder.

    Args:
        folder: where state survives a restart; None for memory only.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._tables: list[Table[Any]] = []

    def table(
        self,
        name: str,
        encode: Callable[[T], Any] = _as_is,
        decode: Callable[[Any], T] = _as_is,
        *,
        kept_on_reset: bool = False,
    ) -> Table[T]:
        """A table by its name; those `kept_on_reset` outlive `reset`."""
        folder = None if self.folder is None else self.folder / name
        made = Table(folder, encode, decode)
        if not kept_on_reset:
            self._tables.append(made)
        return made

    def reset(self) -> None:
        """Empty every table that is not kept."""
        for table in self._tables:
            table.clear()


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content in one step; only the owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it; nothing happens when it is not there."""
    shutil.rmtree(folder, ignore_errors=True)
