"""Every RPC that the emulator offers, with the permissions that Google documents for it.

Requests are in the JSON form of their messages; ``{compute}``, ``{image}`` and the like stand for
what `test_permissions` makes before.
"""

from typing import Any, NamedTuple

from tests.emulator.iam.permission_rows_audit import AUDIT_ROWS
from tests.emulator.iam.permission_rows_callers import CALLER_ROWS

PROJECT = "projects/demo-project"
LOCATION = f"{PROJECT}/locations/asia-east1"
SERVICE = f"{LOCATION}/services/orders"
JOB = f"{LOCATION}/jobs/nightly"
EXECUTION = f"{JOB}/executions/nightly-abcde"
REPOSITORY = f"{LOCATION}/repositories/services"
PACKAGE = f"{REPOSITORY}/packages/hello"
ACCOUNT = f"{PROJECT}/serviceAccounts/{{compute}}"
KEY = f"{ACCOUNT}/keys/1"
FOLDER = "folders/200000000001"
ORGANIZATION = "organizations/100000000001"
ROLE = f"{PROJECT}/roles/none"
POINT = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdemo-project/denypolicies"
TAGGED = "//run.googleapis.com/projects/{number}/locations/asia-east1/services/orders"


class Row(NamedTuple):
    """What one RPC needs.

    Args:
        permissions: every one of them is needed; none for what anybody may ask.
        request: one that would go on beyond the check.
    """

    permissions: tuple[str, ...]
    request: dict[str, Any]


def _policy_rows(service: str, prefix: str, resource: str) -> dict[str, Row]:
    return {
        f"{service}/GetIamPolicy": Row((f"{prefix}.getIamPolicy",), {"resource": resource}),
        f"{service}/SetIamPolicy": Row(
            (f"{prefix}.setIamPolicy",), {"resource": resource, "policy": {"etag": "AAAA"}}
        ),
        f"{service}/TestIamPermissions": Row((), {"resource": resource}),
    }


def _rows(service: str, prefix: str, rows: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Row]:
    return {
        f"{service}/{rpc}": Row((f"{prefix}.{verb}",), request)
        for rpc, (verb, request) in rows.items()
    }


_RUN = "google.cloud.run.v2"
_TEMPLATE = {"containers": [{"image": "{image}"}], "serviceAccount": "{compute}"}
_DEPLOYING = ("iam.serviceAccounts.actAs", "artifactregistry.repositories.downloadArtifacts")
RUN_ROWS = {
    f"{_RUN}.Services/CreateService": Row(
        ("run.services.create", *_DEPLOYING),
        {"parent": LOCATION, "serviceId": "new", "service": {"template": _TEMPLATE}},
    ),
    f"{_RUN}.Services/UpdateService": Row(
        ("run.services.update", *_DEPLOYING),
        {"service": {"name": SERVICE, "template": {**_TEMPLATE, "labels": {"a": "b"}}}},
    ),
    **_rows(
        f"{_RUN}.Services",
        "run.services",
        {
            "GetService": ("get", {"name": SERVICE}),
            "ListServices": ("list", {"parent": LOCATION}),
            "DeleteService": ("delete", {"name": SERVICE}),
        },
    ),
    **_policy_rows(f"{_RUN}.Services", "run.services", SERVICE),
    **_rows(
        f"{_RUN}.Revisions",
        "run.revisions",
        {
            "GetRevision": ("get", {"name": f"{SERVICE}/revisions/orders-00001-abc"}),
            "ListRevisions": ("list", {"parent": SERVICE}),
            "DeleteRevision": ("delete", {"name": f"{SERVICE}/revisions/orders-00001-abc"}),
        },
    ),
    f"{_RUN}.Jobs/CreateJob": Row(
        ("run.jobs.create", *_DEPLOYING),
        {"parent": LOCATION, "jobId": "new", "job": {"template": {"template": _TEMPLATE}}},
    ),
    **_rows(
        f"{_RUN}.Jobs",
        "run.jobs",
        {
            "GetJob": ("get", {"name": JOB}),
            "ListJobs": ("list", {"parent": LOCATION}),
            "UpdateJob": ("update", {"job": {"name": JOB}}),
            "DeleteJob": ("delete", {"name": JOB}),
        },
    ),
    f"{_RUN}.Jobs/RunJob": Row(
        ("run.jobs.run", "run.jobs.runWithOverrides"), {"name": JOB, "overrides": {"taskCount": 2}}
    ),
    **_policy_rows(f"{_RUN}.Jobs", "run.jobs", JOB),
    **_rows(
        f"{_RUN}.Executions",
        "run.executions",
        {
            "GetExecution": ("get", {"name": EXECUTION}),
            "ListExecutions": ("list", {"parent": JOB}),
            "DeleteExecution": ("delete", {"name": EXECUTION}),
            "CancelExecution": ("cancel", {"name": EXECUTION}),
        },
    ),
    **_rows(
        f"{_RUN}.Tasks",
        "run.tasks",
        {
            "GetTask": ("get", {"name": f"{EXECUTION}/tasks/nightly-abcde-0"}),
            "ListTasks": ("list", {"parent": EXECUTION}),
        },
    ),
    **_rows(
        "google.longrunning.Operations",
        "run.operations",
        {
            "GetOperation": ("get", {"name": "{operation}"}),
            "WaitOperation": ("get", {"name": "{operation}"}),
            "ListOperations": ("list", {"name": LOCATION}),
            "DeleteOperation": ("delete", {"name": "{operation}"}),
        },
    ),
}

