"""Google's own clients, made once each and late, for Google Cloud or the local one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provision.clients.credentials import Caller, refresh
from provision.clients.local_cloud import LocalCloud

CONNECTIONS = 32
"""Requests at the same time over REST."""


@dataclass(frozen=True)
class GoogleClients:
    """Makes Google's clients when they are first used: importing one takes about 0.3 s.

    Args:
        caller: whom they act as.
        local: the local Google Cloud to talk to instead, over plain loopback.
    """

    caller: Caller
    local: LocalCloud | None = None

    @cached_property
    def services(self) -> Any:  # noqa: ANN401 - Google's clients ship no usable types
        """Cloud Run Admin v2, services."""
        from google.cloud.run_v2 import ServicesClient

        return self._made(ServicesClient)

    @cached_property
    def revisions(self) -> Any:  # noqa: ANN401
        """Cloud Run Admin v2, revisions."""
        from google.cloud.run_v2 import RevisionsClient

        return self._made(RevisionsClient)

    @cached_property
    def jobs(self) -> Any:  # noqa: ANN401
        """Cloud Run Admin v2, jobs."""
        from google.cloud.run_v2 import JobsClient

        return self._made(JobsClient)

    @cached_property
    def executions(self) -> Any:  # noqa: ANN401
        """Cloud Run Admin v2, executions of jobs."""
        from google.cloud.run_v2 import ExecutionsClient

        return self._made(ExecutionsClient)

    @cached_property
    def tasks(self) -> Any:  # noqa: ANN401
        """Cloud Run Admin v2, tasks of executions."""
        from google.cloud.run_v2 import TasksClient

        return self._made(TasksClient)

    @cached_property
    def functions(self) -> Any:  # noqa: ANN401
        """Cloud Functions v2: functions of both generations."""
        from google.cloud.functions_v2 import FunctionServiceClient

        return self._made(FunctionServiceClient)

    @cached_property
    def first_functions(self) -> Any:  # noqa: ANN401
        """Cloud Functions v1: functions of the first generation."""
        from google.cloud.functions_v1 import CloudFunctionsServiceClient

        return self._made(CloudFunctionsServiceClient)

    @cached_property
    def repositories(self) -> Any:  # noqa: ANN401
        """Artifact Registry v1."""
        from google.cloud.artifactregistry_v1 import ArtifactRegistryClient

        return self._made(ArtifactRegistryClient)

    @cached_property
    def iam(self) -> Any:  # noqa: ANN401
        """IAM v1: service accounts and roles."""
        from google.cloud.iam_admin_v1 import IAMClient

        return self._made(IAMClient)

    @cached_property
    def iam_credentials(self) -> Any:  # noqa: ANN401
        """IAM Credentials v1."""
        from google.cloud.iam_credentials_v1 import IAMCredentialsClient

        return self._made(IAMCredentialsClient)

    @cached_property
    def projects(self) -> Any:  # noqa: ANN401
        """Resource Manager v3, projects."""
        from google.cloud.resourcemanager_v3 import ProjectsClient

        return self._made(ProjectsClient)

    @cached_property
    def folders(self) -> Any:  # noqa: ANN401
        """Resource Manager v3, folders."""
        from google.cloud.resourcemanager_v3 import FoldersClient

        return self._made(FoldersClient)

    @cached_property
    def organizations(self) -> Any:  # noqa: ANN401
        """Resource Manager v3, organisations."""
        from google.cloud.resourcemanager_v3 import OrganizationsClient

        return self._made(OrganizationsClient)

    @cached_property
    def instances(self) -> Any:  # noqa: ANN401
        """Cloud Run Admin v2, instances."""
        from google.cloud.run_v2 import InstancesClient

        return self._made(InstancesClient)

    @cached_property
    def deny_policies(self) -> Any:  # noqa: ANN401
        """IAM v2, deny policies."""
        from google.cloud.iam_v2 import PoliciesClient

        return self._made(PoliciesClient)

    @cached_property
    def boundaries(self) -> Any:  # noqa: ANN401
        """IAM v3, principal access boundary policies."""
        from google.cloud.iam_v3 import PrincipalAccessBoundaryPoliciesClient

        return self._made(PrincipalAccessBoundaryPoliciesClient)

    @cached_property
    def iap(self) -> Any:  # noqa: ANN401
        """Identity-Aware Proxy, its policies."""
        from google.cloud.iap_v1 import IdentityAwareProxyAdminServiceClient

        return self._made(IdentityAwareProxyAdminServiceClient)

    @cached_property
    def subscriptions(self) -> Any:  # noqa: ANN401
        """Pub/Sub, subscriptions."""
        from google.pubsub_v1 import SubscriberClient

        return self._made(SubscriberClient)

    @cached_property
    def topics(self) -> Any:  # noqa: ANN401
        """Pub/Sub, topics."""
        from google.pubsub_v1 import PublisherClient

        return self._made(PublisherClient)

    @cached_property
    def triggers(self) -> Any:  # noqa: ANN401
        """Eventarc, triggers."""
        from google.cloud.eventarc_v1 import EventarcClient

        return self._made(EventarcClient)

    @cached_property
    def schedules(self) -> Any:  # noqa: ANN401
        """Cloud Scheduler."""
        from google.cloud.scheduler_v1 import CloudSchedulerClient

        return self._made(CloudSchedulerClient)

    @cached_property
    def queues(self) -> Any:  # noqa: ANN401
        """Cloud Tasks."""
        from google.cloud.tasks_v2 import CloudTasksClient

        return self._made(CloudTasksClient)

    @cached_property
    def workflows(self) -> Any:  # noqa: ANN401
        """Workflows."""
        from google.cloud.workflows_v1 import WorkflowsClient

        return self._made(WorkflowsClient)

    @cached_property
    def workflow_executions(self) -> Any:  # noqa: ANN401
        """Workflows, executions."""
        from google.cloud.workflows.executions_v1 import ExecutionsClient

        return self._made(ExecutionsClient)

    @cached_property
    def assets(self) -> Any:  # noqa: ANN401
        """Cloud Asset Inventory v1."""
        from google.cloud.asset_v1 import AssetServiceClient

        return self._made(AssetServiceClient)

    def tag_bindings(self, region: str = "") -> Any:  # noqa: ANN401
        """Resource Manager v3, tags of resources; of what is in a region, that region tells."""
        from google.cloud.resourcemanager_v3 import TagBindingsClient

        if region not in self._regional:
            host = f"{region}-cloudresourcemanager.googleapis.com" if region else ""
            self._regional[region] = self._made(TagBindingsClient, host)
        return self._regional[region]

    @cached_property
    def _regional(self) -> dict[str, Any]:
        return {}

    @cached_property
    def rest(self) -> Any:  # noqa: ANN401
        """A requests session that carries our access token, for what has no client."""
        from google.auth.transport.requests import AuthorizedSession
        from requests.adapters import HTTPAdapter

        session = AuthorizedSession(self.caller.credentials)
        session.mount("https://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        return session

    def access_token(self) -> str:
        """A valid access token of the caller; secret."""
        refresh(self.caller.credentials)
        return str(self.caller.credentials.token)

    def rest_base(self, service: str) -> str:
        """Base address of a REST service, ``https://run.googleapis.com`` for ``run``."""
        return self.local.http if self.local else f"https://{service}.googleapis.com"

    def _made(self, client: Any, host: str = "") -> Any:  # noqa: ANN401
        if self.local is None:
            options = {"api_endpoint": host} if host else None
            return client(credentials=self.caller.credentials, client_options=options)
        transport = client.get_transport_class("grpc")
        return client(transport=transport(channel=self._channel))

    @cached_property
    def _channel(self) -> Any:  # noqa: ANN401
        """Plain gRPC to this machine.

        gRPC refuses to send credentials over a channel without TLS, so the token is put on each
        call by hand; it is one that the emulator issued and is worth nothing elsewhere.
        """
        import grpc

        if self.local is None:
            raise TypeError("the plain channel is for the local cloud only")
        channel = grpc.insecure_channel(self.local.grpc, options=[("grpc.enable_http_proxy", 0)])
        return grpc.intercept_channel(channel, _token_interceptor(self.access_token))


def _token_interceptor(token: Callable[[], str]) -> Any:  # noqa: ANN401
    import grpc

    class Interceptor(grpc.UnaryUnaryClientInterceptor):
        """Adds the authorization metadata that a TLS channel would add by itself."""

        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:  # noqa: ANN401
            metadata = [*(details.metadata or ()), ("authorization", f"Bearer {token()}")]
            return continuation(details._replace(metadata=metadata), request)

    return Interceptor()
