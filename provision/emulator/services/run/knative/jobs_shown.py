"""A job as v1 shows it and takes it: Knative form on the outside, the v2 message inside."""

import uuid
from collections.abc import Mapping
from typing import Any

from google.api import launch_stage_pb2
from google.protobuf import json_format

from provision.emulator.rpc.status import invalid
from provision.emulator.services.run.knative.annotations import SERVICE, TEMPLATE, Place
from provision.emulator.services.run.knative.conditions import first_conditions, job_conditions
from provision.emulator.services.run.knative.containers import pod_to_v2, variable_to_v2
from provision.emulator.services.run.knative.kinds import EXECUTION, JOB, check_kinds
from provision.emulator.services.run.knative.to_v1 import (
    containers_and_volumes,
    resource_version,
    shown_by,
)
from provision.emulator.services.run.knative.to_v2 import (
    ACCELERATOR,
    REGION_LABEL,
    is_reserved,
    take_one,
)
from provision.emulator.services.run.knative.tuning import SPREAD
from provision.emulator.services.run.knative.words import violation
from provision.emulator.services.run.records import JobMessage

API = "run.googleapis.com/v1"
_RUN = "run.googleapis.com"
_CLIENT, _VERSION = f"{_RUN}/client-name", f"{_RUN}/client-version"
_STAGE, _UPDATED = f"{_RUN}/launch-stage", f"{_RUN}/lastUpdatedTime"
_TASK = "spec.template.spec.template.spec"
_OUTER = "spec.template.metadata"
_AUTHORIZATION = ("binary-authorization", "binary-authorization-breakglass")
_OF_JOB = {f"{_RUN}/{name}": SERVICE[f"{_RUN}/{name}"] for name in _AUTHORIZATION}
OF_TASK = {
    f"{_RUN}/{name}": {**TEMPLATE, **SPREAD}[f"{_RUN}/{name}"]
    for name in (
        *("cloudsql-instances", "encryption-key", "execution-environment", "network-interfaces"),
        *("vpc-access-connector", "vpc-access-egress"),
    )
}


def job(
    message: Any,  # noqa: ANN401 - Job
    number: int,
    notes: Mapping[str, str],
    *,
    written: bool = False,
) -> dict[str, Any]:
    """A job in the Knative form.

    Args:
        message: the v2 Job.
        number: the project's number, which is the namespace of what there is.
        notes: annotations of the template without a field in v2, and ``operation``.
        written: whether this answers a write: nothing has looked at the job yet.
    """
    return {
        "apiVersion": API,
        "kind": "Job",
        "metadata": _metadata(message, number, notes),
        "spec": {"template": _execution(message.template, notes)},
        "status": _status(message, written=written),
    }


