"""Lists of executions and of step entries: what is shown of each, filters and orders.

Source: the comments of ``ListExecutionsRequest`` and ``ListStepEntriesRequest``. A filter is terms
joined by AND (https://google.aip.dev/160); other forms are refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from provision.emulator.rpc.execution_forms import Execution
from provision.emulator.rpc.status import invalid
from provision.emulator.times import to_micros

_BASIC = (
    *("name", "create_time", "start_time", "end_time", "duration", "state", "status"),
    "workflow_revision_id",
)
"""What lists show (recorded): also where an execution is."""
_TERM = re.compile(r'([\w.]+)\s*(!=|<=|>=|=|<|>|:)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_NOTHING = ""

Reader = Callable[[Any], Any]


def basic(execution: Any) -> Any:  # noqa: ANN401 - Execution
    """An execution as lists show it: without argument, result, error and labels."""
    shown = Execution()
    shown.CopyFrom(execution)
    for field in shown.DESCRIPTOR.fields:
        if field.name not in _BASIC:
            shown.ClearField(field.name)
    return shown


def _moment(field: str) -> Reader:
    return lambda one: _told(getattr(one, field)) if one.HasField(field) else _NOTHING


def _told(stamp: Any) -> str:  # noqa: ANN401 - a Timestamp
    """A moment as texts that are in order when the moments are."""
    return str(stamp.ToDatetime().isoformat(timespec="microseconds")) + "Z"


def _enum(field: str) -> Reader:
    def read(one: Any) -> str:  # noqa: ANN401 - a message
        values = one.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
        return str(values[getattr(one, field)].name)

    return read


EXECUTION_FIELDS: Mapping[str, Reader] = {
    "executionid": lambda one: one.name.rpartition("/")[2],
    "state": _enum("state"),
    "createtime": _moment("create_time"),
    "starttime": _moment("start_time"),
    "endtime": _moment("end_time"),
    "duration": lambda one: one.duration.ToMicroseconds() / 1e6,
    "workflowrevisionid": lambda one: one.workflow_revision_id,
    "stepname": lambda one: [step.step for step in one.status.current_steps],
}
STEP_FIELDS: Mapping[str, Reader] = {
    "entryid": lambda one: float(one.entry_id),
    "createtime": _moment("create_time"),
    "updatetime": _moment("update_time"),
    "routine": lambda one: one.routine,
    "step": lambda one: one.step,
    "steptype": _enum("step_type"),
    "parent": lambda one: float(one.navigation_info.parent),
    "state": lambda one: _enum("state")(one).removeprefix("STATE_"),
}


def filtered(items: Sequence[Any], text: str, fields: Mapping[str, Reader]) -> Sequence[Any]:
    """The items that a filter lets through. Raises `ApiError` (INVALID_ARGUMENT).

    Args:
        items: the whole list.
        text: terms joined by AND; empty for all.
        fields: what can be filtered by, in lower case, and how it is read from an item.
    """
    found = items
    for part in re.split(r"\s+AND\s+", text.strip()) if text.strip() else ():
        term = _TERM.fullmatch(part.strip())
        read = _reader(term.group(1), fields) if term else None
        if term is None or read is None:
            raise invalid(f"Invalid filter: {text[:200]}")
        wanted = term.group(3) if term.group(4) is None else term.group(4)
        found = [one for one in found if _fits(read(one), term.group(2), wanted, text)]
    return found


def _reader(name: str, fields: Mapping[str, Reader]) -> Reader | None:
    head, _, key = name.partition(".")
    if head in ("label", "labels") and key and "executionid" in fields:
        return lambda one: one.labels.get(key, _NOTHING)
    return fields.get(name.replace("_", "").lower())


def _fits(value: Any, sign: str, wanted: str, text: str) -> bool:  # noqa: ANN401 - of a field
    if isinstance(value, list):
        return (wanted in value) is (sign != "!=")
    if isinstance(value, float):
        try:
            return _COMPARED[sign](value, float(wanted.removesuffix("s")))
        except ValueError:
            raise invalid(f"Invalid filter: {text[:200]}") from None
    return _COMPARED[sign](value, wanted.removeprefix("STATE_") if "STATE_" in wanted else wanted)


_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    ":": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}


def newest_first(items: Sequence[Any]) -> list[Any]:
    """Executions by when they started, the newest first."""
    return sorted(items, key=lambda one: to_micros(one.start_time), reverse=True)
