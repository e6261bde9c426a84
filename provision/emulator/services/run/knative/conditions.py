"""Conditions as v1 has them: status in place of state, reasons in camel case, Ready among them."""

from typing import Any

from google.cloud import run_v2

from provision.emulator.services.run.records import RevisionRecord

_STATUS = {
    int(run_v2.Condition.State.CONDITION_SUCCEEDED): "True",
    int(run_v2.Condition.State.CONDITION_FAILED): "False",
}
_OF_SERVICE = ("ConfigurationsReady", "RoutesReady")
_FIRST_PARTS = {"ContainerReady": "ContainerHealthy"}
_SEVERITY = {"Active": "Info", "ResourcesAvailable": "Error"}


def service_conditions(message: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - Service
    """Ready, ConfigurationsReady and RoutesReady, in this order (recorded).

    While a roll-out goes on all of them are unknown: what the last one came to would be read as
    this one's end.
    """
    if message.terminal_condition.state not in _STATUS:
        since = message.update_time.ToJsonString()
        return [
            {"type": kind, "status": "Unknown", "lastTransitionTime": since}
            for kind in ("Ready", *_OF_SERVICE)
        ]
    known = {one.type_: one for one in message.conditions}
    parts = [known[kind] for kind in _OF_SERVICE if kind in known]
    return [_shown(one) for one in (message.terminal_condition, *parts)]


def job_conditions(message: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - Job
    """Ready of a job, none in a new one; one being replaced shows what it was (recorded)."""
    ready = message.terminal_condition
    if ready.state in _STATUS:
        return [_shown(ready)]
    if ready.HasField("last_transition_time"):
        since = ready.last_transition_time.ToJsonString()
        return [{"type": "Ready", "status": "True", "lastTransitionTime": since}]
    return []


def execution_conditions(message: Any, expected: tuple[str, ...]) -> list[dict[str, Any]]:  # noqa: ANN401 - Execution or Task
    """Conditions of an execution or task; of those that are not told yet, that they are unknown.

    Args:
        message: the v2 message.
        expected: types that are always there, in their order: gcloud waits for them.
    """
    known = {one.type_: one for one in message.conditions if one.HasField("last_transition_time")}
    since = message.create_time.ToJsonString()
    unknown = {"status": "Unknown", "lastTransitionTime": since}
    return [
        _shown(known[kind]) if kind in known else {"type": kind, **unknown} for kind in expected
    ]


def first_conditions(message: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - Job
    """Of a job that was never ready: unknown, and the system's next try beside it (recorded)."""
    since = message.update_time.ToJsonString()
    return [
        {"type": "Ready", "status": "Unknown", "lastTransitionTime": since},
        {
            "type": "Retry",
            "status": "True",
            "reason": "ImmediateRetry",
            "message": "System will retry after 0:00:00 from lastTransitionTime for attempt 0.",
            "lastTransitionTime": since,
            "severity": "Info",
        },
    ]


def part_condition(message: Any, kind: str) -> list[dict[str, Any]]:  # noqa: ANN401 - Service
    """Ready of a service's configuration or route: the service's own condition of that name."""
    found = next(one for one in service_conditions(message) if one["type"] == kind)
    return [{**found, "type": "Ready"}]


def revision_conditions(record: RevisionRecord, *, active: bool) -> list[dict[str, Any]]:
    """Ready, Active, ContainerHealthy and ResourcesAvailable, in this order (recorded).

    Args:
        record: the revision.
        active: whether it takes traffic.
    """
    message = record.message
    if not message.conditions:
        since = message.update_time.ToJsonString()
        return [{"type": "Ready", "status": "Unknown", "lastTransitionTime": since}]
    shown = [_shown(one) for one in message.conditions]
    for one in shown:
        one["type"] = _FIRST_PARTS.get(one["type"], one["type"])
    ready = [one for one in shown if one["type"] == "Ready"]
    rest = [one for one in shown if one["type"] != "Ready"]
    if record.ready:
        state = {"type": "Active", "status": str(active)}
        if not active:
            state |= {"reason": "Retired", "message": "Revision retired."}
        ready.append({**state, "lastTransitionTime": message.update_time.ToJsonString()})
    made = [*ready, *rest]
    for one in made:
        if one["type"] in _SEVERITY:
            one["severity"] = _SEVERITY[one["type"]]
    return made


def _shown(one: Any) -> dict[str, Any]:  # noqa: ANN401 - Condition
    made: dict[str, Any] = {"type": one.type_, "status": _STATUS.get(one.state, "Unknown")}
    reason = _reason(one)
    if reason:
        made["reason"] = reason
    if one.message:
        made["message"] = one.message
    made["lastTransitionTime"] = one.last_transition_time.ToJsonString()
    return made


def _reason(one: Any) -> str:  # noqa: ANN401 - Condition
    """``HEALTH_CHECK_CONTAINER_ERROR`` is ``HealthCheckContainerError`` in v1."""
    name = ""
    if one.revision_reason:
        name = run_v2.Condition.RevisionReason(one.revision_reason).name
    elif one.execution_reason:
        name = run_v2.Condition.ExecutionReason(one.execution_reason).name
    elif one.reason:
        name = run_v2.Condition.CommonReason(one.reason).name
    return "".join(word.capitalize() for word in name.split("_"))
