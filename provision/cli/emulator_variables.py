"""The variables that lead Google's programs to the emulator, and the shell lines that set them."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

MARKER = "PROVISION_EMULATOR_ENV"
"""Holds the names that were set, so that all of it can be undone."""
SAVED = "PROVISION_SAVED_"
"""What a variable was before is kept under its name with this in front."""

_ENDPOINTS = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"
_LOCAL = ("localhost", "127.0.0.1", "::1", "127.0.0.0/8")
_IN_THE_WAY = {
    "gcloud": (
        "CLOUDSDK_ACTIVE_CONFIG_NAME",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS",
        "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
        "CLOUDSDK_BILLING_QUOTA_PROJECT",
        "CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE",
        "CLOUDSDK_CORE_ACCOUNT",
        "CLOUDSDK_CORE_UNIVERSE_DOMAIN",
    ),
    "clients": (
        "GOOGLE_API_USE_CLIENT_CERTIFICATE",
        "GOOGLE_API_USE_MTLS_ENDPOINT",
        "GOOGLE_CLOUD_QUOTA_PROJECT",
        "GOOGLE_CLOUD_UNIVERSE_DOMAIN",
        "no_grpc_proxy",
    ),
    "docker": ("DOCKER_AUTH_CONFIG",),
}


class For(StrEnum):
    """Whom variables are for."""

    GCLOUD = "gcloud"
    CLIENTS = "clients"
    DOCKER = "docker"
    ALL = "all"


@dataclass(frozen=True)
class Place:
    """Where the emulator is, and what was written for its users.

    Args:
        http: its base address.
        proxy: address of its proxy.
        project: the project to begin with.
        network: the containers' network, as in ``172.18.0.0/16``; empty when nothing runs them.
        folder: where the files are.
    """

    http: str
    proxy: str
    project: str
    network: str
    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate of the proxy's own authority."""
        return self.folder / "ca.pem"

    @property
    def bundle(self) -> Path:
        """That certificate with those that this machine trusts."""
        return self.folder / "ca-bundle.pem"

    @property
    def credentials(self) -> Path:
        """Application default credentials of the emulator's identity."""
        return self.folder / "credentials.json"

    @property
    def gcloud(self) -> Path:
        """Gcloud's configuration."""
        return self.folder / "gcloud"

    @property
    def docker(self) -> Path:
        """Docker's configuration."""
        return self.folder / "docker"


def wanted(place: Place, whom: For) -> dict[str, str]:
    """Names and values. None of the values is secret.

    Every one that reads certificates is told the same file: where several are set, programs differ
    in which goes first (requests, for one, takes REQUESTS_CA_BUNDLE over what gcloud says).
    """
    found = {"PROVISION_EMULATOR": place.http, **_proxied(place)}
    parts = {For.GCLOUD: _gcloud, For.CLIENTS: _clients, For.DOCKER: _docker}
    for one, variables in parts.items():
        if whom in {one, For.ALL}:
            found |= variables(place)
    return found


def in_the_way(whom: For, environ: Mapping[str, str]) -> list[str]:
    """Names that are set and would lead elsewhere."""
    kinds = [kind for kind in _IN_THE_WAY if whom in {kind, For.ALL}]
    names = {name for kind in kinds for name in _IN_THE_WAY[kind]}
    if "gcloud" in kinds:
        names |= {name for name in environ if name.startswith(_ENDPOINTS)}
    return sorted(names & environ.keys())


def _proxied(place: Place) -> dict[str, str]:
    # Without what was there before: a name of Google's in it would lead past the emulator.
    direct = ",".join((*_LOCAL, *([place.network] if place.network else [])))
    bundle = str(place.bundle)
    return {
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), place.proxy),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), direct),
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), bundle),
    }


def _gcloud(place: Place) -> dict[str, str]:
    proxy = urlsplit(place.proxy)
    return {
        "CLOUDSDK_CONFIG": str(place.gcloud),
        "CLOUDSDK_CORE_PROJECT": place.project,
        "CLOUDSDK_AUTH_TOKEN_HOST": f"{place.http}/token",
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": proxy.hostname or "",
        "CLOUDSDK_PROXY_PORT": str(proxy.port or ""),
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": str(place.bundle),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "1",
    }


def _clients(place: Place) -> dict[str, str]:
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": str(place.credentials),
        "GOOGLE_CLOUD_PROJECT": place.project,
        "grpc_proxy": place.proxy,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(place.bundle),
        "HTTPLIB2_CA_CERTS": str(place.bundle),
        "NODE_EXTRA_CA_CERTS": str(place.authority),
    }


def _docker(place: Place) -> dict[str, str]:
    return {
        "DOCKER_CONFIG": str(place.docker),
        # skopeo, podman and buildah look there first.
        "REGISTRY_AUTH_FILE": str(place.docker / "config.json"),
    }


def setting(
    values: Mapping[str, str], removed: list[str], environ: Mapping[str, str]
) -> Iterator[str]:
    """Shell lines that set `values` and unset `removed`; what was there before is kept.

    Nothing of the old values is shown: they may hold a password.
    """
    ours = set(environ.get(MARKER, "").split())
    for name in (*values, *removed):
        if name in environ and name not in ours:
            yield f'export {SAVED}{name}="${name}"'
    for name, value in values.items():
        yield f"export {name}={shlex.quote(value)}"
    for name in removed:
        yield f"unset {name}"
    marked = " ".join(sorted({*ours, *values, *removed}))
    yield f"export {MARKER}={shlex.quote(marked)}"


def undoing(environ: Mapping[str, str]) -> Iterator[str]:
    """Shell lines that bring back what was before."""
    for name in environ.get(MARKER, "").split():
        if not name.isidentifier():
            continue
        if f"{SAVED}{name}" in environ:
            yield f'export {name}="${SAVED}{name}"'
            yield f"unset {SAVED}{name}"
        else:
            yield f"unset {name}"
    yield f"unset {MARKER}"