_REGISTRY = "google.devtools.artifactregistry.v1.ArtifactRegistry"
_NOWHERE = "sha256:" + "0" * 64
REGISTRY_ROWS = {
    **_rows(
        _REGISTRY,
        "artifactregistry",
        {
            "ListRepositories": ("repositories.list", {"parent": LOCATION}),
            "GetRepository": ("repositories.get", {"name": REPOSITORY}),
            "CreateRepository": (
                "repositories.create",
                {"parent": LOCATION, "repositoryId": "new", "repository": {"format": "DOCKER"}},
            ),
            "UpdateRepository": ("repositories.update", {"repository": {"name": REPOSITORY}}),
            "DeleteRepository": ("repositories.delete", {"name": REPOSITORY}),
            "ListDockerImages": ("dockerimages.list", {"parent": REPOSITORY}),
            "GetDockerImage": (
                "dockerimages.get",
                {"name": f"{REPOSITORY}/dockerImages/hello@{_NOWHERE}"},
            ),
            "ListPackages": ("packages.list", {"parent": REPOSITORY}),
            "GetPackage": ("packages.get", {"name": PACKAGE}),
            "DeletePackage": ("packages.delete", {"name": PACKAGE}),
            "ListVersions": ("versions.list", {"parent": PACKAGE}),
            "GetVersion": ("versions.get", {"name": f"{PACKAGE}/versions/{_NOWHERE}"}),
            "DeleteVersion": ("versions.delete", {"name": f"{PACKAGE}/versions/{_NOWHERE}"}),
            "BatchDeleteVersions": (
                "versions.delete",
                {"parent": PACKAGE, "names": [f"{PACKAGE}/versions/{_NOWHERE}"]},
            ),
            "ListFiles": ("files.list", {"parent": REPOSITORY}),
            "GetFile": ("files.get", {"name": f"{REPOSITORY}/files/{_NOWHERE}"}),
            "ListTags": ("tags.list", {"parent": PACKAGE}),
            "GetTag": ("tags.get", {"name": f"{PACKAGE}/tags/v1"}),
            "CreateTag": (
                "tags.create",
                {
                    "parent": PACKAGE,
                    "tagId": "v2",
                    "tag": {"version": f"{PACKAGE}/versions/{_NOWHERE}"},
                },
            ),
            "UpdateTag": ("tags.update", {"tag": {"name": f"{PACKAGE}/tags/v1"}}),
            "DeleteTag": ("tags.delete", {"name": f"{PACKAGE}/tags/v1"}),
            "GetProjectSettings": ("projectsettings.get", {"name": f"{PROJECT}/projectSettings"}),
            "UpdateProjectSettings": (
                "projectsettings.update",
                {"projectSettings": {"name": f"{PROJECT}/projectSettings"}},
            ),
        },
    ),
    **_policy_rows(_REGISTRY, "artifactregistry.repositories", REPOSITORY),
    **_rows(
        "google.cloud.location.Locations",
        "artifactregistry.locations",
        {"ListLocations": ("list", {"name": PROJECT}), "GetLocation": ("get", {"name": LOCATION})},
    ),
}

