"""Which fields of a bucket or object are kept, and what becomes of them by a write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.emulator.services.storage.errors import StorageError, not_here, wrong


@dataclass(frozen=True)
class Fields:
    """The fields of a kind of thing.

    Args:
        what: the kind, as in ``Buckets``.
        maps: those that are kept and are JSON objects; their keys are written one by one.
        texts: those that are kept and are texts.
        told: those that only the server writes, or that are seen to elsewhere; passed over.
        off: those that may be sent only with certain values, which say that they are not wanted.
    """

    what: str
    maps: Iterable[str] = ()
    texts: Iterable[str] = ()
    told: Iterable[str] = ()
    off: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def settled(self, before: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
        """What is kept after a write; null takes away.

        Args:
            before: what was kept; empty for something new.
            sent: the thing as sent.

        Raises:
            StorageError: it cannot be, or would be kept for nothing.
        """
        after = dict(before)
        for key, value in sent.items():
            if key in self.maps:
                after[key] = _merged(before.get(key, {}), value)
            elif key in self.texts:
                after[key] = _text(value)
            elif key not in self.told and value is not None and value not in self.off.get(key, ()):
                raise not_here(f"{self.what} with {key} are")
        return {key: value for key, value in after.items() if value not in ("", {})}


def _merged(before: Mapping[str, Any], sent: object) -> dict[str, Any]:
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        raise unreadable()
    return {key: value for key, value in {**before, **sent}.items() if value is not None}


def _text(sent: object) -> str:
    if sent is not None and not isinstance(sent, str):
        raise unreadable()
    return sent or ""


def check_texts(values: Mapping[str, object]) -> None:
    """Raise `StorageError` unless all values of a map are texts."""
    if not all(isinstance(one, str) for one in values.values()):
        raise unreadable()


def unreadable() -> StorageError:
    """400 of what is no such JSON."""
    return wrong("Parse Error", "parseError")
