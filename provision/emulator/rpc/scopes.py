"""OAuth scopes: what an access token is good for, whatever its holder may do.

Which scopes an API takes stands in its discovery document; that IAM's two take ``auth/iam`` is what
Google's own signers ask for.
"""

from google.rpc import error_details_pb2

from provision.emulator.rpc.hosts import api_of_method
from provision.emulator.rpc.status import ApiError

_PREFIX = "https://www.googleapis.com/auth/"
_WHOLE = "cloud-platform"
_WRITING = {
    "run": {"run"},
    "iam": {"iam"},
    "iamcredentials": {"iam"},
    "serviceusage": {"service.management"},
    "cloudidentity": {"cloud-identity.groups"},
    "pubsub": {"pubsub"},
    "storage": {"devstorage.read_write", "devstorage.full_control"},
}
_READING = {
    "run": {"run.readonly"},
    "artifactregistry": {"cloud-platform.read-only"},
    "cloudresourcemanager": {"cloud-platform.read-only"},
    "serviceusage": {"cloud-platform.read-only"},
    "cloudidentity": {"cloud-identity.groups.readonly"},
    "storage": {"devstorage.read_only", "cloud-platform.read-only"},
}


def check_scopes(scopes: frozenset[str] | None, method: str, *, write: bool) -> None:
    """Raise `ApiError` (PERMISSION_DENIED) when a token's scopes do not hold an RPC.

    Args:
        scopes: of the token; None for all of them.
        method: ``google.cloud.run.v2.Services/GetService``.
        write: whether it changes something.
    """
    if scopes is None:
        return
    api = api_of_method(method)
    held = {one.removeprefix(_PREFIX) for one in scopes}
    # Of RPCs that several APIs have, operations and locations, any API's scopes will do.
    apis = (api,) if api else (*_WRITING, *_READING)
    for one in apis:
        reading = set() if write else _READING.get(one, set())
        if held & ({_WHOLE} | _WRITING.get(one, set()) | reading):
            return
    info = error_details_pb2.ErrorInfo(
        reason="ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        domain="googleapis.com",
        metadata={"service": f"{api}.googleapis.com", "method": method.replace("/", ".")},
    )
    raise ApiError("PERMISSION_DENIED", "Request had insufficient authentication scopes.", info)
