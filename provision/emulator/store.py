"""Where the control side keeps its state: in memory, and in a file when a folder is given.

Records are decoded when they are first asked for, so that ten thousand of them are there at once
after a start.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from provision.emulator import history
from provision.emulator.database import Database

T = TypeVar("T")


def _as_is(value: Any) -> Any:  # noqa: ANN401 - JSON
    return value


class Table(Generic[T]):
    """Records by key, in order of creation.

    A record is one object: whoever asks for it gets the same one, and what became of it by a change
    in place is kept with `put`. Reads that are played stale get copies of what it was.

    Args:
        name: what it is called in the file.
        database: the file; None for memory only.
        encode: record to JSON.
        decode: JSON to record.
    """

    def __init__(
        self,
        name: str,
        database: Database | None,
        encode: Callable[[T], Any] = _as_is,
        decode: Callable[[Any], T] = _as_is,
    ) -> None:
        self._name = name
        self._database = database
        self._encode = encode
        self._decode = decode
        self._past = history.Past()
        self._records: dict[str, T] = {}
        self._orders = {} if database is None else database.keys(name)
        self._below: dict[str, dict[str, None]] = {}
        for key in self._orders:
            self._below.setdefault(_parent(key), {})[key] = None
        self._next = max(self._orders.values(), default=0) + 1

    def put(self, key: str, value: T) -> T:
        """Keep a record, or what became of it after a change in place; returns it."""
        order = self._orders.get(key, self._next)
        text = json.dumps(self._encode(value))
        self._remember(key, order, text)
        if self._database is not None:
            self._database.put(self._name, key, order, text)
        self._next = max(self._next, order + 1)
        self._orders[key] = order
        self._below.setdefault(_parent(key), {})[key] = None
        self._records[key] = value
        self._past.note(key, order, text)
        return value

    def _remember(self, key: str, order: int, text: str) -> None:
        """Before a change of a record whose past is not known: in the file stands what it was."""
        if key in self._past or key not in self._orders:
            return
        if self._database is not None:
            text = self._database.get(self._name, key)
        self._past.begin(key, order, text)

    def get(self, key: str) -> T | None:
        """The record, or None; what it was when the read is played stale."""
        past = history.moment()
        if past is None or key not in self._past:
            return self._current(key)
        text = self._past.at(key, past).text
        return None if text is None else self._decode(json.loads(text))

    def _current(self, key: str) -> T | None:
        found = self._records.get(key)
        if found is not None or key not in self._orders or self._database is None:
            return found
        return self._records.setdefault(
            key, self._decode(json.loads(self._database.get(self._name, key)))
        )

    def pop(self, key: str) -> T | None:
        """Take a record out; None when it was not there."""
        value = self._current(key)
        if value is None:
            return None
        order = self._orders[key]
        self._remember(key, order, json.dumps(self._encode(value)))
        if self._database is not None:
            self._database.pop(self._name, key)
        self._past.note(key, order, None)
        self._forget(key)
        return value

    def _forget(self, key: str) -> None:
        self._records.pop(key, None)
        del self._orders[key]
        siblings = self._below[_parent(key)]
        del siblings[key]
        if not siblings:
            del self._below[_parent(key)]

    def clear(self) -> None:
        """Take out every record, and forget what there was."""
        if self._database is not None:
            self._database.clear(self._name)
        self._records.clear()
        self._orders.clear()
        self._below.clear()
        self._past = history.Past()

    def __contains__(self, key: str) -> bool:
        """Whether there is a record of that key."""
        past = history.moment()
        if past is None or key not in self._past:
            return key in self._orders
        return self._past.at(key, past).text is not None

    def __len__(self) -> int:
        """How many records there are now."""
        return len(self._orders)

    def __iter__(self) -> Iterator[str]:
        """The keys, in order of creation."""
        return iter(self._visible(list(self._orders), ""))

    def below(self, parent: str) -> list[str]:
        """The keys that are ``PARENT/…`` without a further slash, in order of creation.

        Nothing is decoded for it.

        Args:
            parent: as in ``projects/p/locations/r/services``.
        """
        return self._visible(list(self._below.get(parent, ())), f"{parent}/")

    def _visible(self, keys: list[str], prefix: str) -> list[str]:
        """Of some keys, and of those that were there in the past, the ones that the task sees."""
        past = history.moment()
        if past is None:
            return keys
        orders = {key: self._orders[key] for key in keys}
        for key in self._past.keys():  # noqa: SIM118 - no dict: what it remembers
            version = self._past.at(key, past)
            if version.text is None:
                orders.pop(key, None)
            elif key.startswith(prefix) and (not prefix or _parent(key) == prefix[:-1]):
                orders[key] = version.order
        return sorted(orders, key=orders.__getitem__)

    def order(self, key: str) -> int:
        """A record's place in the order of creation; 0 when it is not there."""
        return self._orders.get(key, 0)

    def values(self) -> tuple[T, ...]:
        """The records in order of creation; decodes every one of them."""
        found = (self.get(key) for key in self)
        return tuple(one for one in found if one is not None)


class Store:
    """Makes tables, all in one file.

    Args:
        folder: where state survives a restart; None for memory only.

    Raises:
        RuntimeError: the file in the folder cannot be used.
    """

    def __init__(self, folder: Path | None) -> None:
        self._database = None if folder is None else Database(folder)
        self._tables: list[Table[Any]] = []
        self._named: dict[str, Table[Any]] = {}

    def table(
        self,
        name: str,
        encode: Callable[[T], Any] = _as_is,
        decode: Callable[[Any], T] = _as_is,
        *,
        kept_on_reset: bool = False,
    ) -> Table[T]:
        """A table by its name; those `kept_on_reset` outlive `reset`."""
        made = Table(name, self._database, encode, decode)
        self._named[name] = made
        if not kept_on_reset:
            self._tables.append(made)
        return made

    def find(self, name: str) -> Table[Any] | None:
        """A table that was made before, by its name; None when there is none."""
        return self._named.get(name)

    def reset(self) -> None:
        """Empty every table that is not kept."""
        for table in self._tables:
            table.clear()

    def flush(self) -> None:
        """See to it that what was written survives a kill, before somebody is told of it.

        Raises:
            NotKeptError: it cannot be put into the file.
        """
        if self._database is not None:
            self._database.flush()

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()


def _parent(key: str) -> str:
    return key.rpartition("/")[0]


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
