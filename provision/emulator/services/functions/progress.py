"""How an operation on a function is told: metadata, states and stages, in each API's own form."""

import base64
import secrets
import uuid
from typing import Any

from google.cloud import functions_v1, functions_v2

from provision.emulator.rpc.status import ApiError
from provision.emulator.services.functions.records import FunctionRecord, FunctionState
from provision.emulator.services.functions.serving import FunctionServing
from provision.emulator.services.operations import Operations
from provision.emulator.times import timestamp

_FirstMetadata = functions_v1.OperationMetadataV1.pb()
_SecondMetadata = functions_v2.OperationMetadata.pb()
_FIRST_TYPES = functions_v1.OperationType
_SECOND_TYPES = functions_v2.OperationType
_STATUS = functions_v1.CloudFunctionStatus
_STATE = functions_v2.Function.State
_STAGE = functions_v2.Stage
_STAGES = ("BUILD", "SERVICE")
_ERROR = functions_v2.StateMessage.Severity.ERROR


class Progress:
    """Tells.

    Args:
        state: the functions.
        operations: where it is told.
        serving: knows addresses.
    """

    def __init__(
        self, state: FunctionState, operations: Operations, serving: FunctionServing
    ) -> None:
        self._state = state
        self._operations = operations
        self._serving = serving

    def new_operation(self, record: FunctionRecord, verb: str) -> tuple[str, Any]:
        """Name and metadata of a new operation; the name is empty where it goes by the location.

        Args:
            record: what it is about.
            verb: ``create``, ``update`` or ``delete``.
        """
        return (_first_name(record) if record.first else ""), _metadata(record, verb)

    def subject(self, operation: Any) -> tuple[str, str] | None:  # noqa: ANN401 - Operation
        """Function and verb of an operation; None when it is none of Cloud Functions'."""
        for kind, types in ((_FirstMetadata, _FIRST_TYPES), (_SecondMetadata, _SECOND_TYPES)):
            if operation.metadata.Is(kind.DESCRIPTOR):
                metadata = kind()
                operation.metadata.Unpack(metadata)
                number = metadata.type_ if kind is _FirstMetadata else metadata.operation_type
                return metadata.target, types(number).name.partition("_")[0].lower()
        return None

    def show_pending(self, record: FunctionRecord, verb: str) -> None:
        """Show a function as being worked on."""
        message, now = record.message, timestamp()
        message.update_time.CopyFrom(now)
        if record.first:
            deleting = verb == "delete"
            message.status = _STATUS.DELETE_IN_PROGRESS if deleting else _STATUS.DEPLOY_IN_PROGRESS
            message.version_id = record.version
            return
        message.state = _STATE.DELETING if verb == "delete" else _STATE.DEPLOYING
        if not message.HasField("create_time"):
            message.create_time.CopyFrom(now)
        del message.state_messages[:]

    def show_ready(self, record: FunctionRecord) -> None:
        """Show a function as it answers."""
        message, build = record.message, str(uuid.uuid4())
        project = "/".join(record.name.split("/")[:4])
        message.update_time.CopyFrom(timestamp())
        if record.first:
            message.status = _STATUS.ACTIVE
            message.https_trigger.url = self._serving.url(record)
            message.build_id, message.build_name = build, f"{project}/builds/{build}"
            return
        message.state = _STATE.ACTIVE
        message.url = self._serving.url(record)
        message.build_config.build = f"{project}/builds/{build}"
        resolved = message.build_config.source_provenance.resolved_storage_source
        resolved.CopyFrom(message.build_config.source.storage_source)
        del message.state_messages[:]

    def show_failed(self, record: FunctionRecord) -> None:
        """Show that the last deployment failed; what answered before still does."""
        message = record.message
        if record.first:
            message.status = _STATUS.ACTIVE if record.serving else _STATUS.OFFLINE
            return
        message.state = _STATE.ACTIVE if message.service_config.uri else _STATE.FAILED
        del message.state_messages[:]
        message.state_messages.add(severity=_ERROR, message=record.failure)

    def tell(self, record: FunctionRecord, operation: str, stage: str) -> None:
        """Say in an operation which stage it is in."""
        metadata = self._kept(record, operation)
        if not record.first:
            done = _STAGES.index(stage)
            for index, one in enumerate(metadata.stages):
                one.state = (
                    _STAGE.State.COMPLETE
                    if index < done
                    else _STAGE.State.IN_PROGRESS
                    if index == done
                    else _STAGE.State.NOT_STARTED
                )
        self._operations.tell(operation, metadata)

    def succeed(self, record: FunctionRecord, operation: str) -> None:
        """End an operation with the function."""
        self._operations.succeed(operation, self.ended(record, operation), record.message)

    def fail(self, record: FunctionRecord, operation: str, error: ApiError) -> None:
        """End an operation with an error."""
        self._operations.fail(operation, self.ended(record, operation, failed=True), error)

    def ended(self, record: FunctionRecord, operation: str, *, failed: bool = False) -> Any:  # noqa: ANN401 - messages
        """The metadata of an operation that ends now."""
        metadata, now = self._kept(record, operation), timestamp()
        if record.first:
            metadata.update_time.CopyFrom(now)
            metadata.build_id, metadata.build_name = (
                record.message.build_id,
                record.message.build_name,
            )
            return metadata
        metadata.end_time.CopyFrom(now)
        for one in metadata.stages:
            if not failed or one.state == _STAGE.State.IN_PROGRESS:
                one.state = _STAGE.State.COMPLETE
        return metadata

    def _kept(self, record: FunctionRecord, operation: str) -> Any:  # noqa: ANN401 - messages
        made = _FirstMetadata() if record.first else _SecondMetadata()
        found = self._operations.kept(operation)
        if found is not None:
            found.metadata.Unpack(made)
        return made


def _first_name(record: FunctionRecord) -> str:
    """The name of a v1 operation: the function and something unique, in base64 (recorded)."""
    _, project, _, region, _, function = record.name.split("/")
    text = f"{project}/{region}/{function}/{secrets.token_urlsafe(8)}"
    return f"operations/{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


def _metadata(record: FunctionRecord, verb: str) -> Any:  # noqa: ANN401 - messages
    now, kind = timestamp(), f"{verb.upper()}_FUNCTION"
    if record.first:
        made = _FirstMetadata(
            target=record.name,
            type_=_FIRST_TYPES.__members__[kind],
            version_id=record.version,
            update_time=now,
        )
        if verb != "delete":
            made.request.Pack(record.message)
        return made
    made = _SecondMetadata(
        target=record.name,
        verb=verb,
        api_version="v2",
        operation_type=_SECOND_TYPES.__members__[kind],
        create_time=now,
    )
    if verb != "delete":
        made.request_resource.Pack(record.message)
        for stage in _STAGES:
            made.stages.add(name=_STAGE.Name.__members__[stage], state=_STAGE.State.NOT_STARTED)
    return made
