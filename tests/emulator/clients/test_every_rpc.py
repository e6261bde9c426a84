"""Google's own Python clients, unmodified: every RPC of theirs works or is refused by its name."""

import asyncio
import re

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from provision.emulator.rpc.not_offered import NOT_OFFERED
from tests.conftest import DEVELOPER, Clients, RunningEmulator
from tests.emulator.clients.scenario import Scenario, Stage
from tests.emulator.clients.scenarios_audit import AUDIT
from tests.emulator.clients.scenarios_callers import CALLERS
from tests.emulator.clients.scenarios_discovery import DISCOVERY
from tests.emulator.clients.scenarios_functions import FUNCTIONS
from tests.emulator.clients.scenarios_iam import IAM
from tests.emulator.clients.scenarios_resources import RESOURCES
from tests.emulator.clients.scenarios_run import RUN
from tests.emulator.clients.surface import ClientCall, request_for, surface

# Two RPCs of IAM are deprecated and offered all the same.
pytestmark = pytest.mark.filterwarnings("ignore:IAMClient.sign_:DeprecationWarning")

SCENARIOS = (*RUN, *RESOURCES, *IAM, *DISCOVERY, *FUNCTIONS, *AUDIT, *CALLERS)
_PLAYED = [(one, transport) for one in SCENARIOS for transport in one.transports]
_REFUSED = [
    (call, transport)
    for call in surface()
    if call.rpc in NOT_OFFERED
    for transport in call.transports
]


@pytest.mark.parametrize(
    ("scenario", "transport"), _PLAYED, ids=[f"{one.name}-{by}" for one, by in _PLAYED]
)
def test_the_rpcs_of_a_scenario_succeed(
    emulator: RunningEmulator, scenario: Scenario, transport: str
) -> None:
    """The emulator's own record says that each of them was answered, over this transport."""
    emulator.admin("DELETE", "/requests")
    scenario.play(Stage(Clients(emulator, transport, DEVELOPER), emulator, transport))
    answered = {
        str(one["method"])
        for one in emulator.requests()
        if one["status"] == "OK" and one["transport"] == transport
    }
    assert scenario.claims <= answered


@pytest.mark.parametrize(
    ("call", "transport"), _REFUSED, ids=[f"{call.rpc}-{by}" for call, by in _REFUSED]
)
def test_what_is_not_offered_is_refused_by_name(
    emulator: RunningEmulator, call: ClientCall, transport: str
) -> None:
    """UNIMPLEMENTED, over gRPC and REST, and the text names the RPC."""
    client = Clients(emulator, transport, DEVELOPER).make(call.client)
    with pytest.raises(exceptions.MethodNotImplemented, match=re.escape(call.rpc)):
        getattr(client, call.method)(request=request_for(call.rpc))


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_every_rpc_of_the_clients_is_tried(transport: str) -> None:
    """Each is in a scenario or in the list of what is not offered; an RPC of a newer client is not.

    Whoever upgrades a client package and sees this fail offers the new RPC or lists it.
    """
    known = {call.rpc for call in surface()}
    older = {rpc for one in DISCOVERY for rpc in one.claims if "resourcemanager" in rpc}
    tried = {rpc for one, by in _PLAYED if by == transport for rpc in one.claims} - older
    assert known - NOT_OFFERED == tried
    assert known >= NOT_OFFERED


def test_the_asyncio_clients_work(emulator: RunningEmulator) -> None:
    """Google's asynchronous client of Cloud Run, over grpc_asyncio: a list and a refusal."""
    asyncio.run(_ask_asynchronously(emulator))


async def _ask_asynchronously(emulator: RunningEmulator) -> None:
    channel = grpc.aio.insecure_channel(emulator.grpc)
    transport = run_v2.ServicesAsyncClient.get_transport_class("grpc_asyncio")(channel=channel)
    client = run_v2.ServicesAsyncClient(transport=transport)
    metadata = [("authorization", f"Bearer {emulator.token()}")]
    parent = f"projects/{emulator.project}/locations/asia-east1"
    pager = await client.list_services(parent=parent, metadata=metadata)
    assert [one async for one in pager] == []
    name = f"{parent}/services/nothing"
    with pytest.raises(exceptions.NotFound):
        await client.get_service(name=name, metadata=metadata)
    await channel.close()