_IAM = "google.iam.admin.v1.IAM"
_CREDENTIALS = "google.iam.credentials.v1.IAMCredentials"
_ANY_ACCOUNT = "projects/-/serviceAccounts/{compute}"
_FULL_PROJECT = f"//cloudresourcemanager.googleapis.com/{PROJECT}"
IAM_ROWS = {
    **_rows(
        _IAM,
        "iam",
        {
            "ListServiceAccounts": ("serviceAccounts.list", {"name": PROJECT}),
            "GetServiceAccount": ("serviceAccounts.get", {"name": ACCOUNT}),
            "CreateServiceAccount": (
                "serviceAccounts.create",
                {"name": PROJECT, "accountId": "new-account"},
            ),
            "UpdateServiceAccount": ("serviceAccounts.update", {"name": ACCOUNT}),
            "PatchServiceAccount": (
                "serviceAccounts.update",
                {"serviceAccount": {"name": ACCOUNT}},
            ),
            "DeleteServiceAccount": ("serviceAccounts.delete", {"name": ACCOUNT}),
            "UndeleteServiceAccount": ("serviceAccounts.undelete", {"name": ACCOUNT}),
            "EnableServiceAccount": ("serviceAccounts.enable", {"name": ACCOUNT}),
            "DisableServiceAccount": ("serviceAccounts.disable", {"name": ACCOUNT}),
            "ListServiceAccountKeys": ("serviceAccountKeys.list", {"name": ACCOUNT}),
            "GetServiceAccountKey": ("serviceAccountKeys.get", {"name": KEY}),
            "CreateServiceAccountKey": ("serviceAccountKeys.create", {"name": ACCOUNT}),
            "UploadServiceAccountKey": ("serviceAccountKeys.create", {"name": ACCOUNT}),
            "DeleteServiceAccountKey": ("serviceAccountKeys.delete", {"name": KEY}),
            "DisableServiceAccountKey": ("serviceAccountKeys.disable", {"name": KEY}),
            "EnableServiceAccountKey": ("serviceAccountKeys.enable", {"name": KEY}),
            "SignBlob": ("serviceAccounts.signBlob", {"name": ACCOUNT, "bytesToSign": "AAAA"}),
            "SignJwt": ("serviceAccounts.signJwt", {"name": ACCOUNT, "payload": "{{}}"}),
            "GetRole": ("roles.get", {"name": ROLE}),
            "ListRoles": ("roles.list", {"parent": PROJECT}),
            "CreateRole": ("roles.create", {"parent": PROJECT, "roleId": "newRole"}),
            "UpdateRole": ("roles.update", {"name": ROLE}),
            "DeleteRole": ("roles.delete", {"name": ROLE}),
            "UndeleteRole": ("roles.undelete", {"name": ROLE}),
        },
    ),
    **_policy_rows(_IAM, "iam.serviceAccounts", ACCOUNT),
    **{
        f"{_IAM}/{rpc}": Row((), {"fullResourceName": _FULL_PROJECT})
        for rpc in (
            "QueryGrantableRoles",
            "QueryTestablePermissions",
            "QueryAuditableServices",
            "LintPolicy",
        )
    },
    **_rows(
        _CREDENTIALS,
        "iam.serviceAccounts",
        {
            "GenerateAccessToken": (
                "getAccessToken",
                {"name": _ANY_ACCOUNT, "scope": ["https://www.googleapis.com/auth/cloud-platform"]},
            ),
            "GenerateIdToken": ("getOpenIdToken", {"name": _ANY_ACCOUNT, "audience": "a"}),
            "SignBlob": ("signBlob", {"name": _ANY_ACCOUNT, "payload": "AAAA"}),
            "SignJwt": ("signJwt", {"name": _ANY_ACCOUNT, "payload": "{{}}"}),
        },
    ),
    **_rows(
        "google.iam.v2.Policies",
        "iam.denypolicies",
        {
            "ListPolicies": ("list", {"parent": POINT}),
            "GetPolicy": ("get", {"name": f"{POINT}/none"}),
            "CreatePolicy": ("create", {"parent": POINT, "policyId": "new", "policy": {}}),
            "UpdatePolicy": ("update", {"policy": {"name": f"{POINT}/none"}}),
            "DeletePolicy": ("delete", {"name": f"{POINT}/none"}),
        },
    ),
}

