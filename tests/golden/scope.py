"""Which recorded requests the emulator answers, and why it does not answer the others."""

import re
from collections.abc import Iterable

from tests.golden.recordings import Exchange, Recording

_HOSTS = {
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "run.googleapis.com",
    "serviceusage.googleapis.com",
}
_REGIONAL = re.compile(r"[a-z]+-[a-z]+\d+-(?=run\.|cloudresourcemanager\.)")
_ELSEWHERE = (
    (r"/workloadIdentityPools", "workload identity pools are not emulated"),
    (r"^/v1beta1/", "only v1 of Service Usage is offered"),
    (r"/functions/", "Cloud Functions are not emulated"),
)


def host_of(exchange: Exchange) -> str:
    """The API's host, without the region that may stand before it."""
    return _REGIONAL.sub("", exchange.host)


def why_not(exchange: Exchange) -> str:
    """Why a request is not replayed; empty when it is."""
    host = host_of(exchange)
    if host not in _HOSTS:
        return f"{host} is not emulated"
    for pattern, reason in _ELSEWHERE:
        if re.search(pattern, exchange.path):
            return reason
    return ""


def replayable(recording: Recording) -> tuple[Exchange, ...]:
    """The exchanges of a recording that the emulator has to answer."""
    return tuple(each for each in recording.exchanges if not why_not(each))


def reasons(recording: Recording) -> Iterable[str]:
    """Why parts of a recording are not replayed, each reason once."""
    return dict.fromkeys(filter(None, map(why_not, recording.exchanges)))
