"""What a request's host means: which of Google's APIs is asked, and in which region.

Google's host names decide which API answers; on the emulator's own host the path decides. In a
request with an absolute target (``GET http://run.googleapis.com/… HTTP/1.1``, as clients send it to
a proxy) the target's host counts and not the Host header (RFC 9112, 3.2.2).
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

REGISTRY = "docker"
"""The API name of the registry's hosts (``LOCATION-docker.pkg.dev``, ``gcr.io``)."""

_REGION = r"[a-z]+(?:-[a-z]+)+[0-9]+"
_HOSTS = (
    re.compile(rf"(?P<region>{_REGION})-(?P<api>run|cloudresourcemanager|pubsub)\.googleapis\.com"),
    re.compile(rf"(?P<api>[a-z0-9-]+)\.(?P<region>{_REGION})\.rep\.googleapis\.com"),
    re.compile(r"(?P<api>[a-z0-9-]+)\.googleapis\.com"),
    re.compile(r"(?P<api>accounts)\.google\.com"),
)
_REGISTRY_HOST = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev|(?:(?:us|eu|asia)\.)?gcr\.io")

_MIXED_POLICIES = "google.iam.v1.IAMPolicy"
_POLICIES_OF = {"topics": "pubsub", "subscriptions": "pubsub", "triggers": "eventarc"}
# Longest first: what a REST method's name or, for methods that several APIs have, its path tells.
_PACKAGES = (
    ("google.cloud.run.", "run"),
    ("google.cloud.functions.", "cloudfunctions"),
    ("google.devtools.artifactregistry.", "artifactregistry"),
    ("google.iam.credentials.", "iamcredentials"),
    ("google.cloud.iap.", "iap"),
    ("google.cloud.asset.", "cloudasset"),
    (_MIXED_POLICIES, ""),  # several APIs mix it in
    ("google.iam.", "iam"),
    ("google.cloud.resourcemanager.", "cloudresourcemanager"),
    ("google.cloudresourcemanager.", "cloudresourcemanager"),
    ("google.api.serviceusage.", "serviceusage"),
    ("google.apps.cloudidentity.", "cloudidentity"),
    ("google.pubsub.", "pubsub"),
    ("google.cloud.eventarc.", "eventarc"),
    ("google.cloud.scheduler.", "cloudscheduler"),
    ("google.cloud.tasks.", "cloudtasks"),
    ("google.cloud.workflows.executions.", "workflowexecutions"),
    ("google.cloud.workflows.", "workflows"),
    ("google.storage.", "storage"),
)
_SHARED_PATHS = (
    ("/v2/policies/", ("iam",)),
    ("/v2/projects/*/locations/*/functions/", ("cloudfunctions",)),
    ("/v2/", ("run", "cloudfunctions")),
    ("/v1/projects/*/topics/", ("pubsub",)),
    ("/v1/projects/*/subscriptions/", ("pubsub",)),
    ("/v1/projects/*/locations/*/triggers/", ("eventarc",)),
    ("/v1/projects/*/locations/*/operations/", ("artifactregistry", "eventarc", "workflows")),
    ("/v3/projects/*/locations/", ("iam",)),
    ("/v3/folders/*/locations/", ("iam",)),
    ("/v3/organizations/*/locations/", ("iam",)),
    ("/v3/", ("cloudresourcemanager",)),
    ("/v1/projects/*/operations/*/**", ("cloudasset",)),
    ("/v1/folders/*/operations/*/**", ("cloudasset",)),
    ("/v1/organizations/*/operations/*/**", ("cloudasset",)),
    ("/v1/operations/", ("cloudresourcemanager", "cloudfunctions")),
    ("/v1/", ("artifactregistry",)),
    ("/v1beta2/", ("artifactregistry",)),
)


@dataclass(frozen=True)
class GoogleHost:
    """One of Google's hosts.

    Args:
        api: as in ``run`` for ``run.googleapis.com``; `REGISTRY` for the registry's hosts.
        region: of a regional host, as ``us-central1``; empty otherwise.
    """

    api: str
    region: str = ""


@lru_cache(maxsize=256)  # asked for several times in answering each request
def google_host(name: str) -> GoogleHost | None:
    """What a host name, with or without a port, means at Google; None when it is no API's host."""
    hostname = name.lower().partition(":")[0]
    if _REGISTRY_HOST.fullmatch(hostname):
        return GoogleHost(REGISTRY)
    for pattern in _HOSTS:
        if found := pattern.fullmatch(hostname):
            return GoogleHost(**found.groupdict())
    return None


def is_absolute(request: web.Request) -> bool:
    """Whether the request's target is a whole address, as clients send it to a proxy."""
    return not request.raw_path.startswith("/") and "://" in request.raw_path


def authority(request: web.Request) -> str:
    """Host and port that a request is for, as the client wrote them."""
    if not is_absolute(request):
        return request.host
    # Of an absolute target, aiohttp's `host` leaves the port out.
    return str(request.url.raw_authority.rpartition("@")[2])


def host_of(request: web.Request) -> GoogleHost | None:
    """Which Google host a request is for; None for the emulator's own."""
    return google_host(authority(request))


def region_of(request: web.Request) -> str:
    """The region of a regional host (``us-central1-run.googleapis.com``); empty otherwise.

    Cloud Run v1's paths ``/apis/serving.knative.dev/v1/namespaces/…`` carry no region, so it is
    known only from here.
    """
    host = host_of(request)
    return "" if host is None else host.region


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine by a name no one can rebind."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def api_of_method(name: str, resource: str = "") -> str:
    """The API that an RPC is of, as ``run``; empty for RPCs that several APIs have.

    Args:
        name: the RPC, ``google.cloud.run.v2.Services/GetService``.
        resource: what it is about, where that is known: it tells whose policy is meant.
    """
    if resource and name.startswith(_MIXED_POLICIES):
        collection = resource.rpartition("/")[0].rpartition("/")[2]
        return _POLICIES_OF.get(collection, "cloudfunctions")
    return next((api for prefix, api in _PACKAGES if name.startswith(prefix)), "")


def apis_of_route(name: str, template: str) -> tuple[str, ...]:
    """The APIs whose hosts offer a REST route, as ``run``.

    Args:
        name: the RPC, ``google.cloud.run.v2.Services/GetService``.
        template: the route, ``/v2/{name=projects/*/locations/*/services/*}``.
    """
    if own := api_of_method(name):
        return (own,)
    path = template.replace("{name=", "").replace("{resource=", "")
    return next((apis for prefix, apis in _SHARED_PATHS if path.startswith(prefix)), ())
