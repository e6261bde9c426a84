"""The RPCs of ``google.cloud.functions.v2.FunctionService``."""

from typing import Any

from google.cloud import functions_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.seams import ServiceKey
from provision.emulator.services.functions import names, rules
from provision.emulator.services.functions.deployments import Deployments
from provision.emulator.services.functions.filters import matching
from provision.emulator.services.functions.forms import (
    as_second,
    fill_cpu,
    fill_second,
    repository_of,
)
from provision.emulator.services.functions.keeping import Keeping
from provision.emulator.services.functions.records import (
    Environment,
    FunctionRecord,
    SecondMessage,
)
from provision.emulator.services.functions.runtimes import runtimes
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.run.limits import quantity
from provision.emulator.services.run.rules import taken_over

_SERVICE = "google.cloud.functions.v2.FunctionService"
_POLICIES = "google.iam.v1.IAMPolicy"
_WRITABLE = ("description", "build_config", "service_config", "labels")
_MEGABYTE = 10**6
_FILTERS = {
    "environment": lambda one: functions_v2.Environment(one.environment).name,
    "state": lambda one: functions_v2.Function.State(one.state).name,
    "name": lambda one: one.name,
}


class SecondRpcs:
    """Functions as v2 has them; of the first generation they are read here, too.

    Args:
        keeping: the functions and what they need.
        deployments: deploys and deletes.
    """

    def __init__(self, keeping: Keeping, deployments: Deployments) -> None:
        self._keeping = keeping
        self._world = keeping.world
        self._deployments = deployments
        kind = PolicyKind(
            _POLICIES, "cloudfunctions.functions", self._check_exists, run_refusal, conditions=False
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
            f"{_SERVICE}/GenerateUploadUrl": self._generate_upload_url,
            f"{_SERVICE}/ListRuntimes": self._list_runtimes,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        self._find(names.checked_name(name))

    def _find(self, name: str) -> FunctionRecord:
        found = self._keeping.state.functions.get(name)
        if found is None:
            raise names.missing_second(name)
        return found

    def _name(self, text: str) -> str:
        return names.checked_name(self._world.hierarchy.canonical(text))

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Function
        name = self._name(call.request.name)
        require(self._world, call, "cloudfunctions.functions.get", name, run_refusal)
        return as_second(self._find(name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        parent = self._world.hierarchy.canonical(request.parent)
        names.checked_parent(parent, anywhere=True)
        require(self._world, call, "cloudfunctions.functions.list", parent, run_refusal)
        found = [as_second(one) for one in self._keeping.state.beneath(parent)]
        chosen = matching(found, request.filter, _FILTERS)
        subject = f"{parent} {request.filter}"
        shown, token = page(chosen, request.page_size, request.page_token, subject)
        return functions_v2.ListFunctionsResponse.pb()(functions=shown, next_page_token=token)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        parent = names.checked_parent(self._world.hierarchy.canonical(request.parent))
        name = f"{parent}/functions/{request.function_id}"
        require(self._world, call, "cloudfunctions.functions.create", name, run_refusal)
        names.check_second(request.function_id)
        rules.check_offered_second(request.function)
        if self._world.hierarchy.canonical(request.function.name) not in ("", name):
            raise invalid("function.name is another than that of the parent and function_id.")
        if name in self._keeping.state.functions:
            raise names.exists_already(name)
        message = taken_over(SecondMessage(name=name), request.function, (), _WRITABLE)
        self._prepare(call, message)
        self._refuse_foreign(name)
        record = FunctionRecord(message, first=False)
        self._keeping.take_source(record, *_storage(message))
        return await self._deployments.deploy(self._keeping.keep(record))

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        name = self._name(request.function.name)
        require(self._world, call, "cloudfunctions.functions.update", name, run_refusal)
        record = self._changeable(name)
        rules.check_offered_second(request.function)
        paths = [path for path in request.update_mask.paths if path != "*"]
        before, changed = record.copy(), record.copy()
        message = taken_over(changed.message, request.function, paths, _WRITABLE)
        _keep_told(message, before.message)
        self._prepare(call, message)
        self._keeping.take_source(changed, *_storage(message))
        record.message, record.source = message, changed.source
        return await self._deployments.deploy(record, before)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = self._name(call.request.name)
        require(self._world, call, "cloudfunctions.functions.delete", name, run_refusal)
        return self._deployments.delete(self._changeable(name))

    def _changeable(self, name: str) -> FunctionRecord:
        record = self._find(name)
        if record.first:
            raise ApiError(
                "UNIMPLEMENTED",
                f"{name} is of the first generation, which this emulator changes by v1 alone.",
            )
        if record.operation:
            raise ApiError("ABORTED", "unable to queue the operation")
        return record

    def _prepare(self, call: Call, message: Any) -> None:  # noqa: ANN401 - Function
        """Fill in and check a function that is to be deployed."""
        project = self._keeping.project(message.name)
        builder = self._keeping.builder(project)
        fill_second(message, project.compute_account, builder)
        config = message.service_config
        memory = quantity(config.available_memory)
        fill_cpu(config, (memory or 0) / _MEGABYTE)
        config.environment_variables["LOG_EXECUTION_ID"] = "true"
        rules.check_second_message(message, repository_of(message.name), builder)
        email = config.service_account_email
        self._keeping.check_account(
            call,
            email,
            f"Could not create Cloud Run service {message.name.rpartition('/')[2]}. Permission "
            f"'iam.serviceaccounts.actAs' denied on service account {email} (or it may not exist).",
        )

    def _refuse_foreign(self, name: str) -> None:
        _, project, _, region, _, function = name.split("/")
        if self._keeping.has_service(ServiceKey(project, region, function)):
            raise ApiError(
                "ALREADY_EXISTS",
                f"Could not create Cloud Run service {function}. A Cloud Run service with this "
                "name already exists. Please redeploy the function with a different name.",
            )

    async def _generate_upload_url(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = names.checked_parent(self._world.hierarchy.canonical(call.request.parent))
        require(self._world, call, "cloudfunctions.functions.sourceCodeSet", parent, run_refusal)
        if call.request.kms_key_name:
            raise ApiError("UNIMPLEMENTED", "kms_key_name is not offered by this emulator.")
        first = call.request.environment == Environment.GEN_1
        made = self._keeping.new_upload(parent, first=first)
        storage = functions_v2.StorageSource.pb()(bucket=made.bucket, object_=made.name)
        return functions_v2.GenerateUploadUrlResponse.pb()(
            upload_url=made.url, storage_source=storage
        )

    async def _list_runtimes(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = names.checked_parent(self._world.hierarchy.canonical(call.request.parent))
        require(self._world, call, "cloudfunctions.functions.list", parent, run_refusal)
        return functions_v2.ListRuntimesResponse.pb()(runtimes=runtimes(call.request.filter))


def _storage(message: Any) -> tuple[str, str]:  # noqa: ANN401 - Function
    storage = message.build_config.source.storage_source
    return storage.bucket, storage.object_


def _keep_told(message: Any, before: Any) -> None:  # noqa: ANN401 - messages
    """Keep what the server alone writes, whatever was sent."""
    for field in ("service", "uri", "revision"):
        setattr(message.service_config, field, getattr(before.service_config, field))
    if not message.build_config.HasField("source"):
        message.build_config.source.CopyFrom(before.build_config.source)
    message.build_config.build = before.build_config.build
    message.build_config.source_provenance.CopyFrom(before.build_config.source_provenance)
