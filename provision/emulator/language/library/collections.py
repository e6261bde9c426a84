"""``list`` and ``map``: each function answers a copy.

Source: https://cloud.google.com/workflows/docs/reference/stdlib/list and …/map.
"""

from typing import Final

from provision.emulator.language.faults import type_fault
from provision.emulator.language.library.signature import Entry, listing, plain, table, text
from provision.emulator.language.values import Value


def _concat(objs: Value, val: Value) -> Value:
    return [*listing(objs, "list.concat"), val]


def _prepend(objs: Value, val: Value) -> Value:
    return [val, *listing(objs, "list.prepend")]


def _get(of: Value, keys: Value) -> Value:
    wanted = keys if isinstance(keys, list) else [keys]
    found = of
    for key in wanted:
        if not isinstance(key, str):
            raise type_fault("map.get() takes a string or a list of strings as keys")
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _delete(of: Value, key: Value) -> Value:
    gone = text(key, "map.delete")
    return {name: value for name, value in table(of, "map.delete").items() if name != gone}


def _merge(first: Value, second: Value) -> Value:
    return {**table(first, "map.merge"), **table(second, "map.merge")}


def _merge_nested(first: Value, second: Value) -> Value:
    left, right = table(first, "map.merge_nested"), table(second, "map.merge_nested")
    merged = {**left, **right}
    for key in left.keys() & right.keys():
        if isinstance(left[key], dict) and isinstance(right[key], dict):
            merged[key] = _merge_nested(left[key], right[key])
    return merged


FUNCTIONS: Final[dict[str, Entry]] = {
    "list.concat": plain(_concat, "objs", "val"),
    "list.prepend": plain(_prepend, "objs", "val"),
    "map.get": plain(_get, "map", "keys"),
    "map.delete": plain(_delete, "map", "key"),
    "map.merge": plain(_merge, "first", "second"),
    "map.merge_nested": plain(_merge_nested, "first", "second"),
}
