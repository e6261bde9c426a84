"""REST routes of ``google.iam.admin.v1``, whose client package has gRPC only.

Source: the public discovery document of the IAM API, version v1.
"""

_ACCOUNT = "/v1/{name=projects/*/serviceAccounts/*}"
_KEY = "/v1/{name=projects/*/serviceAccounts/*/keys/*}"
_POLICY = "/v1/{resource=projects/*/serviceAccounts/*}"
_ROLES = (
    "/v1/{name=roles/*}",
    "/v1/{name=organizations/*/roles/*}",
    "/v1/{name=projects/*/roles/*}",
)
_PARENTS = ("/v1/{parent=organizations/*}/roles", "/v1/{parent=projects/*}/roles")

IAM_ROUTES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "ListServiceAccounts": (("GET", "/v1/{name=projects/*}/serviceAccounts", ""),),
    "GetServiceAccount": (("GET", _ACCOUNT, ""),),
    "CreateServiceAccount": (("POST", "/v1/{name=projects/*}/serviceAccounts", "*"),),
    "UpdateServiceAccount": (("PUT", _ACCOUNT, "*"),),
    "PatchServiceAccount": (
        ("PATCH", "/v1/{service_account.name=projects/*/serviceAccounts/*}", "*"),
    ),
    "DeleteServiceAccount": (("DELETE", _ACCOUNT, ""),),
    "UndeleteServiceAccount": (("POST", f"{_ACCOUNT}:undelete", "*"),),
    "EnableServiceAccount": (("POST", f"{_ACCOUNT}:enable", "*"),),
    "DisableServiceAccount": (("POST", f"{_ACCOUNT}:disable", "*"),),
    "ListServiceAccountKeys": (("GET", "/v1/{name=projects/*/serviceAccounts/*}/keys", ""),),
    "GetServiceAccountKey": (("GET", _KEY, ""),),
    "CreateServiceAccountKey": (("POST", "/v1/{name=projects/*/serviceAccounts/*}/keys", "*"),),
    "UploadServiceAccountKey": (
        ("POST", "/v1/{name=projects/*/serviceAccounts/*}/keys:upload", "*"),
    ),
    "DeleteServiceAccountKey": (("DELETE", _KEY, ""),),
    "DisableServiceAccountKey": (("POST", f"{_KEY}:disable", "*"),),
    "EnableServiceAccountKey": (("POST", f"{_KEY}:enable", "*"),),
    "SignBlob": (("POST", f"{_ACCOUNT}:signBlob", "*"),),
    "SignJwt": (("POST", f"{_ACCOUNT}:signJwt", "*"),),
    "GetIamPolicy": (("POST", f"{_POLICY}:getIamPolicy", ""),),
    "SetIamPolicy": (("POST", f"{_POLICY}:setIamPolicy", "*"),),
    "TestIamPermissions": (("POST", f"{_POLICY}:testIamPermissions", "*"),),
    "QueryGrantableRoles": (("POST", "/v1/roles:queryGrantableRoles", "*"),),
    "QueryTestablePermissions": (("POST", "/v1/permissions:queryTestablePermissions", "*"),),
    "QueryAuditableServices": (("POST", "/v1/iamPolicies:queryAuditableServices", "*"),),
    "LintPolicy": (("POST", "/v1/iamPolicies:lintPolicy", "*"),),
    "ListRoles": (("GET", "/v1/roles", ""), *(("GET", path, "") for path in _PARENTS)),
    "GetRole": tuple(("GET", path, "") for path in _ROLES),
    "CreateRole": tuple(("POST", path, "*") for path in _PARENTS),
    "UpdateRole": tuple(("PATCH", path, "role") for path in _ROLES[1:]),
    "DeleteRole": tuple(("DELETE", path, "") for path in _ROLES[1:]),
    "UndeleteRole": tuple(("POST", f"{path}:undelete", "*") for path in _ROLES[1:]),
}
