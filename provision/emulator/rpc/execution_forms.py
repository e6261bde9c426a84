"""Messages of Workflow Executions v1 as REST has them, which the client package has in part.

The package's `Execution` lacks when it was created, how much history it keeps and what happens over
quota; of step entries it knows nothing. Source: the public discovery document of the Workflow
Executions API, version v1. The fields beyond the package's have numbers of the emulator's own, for
no public source tells Google's: over gRPC clients do not see them.
"""

from typing import Any

from google.cloud.workflows import executions_v1
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
)

from provision.emulator.rpc.wellknown import Empty

PACKAGE = "google.cloud.workflows.executions.v1"
_OWN = 1001
"""The first of the emulator's own field numbers."""
_KINDS: Any = descriptor_pb2.FieldDescriptorProto  # type: ignore[attr-defined] # made at run time
_SCALARS = {
    "string": _KINDS.TYPE_STRING,
    "bool": _KINDS.TYPE_BOOL,
    "int32": _KINDS.TYPE_INT32,
    "int64": _KINDS.TYPE_INT64,
}
_KNOWN = {
    "Timestamp": ".google.protobuf.Timestamp",
    "Struct": ".google.protobuf.Struct",
}
_ENUMS = {
    "ExecutionHistoryLevel": (
        *("EXECUTION_HISTORY_LEVEL_UNSPECIFIED", "EXECUTION_HISTORY_BASIC"),
        "EXECUTION_HISTORY_DETAILED",
    ),
    "StepEntryState": (
        *("STATE_UNSPECIFIED", "STATE_IN_PROGRESS", "STATE_SUCCEEDED", "STATE_FAILED"),
        "STATE_CANCELLED",
    ),
    "StepType": (
        *("STEP_TYPE_UNSPECIFIED", "STEP_ASSIGN", "STEP_STD_LIB_CALL", "STEP_CONNECTOR_CALL"),
        *("STEP_SUBWORKFLOW_CALL", "STEP_CALL", "STEP_SWITCH", "STEP_CONDITION", "STEP_FOR"),
        *("STEP_FOR_ITERATION", "STEP_PARALLEL_FOR", "STEP_PARALLEL_BRANCH"),
        *("STEP_PARALLEL_BRANCH_ENTRY", "STEP_TRY_RETRY_EXCEPT", "STEP_TRY", "STEP_RETRY"),
        *("STEP_EXCEPT", "STEP_RETURN", "STEP_RAISE", "STEP_GOTO"),
    ),
    "ProgressType": (
        *("PROGRESS_TYPE_UNSPECIFIED", "PROGRESS_TYPE_FOR", "PROGRESS_TYPE_SWITCH"),
        *("PROGRESS_TYPE_RETRY", "PROGRESS_TYPE_PARALLEL_FOR", "PROGRESS_TYPE_PARALLEL_BRANCH"),
    ),
    "ExecutionEntryView": (
        *("EXECUTION_ENTRY_VIEW_UNSPECIFIED", "EXECUTION_ENTRY_VIEW_BASIC"),
        "EXECUTION_ENTRY_VIEW_DETAILED",
    ),
}
_MESSAGES = {
    "Exception": "string payload",
    "NavigationInfo": "int64 parent, repeated int64 children, int64 next, int64 previous",
    "StepEntryMetadata": (
        "ProgressType progress_type, int64 progress_number, int64 expected_iteration, "
        "string thread_id"
    ),
    "VariableData": "Struct variables",
    "StepEntry": (
        "string name, Timestamp create_time, Timestamp update_time, string routine, string step, "
        "StepType step_type, StepEntryState state, Exception exception, int64 entry_id, "
        "NavigationInfo navigation_info, StepEntryMetadata step_entry_metadata, "
        "VariableData variable_data"
    ),
    "GetStepEntryRequest": "string name, ExecutionEntryView view",
    "ListStepEntriesRequest": (
        "string parent, int32 page_size, string page_token, int32 skip, string filter, "
        "string order_by, ExecutionEntryView view"
    ),
    "ListStepEntriesResponse": (
        "repeated StepEntry step_entries, string next_page_token, int32 total_size"
    ),
    "DeleteExecutionHistoryRequest": "string name",
}
_ADDED = (
    "Timestamp create_time, bool disable_concurrency_quota_overflow_buffering, "
    "ExecutionHistoryLevel execution_history_level"
)
_WHOLE = {
    "WholeExecution": executions_v1.Execution,
    "CreateWholeExecutionRequest": executions_v1.CreateExecutionRequest,
    "ListWholeExecutionsResponse": executions_v1.ListExecutionsResponse,
}
"""Messages of the package made anew, with all that they hold."""


