"""Executions and tasks as v1 shows them; labels, annotations and owners as on Google Cloud."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from provision.emulator.services.run.execution_conditions import completed, is_cancelled
from provision.emulator.services.run.knative.conditions import execution_conditions
from provision.emulator.services.run.knative.jobs_shown import API, OF_TASK, task_spec
from provision.emulator.services.run.knative.to_v1 import resource_version, shown_by
from provision.emulator.services.run.knative.to_v2 import REGION_LABEL
from provision.emulator.services.run.outcome import STATE

_RUN = "run.googleapis.com"
_PARTS = ("Completed", "ResourcesAvailable", "Started", "ContainerReady")
_COUNTS = ("running", "succeeded", "failed", "cancelled", "retried")


def execution(message: Any, number: int, notes: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401 - Execution
    """An execution in the Knative form.

    Args:
        message: the v2 Execution.
        number: the project's number.
        notes: of the job it was made of, and of the operation; empty when not known.
    """
    about = _metadata(message, number, "executions")
    about["labels"] = execution_labels(message, notes)
    about["annotations"] |= _job_annotations(message, notes)
    if "uid" in notes:
        about["ownerReferences"] = [
            {
                "apiVersion": "serving.knative.dev/v1",
                "kind": "Job",
                "name": message.job,
                "uid": notes["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
    return {
        "apiVersion": API,
        "kind": "Execution",
        "metadata": about,
        "spec": {
            "parallelism": message.parallelism,
            "taskCount": message.task_count,
            "template": {"spec": task_spec(message.template)},
        },
        "status": _execution_status(message),
    }


def execution_labels(message: Any, notes: Mapping[str, str]) -> dict[str, str]:  # noqa: ANN401 - Execution
    """The labels of an execution; see `execution`."""
    labels = {
        **_labels(message),
        f"{_RUN}/job": message.job,
        f"{_RUN}/jobGeneration": notes.get("generation", ""),
        f"{_RUN}/jobResourceVersion": notes.get("changed", ""),
        f"{_RUN}/jobUid": notes.get("uid", ""),
        # By which gcloud finds those that still run.
        f"{_RUN}/servingState": "" if message.HasField("completion_time") else "Active",
    }
    return {key: text for key, text in labels.items() if text}


def _job_annotations(message: Any, notes: Mapping[str, str]) -> dict[str, str]:  # noqa: ANN401 - Execution
    annotations = {
        **shown_by(OF_TASK, message.template),
        **{key: text for key, text in notes.items() if "/" in key},
        f"{_RUN}/creator": message.creator,
        f"{_RUN}/lastModifier": message.creator,
        f"{_RUN}/operation-id": notes.get("operation", ""),
    }
    return {key: text for key, text in annotations.items() if text}


def _execution_status(message: Any) -> dict[str, Any]:  # noqa: ANN401 - Execution
    counts = {f"{kind}Count": getattr(message, f"{kind}_count") for kind in _COUNTS}
    return {
        **_observed(message),
        "conditions": execution_conditions(message, _PARTS),
        **{name: count for name, count in counts.items() if count},
        "logUri": message.log_uri,
    }


def task(message: Any, number: int) -> dict[str, Any]:  # noqa: ANN401 - Task
    """A task in the Knative form.

    Args:
        message: the v2 Task.
        number: the project's number.
    """
    about = _metadata(message, number, "tasks")
    about["labels"] = task_labels(message)
    about["annotations"] |= shown_by(OF_TASK, message)
    if message.HasField("scheduled_time"):
        scheduled = message.scheduled_time.ToJsonString()
        about["annotations"][f"{_RUN}/scheduled-time"] = scheduled
    return {
        "apiVersion": API,
        "kind": "Task",
        "metadata": about,
        "spec": task_spec(message),
        "status": _task_status(message),
    }


def task_labels(message: Any) -> dict[str, str]:  # noqa: ANN401 - Task
    """The labels of a task."""
    return {
        **_labels(message),
        f"{_RUN}/execution": message.execution,
        f"{_RUN}/job": message.job,
        f"{_RUN}/runningState": _running_state(message),
    }


def _labels(message: Any) -> dict[str, str]:  # noqa: ANN401 - Execution or Task
    return {**dict(message.labels), REGION_LABEL: message.name.split("/")[3]}


def _running_state(message: Any) -> str:  # noqa: ANN401 - Task
    """``Pending``, ``Running``, ``Succeeded``, ``Failed``, ``Cancelled`` or ``Abandoned``."""
    begun = message.HasField("start_time")
    if not message.HasField("completion_time"):
        return "Running" if begun else "Pending"
    if is_cancelled(message):
        return "Cancelled" if begun else "Abandoned"
    return "Succeeded" if completed(message).state == STATE.CONDITION_SUCCEEDED else "Failed"


def _task_status(message: Any) -> dict[str, Any]:  # noqa: ANN401 - Task
    status = {
        **_observed(message),
        "conditions": execution_conditions(message, ("Completed", "Started")),
        "index": message.index,
        "logUri": message.log_uri,
    }
    if message.retried:
        status["retried"] = message.retried
    if message.HasField("last_attempt_result"):
        told = json_format.MessageToDict(message.last_attempt_result)
        told.pop("termSignal", None)  # of v2 alone
        status["lastAttemptResult"] = {"status": {}, **told}
    return status


def _observed(message: Any) -> dict[str, Any]:  # noqa: ANN401 - Execution or Task
    """What both kinds tell of their times; 1 is the only generation there is."""
    told: dict[str, Any] = {"observedGeneration": int(message.generation)}
    for name, field in (("startTime", "start_time"), ("completionTime", "completion_time")):
        if message.HasField(field):
            told[name] = getattr(message, field).ToJsonString()
    return told


def _metadata(message: Any, number: int, kind: str) -> dict[str, Any]:  # noqa: ANN401 - Execution or Task
    name = message.name.rpartition("/")[2]
    shown = {
        "name": name,
        "namespace": str(number),
        "selfLink": f"/apis/{API}/namespaces/{number}/{kind}/{name}",
        "uid": message.uid,
        "resourceVersion": resource_version(message),
        "generation": int(message.generation),
        "creationTimestamp": message.create_time.ToJsonString(),
        "annotations": dict(message.annotations),
    }
    if message.HasField("delete_time"):
        shown["deletionTimestamp"] = message.delete_time.ToJsonString()
    return shown
