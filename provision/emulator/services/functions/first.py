"""The RPCs of ``google.cloud.functions.v1.CloudFunctionsService``."""

import secrets
from typing import Any
from urllib.parse import unquote, urlsplit

from google.cloud import functions_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.functions import names, rules
from provision.emulator.services.functions.calling import Caller
from provision.emulator.services.functions.deployments import Deployments
from provision.emulator.services.functions.forms import fill_first
from provision.emulator.services.functions.keeping import Keeping
from provision.emulator.services.functions.records import FirstMessage, FunctionRecord
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.run.rules import taken_over

_SERVICE = "google.cloud.functions.v1.CloudFunctionsService"
_STORAGE = "https://storage.googleapis.com"
_WRITABLE = (
    "description",
    "source_archive_url",
    "source_upload_url",
    "https_trigger",
    "entry_point",
    "runtime",
    "timeout",
    "available_memory_mb",
    "service_account_email",
    "labels",
    "environment_variables",
    "max_instances",
    "min_instances",
    "ingress_settings",
    "docker_registry",
    "build_service_account",
)


class FirstRpcs:
    """Functions of the first generation.

    Args:
        keeping: the functions and what they need.
        deployments: deploys and deletes.
        caller: calls a function for its developer.
    """

    def __init__(self, keeping: Keeping, deployments: Deployments, caller: Caller) -> None:
        self._keeping = keeping
        self._world = keeping.world
        self._deployments = deployments
        self._caller = caller
        kind = PolicyKind(
            _SERVICE, "cloudfunctions.functions", self._check_exists, run_refusal, conditions=False
        )
        self._policies = PolicyRpcs(self._world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/GetFunction": self._get,
            f"{_SERVICE}/ListFunctions": self._list,
            f"{_SERVICE}/CreateFunction": self._create,
            f"{_SERVICE}/UpdateFunction": self._update,
            f"{_SERVICE}/DeleteFunction": self._delete,
            f"{_SERVICE}/CallFunction": self._call,
            f"{_SERVICE}/GenerateUploadUrl": self._generate_upload_url,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        self._find(names.checked_name(name))

    def _find(self, name: str) -> FunctionRecord:
        found = self._keeping.state.functions.get(name)
        if found is None or not found.first:
            raise names.missing_first(name)
        return found

    def _name(self, text: str) -> str:
        return names.checked_name(self._world.hierarchy.canonical(text))

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - CloudFunction
        name = self._name(call.request.name)
        require(self._world, call, "cloudfunctions.functions.get", name, run_refusal)
        return self._find(name).message

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        parent = self._world.hierarchy.canonical(request.parent)
        names.checked_parent(parent, anywhere=True)
        require(self._world, call, "cloudfunctions.functions.list", parent, run_refusal)
        found = [one.message for one in self._keeping.state.beneath(parent) if one.first]
        shown, token = page(found, request.page_size, request.page_token, parent)
        return functions_v1.ListFunctionsResponse.pb()(functions=shown, next_page_token=token)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = call.request.function
        location = names.checked_parent(self._world.hierarchy.canonical(call.request.location))
        name = self._name(sent.name)
        require(self._world, call, "cloudfunctions.functions.create", name, run_refusal)
        if not name.startswith(f"{location}/functions/"):
            raise invalid("function.name is of another location than the request.")
        names.check_first(name.rpartition("/")[2])
        rules.check_offered_first(sent)
        if name in self._keeping.state.functions:
            raise names.exists_already(name)
        message = taken_over(FirstMessage(name=name), sent, (), _WRITABLE)
        record = FunctionRecord(message, first=True)
        self._prepare(call, record)
        return await self._deployments.deploy(self._keeping.keep(record))

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        name = self._name(request.function.name)
        require(self._world, call, "cloudfunctions.functions.update", name, run_refusal)
        record = self._changeable(name)
        rules.check_offered_first(request.function)
        before, changed = record.copy(), record.copy()
        paths = [path for path in request.update_mask.paths if path != "*"]
        taken_over(changed.message, request.function, paths, _WRITABLE)
        changed.message.https_trigger.url = before.message.https_trigger.url
        self._prepare(call, changed)
        record.message, record.source = changed.message, changed.source
        return await self._deployments.deploy(record, before)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = self._name(call.request.name)
        require(self._world, call, "cloudfunctions.functions.delete", name, run_refusal)
        return self._deployments.delete(self._changeable(name))

    def _changeable(self, name: str) -> FunctionRecord:
        record = self._find(name)
        if record.operation:
            _, project, _, region, _, function = name.split("/")
            raise ApiError(
                "ABORTED",
                f"An operation on function {function} in region {region} in project {project} is "
                "already in progress. Please try again later.",
            )
        return record

    def _prepare(self, call: Call, record: FunctionRecord) -> None:
        """Fill in and check a function that is to be deployed."""
        message = record.message
        project = self._keeping.project(message.name)
        account = message.service_account_email or self._keeping.app_account(project)
        builder = self._keeping.builder(project)
        fill_first(message, account, builder)
        rules.check_first_message(message, builder)
        email = message.service_account_email
        self._keeping.check_account(
            call,
            email,
            f"Missing necessary permission iam.serviceAccounts.actAs for {call.principal} on the "
            f"service account {email}.",
        )
        bucket, name = _source(message)
        self._keeping.take_source(record, bucket, name)
        if message.source_upload_url:
            # What signs the address is nobody's business but the uploader's (recorded).
            message.source_upload_url = f"{_STORAGE}/{bucket}/{name}"

    async def _generate_upload_url(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = names.checked_parent(self._world.hierarchy.canonical(call.request.parent))
        require(self._world, call, "cloudfunctions.functions.sourceCodeSet", parent, run_refusal)
        if call.request.kms_key_name:
            raise ApiError("UNIMPLEMENTED", "kms_key_name is not offered by this emulator.")
        made = self._keeping.new_upload(parent, first=True)
        return functions_v1.GenerateUploadUrlResponse.pb()(upload_url=made.url)

    async def _call(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = self._name(call.request.name)
        require(self._world, call, "cloudfunctions.functions.call", name, run_refusal)
        result, error = await self._caller.call(self._find(name), call.request.data)
        return functions_v1.CallFunctionResponse.pb()(
            execution_id=secrets.token_hex(6), result=result, error=error
        )


def _source(message: Any) -> tuple[str, str]:  # noqa: ANN401 - CloudFunction
    """Bucket and object of a source, from ``gs://…`` or the address it was uploaded to."""
    text = message.source_upload_url or message.source_archive_url
    parts = urlsplit(text)
    path = unquote(parts.path).strip("/")
    if parts.scheme == "gs":
        return parts.netloc, path
    bucket, _, name = path.partition("/")
    return bucket, name
