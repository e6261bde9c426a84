"""The emulator put together: one event loop, an HTTP and a gRPC port, and service addresses."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from provision.emulator.admin import Admin
from provision.emulator.database import NotKeptError
from provision.emulator.frontdoor import HttpFrontDoor
from provision.emulator.oauth import HOSTS as OAUTH_HOSTS
from provision.emulator.oauth import OAuth
from provision.emulator.options import Options
from provision.emulator.place import Place, listen
from provision.emulator.proxy.tunnel import Proxy
from provision.emulator.registry import Registry
from provision.emulator.rpc import grpc_server, host_apps
from provision.emulator.rpc.answers import AnswerLog
from provision.emulator.rpc.calls import Dispatcher, Handler, Recorder
from provision.emulator.rpc.catalogue import Method, methods
from provision.emulator.rpc.hosts import REGISTRY, google_host
from provision.emulator.rpc.status import ApiError
from provision.emulator.runtime import DockerRuntime, open_runtime
from provision.emulator.services.artifacts.contents import Contents
from provision.emulator.services.artifacts.docker_images import DockerImages
from provision.emulator.services.artifacts.files import Files
from provision.emulator.services.artifacts.packages import Packages
from provision.emulator.services.artifacts.repositories import Repositories, RepositoryRecords
from provision.emulator.services.artifacts.settings import RegistrySettings
from provision.emulator.services.artifacts.tags import Tags
from provision.emulator.services.artifacts.versions import Versions
from provision.emulator.services.assets.room import Assets
from provision.emulator.services.callers.room import Callers
from provision.emulator.services.callers.sending import Sender
from provision.emulator.services.functions.room import CloudFunctions, Surroundings
from provision.emulator.services.iam.accounts import Accounts, account_name
from provision.emulator.services.iam.boundary_bindings import BoundaryBindingRpcs
from provision.emulator.services.iam.boundary_policies import BoundaryPolicyRpcs
from provision.emulator.services.iam.credentials import Credentials
from provision.emulator.services.iam.custom_roles import CustomRoles
from provision.emulator.services.iam.custom_roles_queries import RoleQueries
from provision.emulator.services.iam.deny_policies import DenyPolicyRpcs
from provision.emulator.services.iam.key_holders import holder_of
from provision.emulator.services.iam.keys import Keys
from provision.emulator.services.iam.self_signed import SelfSignedTokens
from provision.emulator.services.iap import IapPolicies
from provision.emulator.services.identity.groups import IdentityGroups
from provision.emulator.services.identity.routes import IdentityRoutes
from provision.emulator.services.identity.searches import IdentitySearches
from provision.emulator.services.identity.writes import IdentityWrites
from provision.emulator.services.mixed_policies import MixedPolicies
from provision.emulator.services.operations import Operations
from provision.emulator.services.resources.resource_manager import ResourceManager
from provision.emulator.services.resources.tag_bindings import TagBindings
from provision.emulator.services.resources.tag_keys import TAG_KEYS, TAG_VALUES, TagRpcs
from provision.emulator.services.run.knative import Knative
from provision.emulator.services.run.knative.routes import Routes as KnativeRoutes
from provision.emulator.services.run.room import CloudRun
from provision.emulator.services.service_usage import ServiceUsage
from provision.emulator.services.storage.room import CloudStorage
from provision.emulator.store import remove_tree
from provision.emulator.world import DEVELOPER, World

if TYPE_CHECKING:
    from provision.emulator.seams import Runtime

_MAX_BODY = 32 * 1024 * 1024
_SHUTDOWN_SECONDS = 2.0


class Emulator:
    """One running emulator.

    Args:
        options: how it is started.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._place = Place(options.data)
        self._http_socket = listen(options.host, options.port or self._place.port("http"))
        self._http_port: int = self._http_socket.getsockname()[1]
        self._proxy_socket = listen(options.host, options.proxy_port or self._place.port("proxy"))
        self._proxy_port: int = self._proxy_socket.getsockname()[1]
        self._authority = options.authority()
        self._proxy: Proxy | None = None
        self._scratch = None if options.data else Path(tempfile.mkdtemp(prefix="emulator-"))
        self._grpc_port = 0
        self._engine: str | None = None
        self._runtime: Runtime | None = None
        self._front_door: HttpFrontDoor | None = None
        self._grpc: Any = None
        self._runner: web.AppRunner | None = None
        self.world = World(options.data, options.settings, options.projects)
        self._recorder = Recorder()
        self._records = RepositoryRecords(self.world)
        self._registry = self._open_registry()
        self._operations = Operations(self.world)
        self._run = CloudRun(self.world, self._operations, self._registry.images, self._log_address)
        self._functions = self._open_functions()
        self._storage = CloudStorage(self.world, self._folder() / "objects")
        self._sender = Sender(self.world, self._locate)
        self._callers = Callers(
            self.world, self._operations, self._address_of_service, self._sender
        )
        self._denials = DenyPolicyRpcs(self.world, self._operations)
        self._boundaries = BoundaryPolicyRpcs(self.world, self._operations)
        self._bindings = BoundaryBindingRpcs(self.world, self._operations)
        self._run.rollouts.others += (
            self._denials.work_of,
            self._boundaries.work_of,
            self._bindings.work_of,
            self._functions.work_of,
            self._callers.work_of,
        )
        self._keys = Keys(self.world, self._base_url)
        self.world.identities.self_signed = SelfSignedTokens(self._keys.verified).member
        self._assets = self._open_assets()
        self._dispatcher = Dispatcher(
            self._handlers(), self.world.identities, self._recorder, self._keep
        )

    def _open_registry(self) -> Registry:
        return Registry(
            self._folder() / "images",
            self._records,
            self.world.access,
            self.world.identities,
            self._recorder,
            self._public_host,
            lambda file: holder_of(file, self._keys, self.world.accounts),
        )

    def _open_functions(self) -> CloudFunctions:
        return CloudFunctions(
            self.world,
            self._operations,
            self._run,
            self._records,
            self._registry.images,
            Surroundings(
                self._folder() / "function-sources",
                self._base_url,
                self._public_host,
                self._options.function_base,
            ),
        )

    def _open_assets(self) -> Assets:
        return Assets(
            self.world,
            self._operations,
            self._run.state,
            self._functions.state,
            self._records,
            self._keys,
        )

    def _folder(self) -> Path:
        """Where files are kept: the user's folder, or one that goes with the emulator."""
        folder = self._options.data or self._scratch
        if folder is None:
            raise RuntimeError("there is neither a folder of the user's nor one of our own")
        return folder

    def _keep(self) -> None:
        """See to it that what was written survives a kill. Raises `ApiError`."""
        try:
            self.world.store.flush()
        except NotKeptError as error:
            raise ApiError("INTERNAL", str(error)) from error

    def _public_host(self) -> str:
        return f"{self._options.host}:{self._http_port}"

    def _base_url(self) -> str:
        return f"http://{self._public_host()}"

    def _log_address(self, revision: str) -> str:
        return f"{self._base_url()}/_emulator/logs/{revision}"

    def _address_of_service(self, name: str) -> str:
        """Where a Cloud Run service answers, by its full name; empty when it does nowhere."""
        found = self._run.state.services.get(name)
        return "" if found is None else str(found.message.uri)

    def _exists(self, resource: str) -> bool:
        """Whether a resource of a service that can carry tags exists, by the emulator's name."""
        return (
            resource in self._run.state.services
            or resource in self._run.state.jobs
            or resource in self._records.table
            or account_name(self.world, resource) is not None
        )

    def _handlers(self) -> dict[str, Handler]:
        world, images = self.world, self._registry.images
        contents = Contents(world, self._records, images, self._operations)
        identity = IdentityGroups(world)
        rooms = (
            self._operations,
            self._run,
            self._functions,
            self._storage,
            MixedPolicies(self._callers.policies(), self._functions.handlers()),
            self._callers,
            Repositories(world, self._records, self._operations, images, self._public_host),
            RegistrySettings(world),
            *(room(contents) for room in (DockerImages, Packages, Versions, Tags, Files)),
            Accounts(world),
            self._keys,
            CustomRoles(world),
            RoleQueries(world),
            self._denials,
            self._boundaries,
            self._bindings,
            Credentials(world, self._keys),
            IapPolicies(world),
            self._assets,
            identity,
            IdentitySearches(world, identity),
            IdentityWrites(world, identity),
            ResourceManager(world, self._operations),
            TagRpcs(world, self._operations, TAG_KEYS),
            TagRpcs(world, self._operations, TAG_VALUES),
            TagBindings(world, self._operations, self._exists),
        )
        found = {name: handler for room in rooms for name, handler in room.handlers().items()}
        return {**found, **Knative(world, self._run.state, self._run.writes, found).handlers()}

    def describe(self) -> dict[str, Any]:
        """What the start line tells."""
        projects = [project.project_id for project in self.world.hierarchy.all()]
        return {
            "http": self._base_url(),
            "grpc": f"{self._options.host}:{self._grpc_port}",
            "registry": self._public_host(),
            "proxy": f"http://{self._options.host}:{self._proxy_port}",
            "network": self._runtime.subnet if self._runtime else None,
            "project": projects[0],
            "projects": projects,
            "identity": DEVELOPER,
            "engine": self._engine,
            "engine_problem": getattr(self._runtime, "reason", None),
            "pid": os.getpid(),
        }

    def _about(self) -> dict[str, Any]:
        """What ``/_emulator`` tells beside the start line: the proxy's public certificate."""
        return {**self.describe(), "ca": self._authority.pem}

    async def start(self) -> None:
        """Open the runtime, the ports and every service's address."""
        offered = methods()
        label = self._options.label(self._http_port)
        self._runtime = await open_runtime(
            self._options.engine,
            label,
            self.world.identities,
            self._registry.images,
            self._place.subnet,
        )
        if self._runtime.gateway is not None:
            self._engine = self._options.engine_address
        self._front_door = HttpFrontDoor(
            self._run.serving,
            self.world.access,
            self.world.identities,
            self._runtime,
            self._options.host,
        )
        self._run.serving.attach(self._runtime, self._front_door)
        self._front_door.attach(self._functions.serving)
        self._front_door.admit_insiders(self._sender.lines)
        builder = self._runtime if isinstance(self._runtime, DockerRuntime) else None
        self._functions.serving.attach(self._runtime, self._front_door, builder)
        self._runner = web.AppRunner(
            self._app(offered), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        await web.SockSite(self._runner, self._http_socket).start()
        self._grpc, self._grpc_port = await grpc_server.serve(
            self._dispatcher,
            offered,
            self._options.host,
            self._options.grpc_port or self._place.port("grpc"),
        )
        host = self._options.host
        self._proxy = Proxy(
            self._authority,
            (host, self._http_port),
            (host, self._grpc_port),
            self._address_of,
        )
        await self._proxy.start(self._proxy_socket)
        self._keep_place()
        self._callers.restore()
        await self._functions.serving.restore()
        await self._run.rollouts.restore()

    async def _address_of(self, asked: str) -> tuple[str, int] | None:
        """Where a service or functions listen, by host and port; None for all others."""
        host, _, port = asked.partition(":")
        if self._front_door and port.isdecimal() and self._front_door.listens(host, int(port)):
            return host, int(port)
        return await self._functions.serving.address(host)

    async def _locate(self, host: str, port: int) -> tuple[str, int] | None:
        """Where a host answers here that has a name at Google, or a service; None for others.

        On loopback: on the way to the containers' network, an engine may rewrite who asks.
        """
        if google_host(host) is not None:
            return self._options.host, self._http_port
        found = await self._address_of(f"{host}:{port}")
        return None if found is None else (self._options.host, found[1])

    def _app(self, offered: tuple[Method, ...]) -> web.Application:
        admin = Admin(
            self.world,
            self._dispatcher,
            self._recorder,
            self._about,
            self._reset,
            self._logs,
            self._assets.exports.lines,
        )
        oauth = OAuth(self.world.identities, self._keys, self._base_url)
        services = ServiceUsage(self.world, self._recorder)
        self._dispatcher.check_enabled = services.check
        rooms: dict[str, tuple[host_apps.Mount, ...]] = {
            **dict.fromkeys(OAUTH_HOSTS, (oauth.mount,)),
            "run": (KnativeRoutes(self.world, self._run.state, self._dispatcher).mount,),
            "cloudidentity": (IdentityRoutes(self._dispatcher).mount,),
            "serviceusage": (services.mount,),
            REGISTRY: (self._registry.mount,),
            **self._functions.mounts(self._dispatcher),
            **self._callers.mounts(self._dispatcher),
        }
        rooms["storage"] = (*rooms["storage"], self._storage.mount(self._dispatcher))
        app = host_apps.build(self._dispatcher, offered, rooms, (admin.mount,), _MAX_BODY)
        if self._options.answers is not None:
            AnswerLog(self._options.answers).attach(app)
        return app

    def _logs(self, name: str) -> str | None:
        """The last lines of a container or of a workflow's execution; None when there is none."""
        found = self._run.logs(name)
        return self._callers.logs(name) if found is None else found

    async def _reset(self) -> None:
        await self._callers.stop()
        await self._functions.remove_all()
        self._storage.clear()
        await self._run.remove_all()
        for repository in self._records.all():
            self._registry.images.forget(repository)
        self.world.reset()

    def _keep_place(self) -> None:
        """Remember where it listened, so that addresses stay what they were."""
        ports = {"http": self._http_port, "grpc": self._grpc_port, "proxy": self._proxy_port}
        self._place.keep(ports, self._runtime.subnet if self._runtime else None)

    async def close(self) -> None:
        """Stop listening, stop every container, remove what was temporary."""
        await self._callers.stop()
        await self._operations.close()
        if self._proxy is not None:
            await self._proxy.close()
        if self._grpc is not None:
            await self._grpc.stop(grace=None)
        if self._runner is not None:
            await self._runner.cleanup()
        if self._front_door is not None:
            await self._front_door.close_all()
        if self._runtime is not None:
            await self._runtime.close()
        self._registry.close()
        self.world.store.close()
        self._http_socket.close()
        self._proxy_socket.close()
        if self._scratch is not None:
            remove_tree(self._scratch)
