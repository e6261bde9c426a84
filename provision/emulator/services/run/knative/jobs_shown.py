"""A job as v1 shows it and takes it: Knative form on the outside, the v2 message inside."""

from collections.abc import Mapping
from typing import Any

from google.api import launch_stage_pb2
from google.protobuf import json_format

from provision.emulator.rpc.status import invalid
from provision.emulator.services.run.knative.conditions import first_conditions, job_conditions
from provision.emulator.services.run.knative.containers import (
    container_to_v1,
    container_to_v2,
    volume_to_v1,
    volume_to_v2,
)
from provision.emulator.services.run.knative.to_v1 import resource_version
from provision.emulator.services.run.knative.to_v2 import REGION_LABEL, is_reserved
from provision.emulator.services.run.knative.words import violation
from provision.emulator.services.run.records import JobMessage

API = "run.googleapis.com/v1"
_RUN = "run.googleapis.com"
_CLIENT, _VERSION = f"{_RUN}/client-name", f"{_RUN}/client-version"
_STAGE, _UPDATED = f"{_RUN}/launch-stage", f"{_RUN}/lastUpdatedTime"
_ENVIRONMENT = f"{_RUN}/execution-environment"
_ENVIRONMENTS = {"gen1": "EXECUTION_ENVIRONMENT_GEN1", "gen2": "EXECUTION_ENVIRONMENT_GEN2"}
_TASK = "spec.template.spec.template.spec"


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
    environment = json_format.MessageToDict(task).get("executionEnvironment", "")
    words = [word for word, name in _ENVIRONMENTS.items() if name == environment]
    about = {
        "annotations": {**dict(template.annotations), **kept, _ENVIRONMENT: "".join(words)},
        "labels": dict(template.labels),
    }
    spec: dict[str, Any] = {"taskCount": template.task_count, "template": {"spec": _task(task)}}
    if template.parallelism:
        spec["parallelism"] = template.parallelism
    return {"metadata": {key: one for key, one in about.items() if one}, "spec": spec}


def _task(task: Any) -> dict[str, Any]:  # noqa: ANN401 - TaskTemplate
    plain = json_format.MessageToDict(task)
    spec: dict[str, Any] = {
        "containers": [container_to_v1(one) for one in plain.get("containers", ())],
        "maxRetries": task.max_retries,
        "timeoutSeconds": str(task.timeout.seconds),
        "serviceAccountName": task.service_account,
    }
    if plain.get("volumes"):
        spec["volumes"] = [volume_to_v1(one) for one in plain["volumes"]]
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
    return status


def wanted(body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - Job
    """The v2 Job that a v1 body asks for, without its name. Raises `ApiError`."""
    about, execution = body.get("metadata", {}), body.get("spec", {}).get("template", {})
    annotations = about.get("annotations", {})
    spec = execution.get("spec", {})
    outer = execution.get("metadata", {})
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
            "template": _wanted_task(
                spec.get("template", {}).get("spec", {}), outer.get("annotations", {})
            ),
        },
    }
    try:
        return json_format.ParseDict(made, JobMessage())
    except json_format.ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error


def _wanted_task(spec: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "containers": [
            container_to_v2(one, f"{_TASK}.containers[{index}]")
            for index, one in enumerate(spec.get("containers", ()))
        ],
        "volumes": [
            volume_to_v2(one, f"{_TASK}.volumes[{index}]")
            for index, one in enumerate(spec.get("volumes", ()))
        ],
        "serviceAccount": spec.get("serviceAccountName", ""),
    }
    if "maxRetries" in spec:
        made["maxRetries"] = spec["maxRetries"]
    if spec.get("timeoutSeconds"):
        made["timeout"] = f"{spec['timeoutSeconds']}s"
    word = annotations.get(_ENVIRONMENT, "")
    if word:
        if word not in _ENVIRONMENTS:
            path = f"spec.template.metadata.annotations[{_ENVIRONMENT}]"
            raise violation(path, f"Invalid value '{word}'.")
        made["executionEnvironment"] = _ENVIRONMENTS[word]
    return made


def noted(body: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of the template that v2 has no field for."""
    outer = body.get("spec", {}).get("template", {}).get("metadata", {})
    return {
        key: text
        for key, text in outer.get("annotations", {}).items()
        if is_reserved(key) and key != _ENVIRONMENT
    }


def _unreserved(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in texts.items() if not is_reserved(key)}


def _stage(word: str) -> str:
    if word not in launch_stage_pb2.DESCRIPTOR.enum_types_by_name["LaunchStage"].values_by_name:
        raise violation(f"metadata.annotations[{_STAGE}]", f"Invalid value '{word}'.")
    return word