def _made() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(  # type: ignore[attr-defined] # made at run time
        name=f"{PACKAGE.replace('.', '/')}/execution_forms.proto",
        package=PACKAGE,
        syntax="proto3",
        dependency=[
            executions_v1.Execution.pb().DESCRIPTOR.file.name,
            *(one.DESCRIPTOR.name for one in (timestamp_pb2, duration_pb2, struct_pb2)),
        ],
    )
    for name, values in _ENUMS.items():
        added = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            added.value.add(name=value, number=number)
    for name, fields in _MESSAGES.items():
        _add(file.message_type.add(name=name), fields, 1)
    for name, known in _WHOLE.items():
        _copy(file.message_type.add(), name, known)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
        for name in (*_MESSAGES, *_WHOLE)
    }


def _copy(message: Any, name: str, known: Any) -> None:  # noqa: ANN401 - a DescriptorProto, a class
    """Make a message of the package anew, its parts whole as well."""
    known.pb().DESCRIPTOR.CopyToProto(message)
    message.name = name
    del message.enum_type[:]
    maps = [one for one in message.nested_type if one.options.map_entry]
    del message.nested_type[:]
    message.nested_type.extend(maps)
    for field in message.field:
        if field.type_name == f".{PACKAGE}.Execution":
            field.type_name = f".{PACKAGE}.WholeExecution"
        elif field.type_name.rpartition(".")[2] in {one.name for one in maps}:
            field.type_name = f".{PACKAGE}.{name}.{field.type_name.rpartition('.')[2]}"
    if name == "WholeExecution":
        _add(message, _ADDED, _OWN)


def _add(message: Any, fields: str, first: int) -> None:  # noqa: ANN401 - a DescriptorProto
    for number, field in enumerate(fields.split(", "), start=first):
        *repeated, kind, name = field.split()
        added = message.field.add(name=name, number=number, label=_KINDS.LABEL_OPTIONAL)
        if repeated:
            added.label = _KINDS.LABEL_REPEATED
        if kind in _SCALARS:
            added.type = _SCALARS[kind]
            continue
        added.type = _KINDS.TYPE_ENUM if kind in _ENUMS else _KINDS.TYPE_MESSAGE
        added.type_name = _KNOWN.get(kind, f".{PACKAGE}.{kind}")


FORMS_BY_NAME = _made()
"""Message classes by their names."""
Execution = FORMS_BY_NAME["WholeExecution"]
ListExecutionsResponse = FORMS_BY_NAME["ListWholeExecutionsResponse"]
StepEntry = FORMS_BY_NAME["StepEntry"]
ListStepEntriesResponse = FORMS_BY_NAME["ListStepEntriesResponse"]

_WORKFLOW = "/v1/{parent=projects/*/locations/*/workflows/*}"
_EXECUTION = "/v1/{name=projects/*/locations/*/workflows/*/executions/*}"
_STEPS = "/v1/{parent=projects/*/locations/*/workflows/*/executions/*}/stepEntries"
_STEP = "/v1/{name=projects/*/locations/*/workflows/*/executions/*/stepEntries/*}"
_GET = executions_v1.GetExecutionRequest.pb()
_LIST = executions_v1.ListExecutionsRequest.pb()
_CANCEL = executions_v1.CancelExecutionRequest.pb()

EXECUTION_FORMS: tuple[tuple[str, Any, Any, tuple[str, str, str]], ...] = tuple(
    (f"{PACKAGE}.{name}", request, response, route)
    for name, request, response, route in (
        (
            *("Executions/CreateExecution", FORMS_BY_NAME["CreateWholeExecutionRequest"]),
            *(Execution, ("POST", f"{_WORKFLOW}/executions", "execution")),
        ),
        ("Executions/GetExecution", _GET, Execution, ("GET", _EXECUTION, "")),
        (
            *("Executions/ListExecutions", _LIST, ListExecutionsResponse),
            ("GET", f"{_WORKFLOW}/executions", ""),
        ),
        ("Executions/CancelExecution", _CANCEL, Execution, ("POST", f"{_EXECUTION}:cancel", "*")),
        (
            *("StepEntries/GetStepEntry", FORMS_BY_NAME["GetStepEntryRequest"]),
            *(StepEntry, ("GET", _STEP, "")),
        ),
        (
            *("StepEntries/ListStepEntries", FORMS_BY_NAME["ListStepEntriesRequest"]),
            *(ListStepEntriesResponse, ("GET", _STEPS, "")),
        ),
        (
            *("Executions/DeleteExecutionHistory", FORMS_BY_NAME["DeleteExecutionHistoryRequest"]),
            *(Empty, ("POST", f"{_EXECUTION}:deleteExecutionHistory", "*")),
        ),
    )
)
"""RPC, request, response and route (verb, path, body field) of each."""
