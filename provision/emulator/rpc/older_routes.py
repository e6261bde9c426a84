"""Paths of Resource Manager v1 and v2 that gcloud still uses for what v3 does in the same words.

Source: the public discovery documents of the Cloud Resource Manager API, versions v1 and v2.
"""

_PACKAGE = "google.cloud.resourcemanager.v3"
_OWNERS = (
    ("Projects", "/v1/{resource=projects/*}"),
    ("Organizations", "/v1/{resource=organizations/*}"),
    ("Folders", "/v2/{resource=folders/*}"),
)
_VERBS = ("getIamPolicy", "setIamPolicy", "testIamPermissions")

OLDER_ROUTES: dict[str, tuple[tuple[str, str, str], ...]] = {
    f"{_PACKAGE}.{service}/{verb[0].upper()}{verb[1:]}": (("POST", f"{path}:{verb}", "*"),)
    for service, path in _OWNERS
    for verb in _VERBS
}
"""Verb, path and body field of the additional routes, by the RPC's name."""