_MANAGER = "google.cloud.resourcemanager.v3"
MANAGER_ROWS = {
    **_rows(
        f"{_MANAGER}.Projects",
        "resourcemanager.projects",
        {
            "GetProject": ("get", {"name": PROJECT}),
            "ListProjects": ("list", {"parent": FOLDER}),
            "CreateProject": (
                "create",
                {"project": {"projectId": "a-new-project", "parent": FOLDER}},
            ),
            "UpdateProject": ("update", {"project": {"name": PROJECT, "displayName": "Demo"}}),
            "DeleteProject": ("delete", {"name": PROJECT}),
            "UndeleteProject": ("undelete", {"name": PROJECT}),
        },
    ),
    **_rows(
        f"{_MANAGER}.Folders",
        "resourcemanager.folders",
        {
            "GetFolder": ("get", {"name": FOLDER}),
            "ListFolders": ("list", {"parent": ORGANIZATION}),
            "CreateFolder": ("create", {"folder": {"parent": FOLDER, "displayName": "new"}}),
            "UpdateFolder": ("update", {"folder": {"name": FOLDER, "displayName": "other"}}),
            "MoveFolder": ("move", {"name": FOLDER, "destinationParent": ORGANIZATION}),
            "DeleteFolder": ("delete", {"name": FOLDER}),
            "UndeleteFolder": ("undelete", {"name": FOLDER}),
        },
    ),
    f"{_MANAGER}.Projects/MoveProject": Row(
        ("resourcemanager.projects.update", "resourcemanager.projects.move"),
        {"name": PROJECT, "destinationParent": ORGANIZATION},
    ),
    f"{_MANAGER}.Organizations/GetOrganization": Row(
        ("resourcemanager.organizations.get",), {"name": ORGANIZATION}
    ),
    **{
        f"{_MANAGER}.{kind}/Search{kind}": Row((), {})
        for kind in ("Projects", "Folders", "Organizations")
    },
    **_policy_rows(f"{_MANAGER}.Projects", "resourcemanager.projects", PROJECT),
    **_policy_rows(f"{_MANAGER}.Folders", "resourcemanager.folders", FOLDER),
    **_policy_rows(f"{_MANAGER}.Organizations", "resourcemanager.organizations", ORGANIZATION),
    **_rows(
        f"{_MANAGER}.TagKeys",
        "resourcemanager.tagKeys",
        {
            "ListTagKeys": ("list", {"parent": PROJECT}),
            "GetTagKey": ("get", {"name": "{tag_key}"}),
            "GetNamespacedTagKey": ("get", {"name": "demo-project/env"}),
            "CreateTagKey": ("create", {"tagKey": {"parent": PROJECT, "shortName": "new"}}),
            "UpdateTagKey": ("update", {"tagKey": {"name": "{tag_key}", "description": "d"}}),
            "DeleteTagKey": ("delete", {"name": "{tag_key}"}),
        },
    ),
    **_policy_rows(f"{_MANAGER}.TagKeys", "resourcemanager.tagKeys", "{tag_key}"),
    **_rows(
        f"{_MANAGER}.TagValues",
        "resourcemanager.tagValues",
        {
            "ListTagValues": ("list", {"parent": "{tag_key}"}),
            "GetTagValue": ("get", {"name": "{tag_value}"}),
            "GetNamespacedTagValue": ("get", {"name": "demo-project/env/prod"}),
            "CreateTagValue": ("create", {"tagValue": {"parent": "{tag_key}", "shortName": "new"}}),
            "UpdateTagValue": ("update", {"tagValue": {"name": "{tag_value}", "description": "d"}}),
            "DeleteTagValue": ("delete", {"name": "{tag_value}"}),
        },
    ),
    **_policy_rows(f"{_MANAGER}.TagValues", "resourcemanager.tagValues", "{tag_value}"),
    f"{_MANAGER}.TagBindings/CreateTagBinding": Row(
        ("resourcemanager.tagValueBindings.create", "run.services.createTagBinding"),
        {"tagBinding": {"parent": TAGGED, "tagValue": "{tag_value}"}},
    ),
    f"{_MANAGER}.TagBindings/DeleteTagBinding": Row(
        ("resourcemanager.tagValueBindings.delete", "run.services.deleteTagBinding"),
        {"name": "tagBindings/{tagged}/{tag_value}"},
    ),
    f"{_MANAGER}.TagBindings/ListTagBindings": Row(
        ("run.services.listTagBindings",), {"parent": TAGGED}
    ),
    f"{_MANAGER}.TagBindings/ListEffectiveTags": Row(
        ("run.services.listEffectiveTags",), {"parent": TAGGED}
    ),
}

