"""Which recorded requests the emulator answers, and why it does not answer the others."""

import re
from collections.abc import Iterable

from tests.golden.recordings import Exchange, Recording

_HOSTS = {
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "workflowexecutions.googleapis.com",
    "workflows.googleapis.com",
}
_REGIONAL = re.compile(r"[a-z]+-[a-z]+\d+-(?=run\.|cloudresourcemanager\.)")
_ELSEWHERE = (
    (r"/workloadIdentityPools", "workload identity pools are not emulated"),
    (r"^/v1beta1/", "only v1 of Service Usage is offered"),
    (r"/topics/", "an organisation policy fills in regions of topics, which is not emulated"),
)

_MOCKS = (
    (r"/workflows/.*-full__", "/workflows|/operations", "keys of workflows are not emulated"),
    (
        r"_project_crud__http__2025-12-12",
        "",
        "a mock's: a packed Empty has a value, which Google leaves out (tags recordings)",
    ),
    (
        r"/likely/iam/.*role_crud",
        r"queryTestablePermissions",
        "a mock's: no permission at all is testable on a project",
    ),
)


def host_of(exchange: Exchange) -> str:
    """The API's host, without the region that may stand before it."""
    return _REGIONAL.sub("", exchange.host)


def why_not(recording: str, exchange: Exchange) -> str:
    """Why a request is not replayed; empty when it is.

    Args:
        recording: its recording's name.
        exchange: the request.
    """
    host = host_of(exchange)
    if exchange.method == "GRPC":
        return "recorded over gRPC, of which the recording has no requests"
    if host == "cloudfunctions.googleapis.com":
        return "of functions, those of Python with an uploaded source alone are emulated"
    if host not in _HOSTS:
        return f"{host} is not emulated"
    for name, path, reason in _MOCKS:
        if re.search(name, recording) and re.search(path, exchange.path):
            return reason
    for pattern, reason in _ELSEWHERE:
        if re.search(pattern, exchange.path):
            return reason
    return ""


def replayable(recording: Recording) -> tuple[Exchange, ...]:
    """The exchanges of a recording that the emulator has to answer."""
    return tuple(each for each in recording.exchanges if not why_not(recording.name, each))


def reasons(recording: Recording) -> Iterable[str]:
    """Why parts of a recording are not replayed, each reason once."""
    found = (why_not(recording.name, each) for each in recording.exchanges)
    return dict.fromkeys(filter(None, found))
