"""Recorded single answers of IAM and Resource Manager, and the worlds they need."""

from tests.golden.worlds import ADMIN, FOLDER, ORGANIZATION, POLICY, Asked, Making, World

_MANAGER = "cloudresourcemanager.googleapis.com"


def _organization_policy(making: Making) -> None:
    making.grant(ORGANIZATION, "roles/resourcemanager.organizationAdmin")
    policy = {"bindings": [*making.recorded()["bindings"], ADMIN]}
    making.send(f"POST /v3/{ORGANIZATION}:setIamPolicy", {"policy": policy})


def _folders(making: Making) -> None:
    making.grant(FOLDER, "roles/resourcemanager.folderAdmin")
    for one in making.recorded()["folders"]:
        body = {"parent": FOLDER, "displayName": one["displayName"]}
        made = making.send("POST /v3/folders", body)
        making.names[one["name"]] = made["name"]


def _hierarchy(making: Making) -> None:
    making.grant(ORGANIZATION, "roles/resourcemanager.folderAdmin")
    making.grant(ORGANIZATION, "roles/resourcemanager.projectCreator")
    making.grant(ORGANIZATION, "roles/owner")
    parent = ORGANIZATION
    for number, name in (("264112811077", "apps"), ("389734459213", "ftests")):
        made = making.send("POST /v3/folders", {"parent": parent, "displayName": name})
        parent = made["name"]
        making.names[number] = parent.partition("/")[2]
    # The list has the youngest first.
    for one in reversed(making.recorded()["projects"]):
        body = {
            "projectId": one["projectId"],
            "displayName": one["name"],
            "parent": parent,
            "labels": one.get("labels", {}),
        }
        making.send("POST /v3/projects", body)
        if one["lifecycleState"] == "DELETE_REQUESTED":
            making.send(f"DELETE /v3/projects/{one['projectId']}")


def _project_policy(making: Making) -> None:
    making.grant(FOLDER, "roles/owner")
    account = "c7n-iam-chained-x7r2k"
    making.send(
        f"POST /v1/projects/{making.emulator.project}/serviceAccounts", {"accountId": account}
    )
    policy = {"bindings": making.recorded()["bindings"]}
    making.send(f"POST /v3/projects/{making.emulator.project}:setIamPolicy", {"policy": policy})


def _own_policy(making: Making) -> None:
    making.grant(FOLDER, "roles/owner")
    policy = {key: making.recorded()[key] for key in ("bindings", "auditConfigs")}
    making.send(
        f"POST /v3/projects/{making.emulator.project}:setIamPolicy",
        {"policy": policy, "updateMask": "bindings,auditConfigs"},
    )


def _role(making: Making) -> None:
    recorded = making.recorded()
    role = {key: recorded[key] for key in ("title", "description", "includedPermissions")}
    path = f"/v1/projects/{making.emulator.project}/roles"
    making.send(f"POST {path}", {"roleId": "CustomRole1", "role": role})


def _policies(project: str) -> tuple[Asked, ...]:
    """Two reads of a project's policy, a write and a read."""
    line = f"POST {_MANAGER}/v1/projects/{project}"
    file = f"post-v1-projects-{project}"
    return (
        Asked(f"{file}-getIamPolicy_1.json", f"{line}:getIamPolicy", {}),
        Asked(f"{file}-getIamPolicy_2.json", f"{line}:getIamPolicy", {}),
        Asked(f"{file}-setIamPolicy_1.json", f"{line}:setIamPolicy", POLICY),
    )


WORLDS = (
    World(
        "c7n/organization-query",
        (
            Asked(
                "post-v1-organizations-search_1.json",
                f"POST {_MANAGER}/v1/organizations:search",
                {},
            ),
        ),
        {
            "851339424791": ORGANIZATION.partition("/")[2],
            "example.io": "example.com",
            "D14a97w5s": "C01emulator",
        },
    ),
    World(
        "c7n/organization-set-iam-policy",
        (
            Asked(
                "post-v1-organizations-926683928810-getIamPolicy_1.json",
                f"POST {_MANAGER}/v1/organizations/926683928810:getIamPolicy",
                {},
            ),
            Asked(
                "post-v1-organizations-926683928810-setIamPolicy_1.json",
                f"POST {_MANAGER}/v1/organizations/926683928810:setIamPolicy",
                POLICY,
            ),
            Asked(
                "post-v1-organizations-926683928810-getIamPolicy_3.json",
                f"POST {_MANAGER}/v1/organizations/926683928810:getIamPolicy",
                {},
            ),
        ),
        {"926683928810": ORGANIZATION.partition("/")[2]},
        _organization_policy,
    ),
    World(
        "c7n/folder-query",
        (
            Asked(
                "get-v2-folders_1.json",
                f"GET {_MANAGER}/v2/folders?parent=organizations/926683928810",
            ),
        ),
        {"organizations/926683928810": FOLDER},
        _folders,
    ),
    World(
        "c7n/folder-iam-policy",
        (
            Asked(
                "get-v2-folders_1.json",
                f"GET {_MANAGER}/v2/folders?parent=organizations/870080179722",
            ),
        ),
        {"organizations/870080179722": FOLDER},
        _folders,
    ),
    World(
        "c7n/project-hierarchy",
        (
            Asked(
                "get-v1-projects_1.json",
                f"GET {_MANAGER}/v1/projects?filter=parent.id%3A389734459213+parent.type%3Afolder",
            ),
            Asked("get-v2-folders-389734459213_1.json", f"GET {_MANAGER}/v2/folders/389734459213"),
            Asked("get-v2-folders-264112811077_1.json", f"GET {_MANAGER}/v2/folders/264112811077"),
            *(
                Asked(
                    f"post-v1-projects-{project}-getAncestry_1.json",
                    f"POST {_MANAGER}/v1/projects/{project}:getAncestry",
                    {},
                )
                for project in ("c7n-test-target", "practical-truck-276716")
            ),
        ),
        {"organizations/11144": ORGANIZATION, "11144": ORGANIZATION.partition("/")[2]},
        _hierarchy,
    ),
    World(
        "c7n/project-iam-policy-chained-filters",
        _policies("stacklet-test-policies"),
        {"stacklet-test-policies": "cloud-custodian"},
        _project_policy,
    ),
    World(
        "c7n/project-iam-policy-matched-action",
        _policies("stacklet-test-policies"),
        {"stacklet-test-policies": "cloud-custodian"},
        _project_policy,
    ),
    World(
        "c7n/project-set-iam-policy",
        _policies("cloud-custodian"),
        prepare=_own_policy,
    ),
    World(
        "c7n/iam-project-role",
        (
            Asked(
                "get-v1-projects-cloud-custodian-roles-CustomRole1_1.json",
                "GET iam.googleapis.com/v1/projects/cloud-custodian/roles/CustomRole1",
            ),
        ),
        {"accessapproval.requests.get": "run.services.get"},
        _role,
    ),
)