_ID = {"projectId": "demo-project"}
OLDER_ROWS = {
    **_rows(
        "google.cloudresourcemanager.v1.Projects",
        "resourcemanager.projects",
        {
            "GetProject": ("get", _ID),
            "CreateProject": ("create", {"project": {"projectId": "a-new-project"}}),
            "UpdateProject": ("update", {**_ID, "project": {"name": "Demo"}}),
            "DeleteProject": ("delete", _ID),
            "UndeleteProject": ("undelete", _ID),
            "GetAncestry": ("get", _ID),
        },
    ),
    "google.cloudresourcemanager.v1.Projects/ListProjects": Row((), {}),
    "google.cloudresourcemanager.v1.Organizations/SearchOrganizations": Row((), {}),
    "google.cloudresourcemanager.v1.Organizations/GetOrganization": Row(
        ("resourcemanager.organizations.get",), {"name": ORGANIZATION}
    ),
    **_rows(
        "google.cloudresourcemanager.v2.Folders",
        "resourcemanager.folders",
        {
            "GetFolder": ("get", {"name": FOLDER}),
            "ListFolders": ("list", {"parent": ORGANIZATION}),
            "CreateFolder": ("create", {"parent": FOLDER, "folder": {"displayName": "new"}}),
            "UpdateFolder": (
                "update",
                {
                    "name": FOLDER,
                    "folder": {"displayName": "other"},
                    "updateMask": "displayName",
                },
            ),
            "MoveFolder": ("move", {"name": FOLDER, "destinationParent": ORGANIZATION}),
            "DeleteFolder": ("delete", {"name": FOLDER}),
            "UndeleteFolder": ("undelete", {"name": FOLDER}),
        },
    ),
    "google.cloudresourcemanager.v2.Folders/SearchFolders": Row((), {}),
}

FUNCTION = f"{LOCATION}/functions/orders"
_SOURCE = "uploads-1.asia-east1.cloudfunctions.appspot.com"
_SECOND = {
    "buildConfig": {
        "runtime": "python311",
        "source": {"storageSource": {"bucket": f"gcf-v2-{_SOURCE}", "object": "a.zip"}},
    },
    "serviceConfig": {"serviceAccountEmail": "{compute}"},
}
_FIRST = {
    "name": f"{LOCATION}/functions/older",
    "runtime": "python311",
    "httpsTrigger": {},
    "sourceUploadUrl": f"https://storage.googleapis.com/{_SOURCE}/a.zip",
    "serviceAccountEmail": "{compute}",
}
_V1, _V2 = (
    "google.cloud.functions.v1.CloudFunctionsService",
    "google.cloud.functions.v2.FunctionService",
)
_FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "GetFunction": ("get", {"name": FUNCTION}),
    "ListFunctions": ("list", {"parent": LOCATION}),
    "UpdateFunction": ("update", {"function": {"name": FUNCTION}}),
    "DeleteFunction": ("delete", {"name": FUNCTION}),
    "GenerateUploadUrl": ("sourceCodeSet", {"parent": LOCATION}),
}
FUNCTION_ROWS = {
    **_rows(_V1, "cloudfunctions.functions", _FUNCTIONS),
    **_rows(_V2, "cloudfunctions.functions", _FUNCTIONS),
    f"{_V1}/CreateFunction": Row(
        ("cloudfunctions.functions.create", "iam.serviceAccounts.actAs"),
        {"location": LOCATION, "function": _FIRST},
    ),
    f"{_V2}/CreateFunction": Row(
        ("cloudfunctions.functions.create", "iam.serviceAccounts.actAs"),
        {"parent": LOCATION, "functionId": "hello", "function": _SECOND},
    ),
    f"{_V1}/CallFunction": Row(("cloudfunctions.functions.call",), {"name": FUNCTION}),
    f"{_V2}/ListRuntimes": Row(("cloudfunctions.functions.list",), {"parent": LOCATION}),
    **_policy_rows(_V1, "cloudfunctions.functions", FUNCTION),
    **_policy_rows("google.iam.v1.IAMPolicy", "cloudfunctions.functions", FUNCTION),
}

TABLE = {
    **RUN_ROWS,
    **REGISTRY_ROWS,
    **IAM_ROWS,
    **MANAGER_ROWS,
    **OLDER_ROWS,
    **FUNCTION_ROWS,
    **{rpc: Row(*row) for rpc, row in {**AUDIT_ROWS, **CALLER_ROWS}.items()},
}