def _metadata(message: Any, number: int, notes: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401 - Job
    _, _, _, region, _, name = message.name.split("/")
    annotations = {
        **dict(message.annotations),
        **shown_by(_OF_JOB, message),
        _CLIENT: message.client,
        _VERSION: message.client_version,
        f"{_RUN}/creator": message.creator,
        f"{_RUN}/lastModifier": message.last_modifier,
        f"{_RUN}/operation-id": notes.get("operation", ""),
    }
    shown = {
        "name": name,
        "namespace": str(number),
        "selfLink": f"/apis/{API}/namespaces/{number}/jobs/{name}",
        "uid": message.uid,
        "resourceVersion": resource_version(message),
        "generation": int(message.generation),
        "creationTimestamp": message.create_time.ToJsonString(),
        "labels": {
            **dict(message.labels),
            REGION_LABEL: region,
            _UPDATED: message.update_time.ToJsonString(),
        },
        "annotations": {key: text for key, text in annotations.items() if text},
    }
    if message.HasField("delete_time"):
        shown["deletionTimestamp"] = message.delete_time.ToJsonString()
    return shown


def _execution(template: Any, notes: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401 - ExecutionTemplate
    task = template.template
    kept = {key: text for key, text in notes.items() if key != "operation"}
    about = {
        "annotations": {**dict(template.annotations), **kept, **shown_by(OF_TASK, task)},
        "labels": dict(template.labels),
    }
    spec: dict[str, Any] = {"taskCount": template.task_count, "template": {"spec": task_spec(task)}}
    if template.parallelism:
        spec["parallelism"] = template.parallelism
    return {"metadata": {key: one for key, one in about.items() if one}, "spec": spec}


def task_spec(task: Any) -> dict[str, Any]:  # noqa: ANN401 - TaskTemplate or Task
    """The ``spec`` of a task, or of the template of tasks."""
    containers, volumes = containers_and_volumes(task)
    spec: dict[str, Any] = {
        "containers": containers,
        "maxRetries": task.max_retries,
        "timeoutSeconds": str(task.timeout.seconds),
        "serviceAccountName": task.service_account,
    }
    if volumes:
        spec["volumes"] = volumes
    if task.node_selector.accelerator:
        spec["nodeSelector"] = {ACCELERATOR: task.node_selector.accelerator}
    return spec


def _status(message: Any, *, written: bool) -> dict[str, Any]:  # noqa: ANN401 - Job
    status: dict[str, Any] = {}
    observed = message.observed_generation
    if conditions := job_conditions(message):
        status["conditions"] = conditions
    elif not written:
        status["conditions"] = first_conditions(message)
        observed = message.generation
    if observed:
        status["observedGeneration"] = int(observed)
    if message.execution_count:
        status["executionCount"] = message.execution_count
    latest = message.latest_created_execution
    if latest.name:
        told = json_format.MessageToDict(latest)
        status["latestCreatedExecution"] = {
            "name": latest.name.rpartition("/")[2],
            "creationTimestamp": told["createTime"],
        }
        if "completionTime" in told:
            status["latestCreatedExecution"]["completionTimestamp"] = told["completionTime"]
        if "completionStatus" in told:
            status["latestCreatedExecution"]["completionStatus"] = told["completionStatus"]
    return status


def deleted(kind: str, name: str, uid: str) -> dict[str, Any]:
    """What answers a deletion: group, kind in the singular and a reason of the form recorded.

    Args:
        kind: as ``job``.
        name: of what was deleted.
        uid: of what was deleted.
    """
    return {
        "details": {"group": "v1", "kind": kind, "name": name, "uid": uid},
        "reason": str(uuid.uuid4()),
        "status": "Success",
    }


def wanted_overrides(body: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides of a v1 body as v2's JSON. Raises `ApiError`.

    Args:
        body: ``overrides`` of a RunJobRequest.
    """
    overrides: dict[str, Any] = {
        "containerOverrides": [
            {
                **{key: one[key] for key in ("name", "args", "clearArgs") if key in one},
                "env": [
                    variable_to_v2(variable, f"overrides.containerOverrides[{index}].env[{place}]")
                    for place, variable in enumerate(one.get("env", ()))
                ],
            }
            for index, one in enumerate(body.get("containerOverrides", ()))
        ],
        "taskCount": body.get("taskCount", 0),
    }
    if body.get("timeoutSeconds"):
        overrides["timeout"] = f"{body['timeoutSeconds']}s"
    return overrides


def wanted(body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - Job
    """The v2 Job that a v1 body asks for, without its name. Raises `ApiError`."""
    about, execution = body.get("metadata", {}), body.get("spec", {}).get("template", {})
    annotations = about.get("annotations", {})
    spec = execution.get("spec", {})
    outer = execution.get("metadata", {})
    check_kinds(about, JOB, "metadata")
    check_kinds(outer, EXECUTION, _OUTER)
    made = {
        "labels": _unreserved(about.get("labels", {})),
        "annotations": _unreserved(annotations),
        "client": annotations.get(_CLIENT, ""),
        "clientVersion": annotations.get(_VERSION, ""),
        "launchStage": _stage(annotations.get(_STAGE, "GA")),
        "template": {
            "labels": _unreserved(outer.get("labels", {})),
            "annotations": _unreserved(outer.get("annotations", {})),
            "taskCount": spec.get("taskCount", 0),
            "parallelism": spec.get("parallelism", 0),
            "template": _wanted_task(spec.get("template", {}).get("spec", {})),
        },
    }
    try:
        message = json_format.ParseDict(made, JobMessage())
    except json_format.ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
    _take(annotations, message, _OF_JOB, "metadata")
    _take(outer.get("annotations", {}), message.template.template, OF_TASK, _OUTER)
    return message


def _take(
    annotations: Mapping[str, str],
    message: Any,  # noqa: ANN401 - Job or TaskTemplate
    places: Mapping[str, Place],
    path: str,
) -> None:
    for key in annotations.keys() & places.keys():
        take_one(message, places[key], f"{path}.annotations[{key}]", annotations[key])


def _wanted_task(spec: Mapping[str, Any]) -> dict[str, Any]:
    made = pod_to_v2(spec, _TASK)
    if ACCELERATOR in spec.get("nodeSelector", {}):
        made["nodeSelector"] = {"accelerator": spec["nodeSelector"][ACCELERATOR]}
    if "maxRetries" in spec:
        made["maxRetries"] = spec["maxRetries"]
    if spec.get("timeoutSeconds"):
        made["timeout"] = f"{spec['timeoutSeconds']}s"
    return made


def noted(body: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of the template that v2 has no field for."""
    outer = body.get("spec", {}).get("template", {}).get("metadata", {})
    return {
        key: text
        for key, text in outer.get("annotations", {}).items()
        if is_reserved(key) and key not in OF_TASK
    }


def _unreserved(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in texts.items() if not is_reserved(key)}


def _stage(word: str) -> str:
    if word not in launch_stage_pb2.DESCRIPTOR.enum_types_by_name["LaunchStage"].values_by_name:
        raise violation(f"metadata.annotations[{_STAGE}]", f"Invalid value '{word}'.")
    return word
