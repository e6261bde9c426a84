"""Assets listed and exported, and policies with all that stand above them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import asset_v1, run_v2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.iam.deployed import SERVICE, deploy_bound

PROJECT = "projects/demo-project"
FOLDER = "folders/200000000001"
ORGANIZATION = "organizations/100000000001"
RESOURCES = "//cloudresourcemanager.googleapis.com"
ANN = "user:ann@example.com"
RUN = "run.googleapis.com/Service"


@pytest.fixture
def orders(grpc_clients: Clients, pushed_image: str) -> run_v2.Service:
    """A service that Ann may call."""
    return deploy_bound(grpc_clients, pushed_image, "roles/run.invoker", ANN)


@pytest.fixture
def assets(emulator: RunningEmulator, clients: Clients) -> asset_v1.AssetServiceClient:
    """Google's client, over both transports, of a viewer of the organisation's assets."""
    emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member="user:developer@example.com",
        role="roles/cloudasset.viewer",
    )
    return clients.make(asset_v1.AssetServiceClient)


def listed(client: asset_v1.AssetServiceClient, **request: Any) -> dict[str, asset_v1.Asset]:  # noqa: ANN401 - fields of the request
    """The assets by name."""
    found = client.list_assets(request={"parent": ORGANIZATION, **request})
    return {one.name: one for one in found}


@pytest.mark.usefixtures("orders")
def test_resources_are_listed_in_the_form_of_their_own_api(
    assets: asset_v1.AssetServiceClient, grpc_clients: Clients
) -> None:
    """With their ancestors by number; projects are named by number where they are listed."""
    number = grpc_clients.projects.get_project(name=PROJECT).name
    found = listed(assets, content_type="RESOURCE")
    service = found[f"//run.googleapis.com/{SERVICE}"]
    assert list(service.ancestors) == [number, FOLDER, ORGANIZATION]
    assert (service.resource.version, service.resource.location) == ("v1", "asia-east1")
    assert service.resource.parent == f"{RESOURCES}/{number}"
    data = service.resource.data
    assert (data["kind"], data["metadata"]["name"]) == ("Service", "orders")
    project = found[f"{RESOURCES}/{number}"]
    assert project.resource.data["projectId"] == "demo-project"
    assert list(project.ancestors) == [number, FOLDER, ORGANIZATION]
    kinds = {one.asset_type for one in found.values()}
    assert {"run.googleapis.com/Revision", "iam.googleapis.com/ServiceAccount"} <= kinds


@pytest.mark.usefixtures("orders")
def test_a_service_account_is_named_by_its_unique_id(
    assets: asset_v1.AssetServiceClient, grpc_clients: Clients
) -> None:
    """Where it is listed; its e-mail stands in its content."""
    found = listed(
        assets, content_type="RESOURCE", asset_types=["iam.googleapis.com/ServiceAccount"]
    )
    accounts = grpc_clients.iam.list_service_accounts(name=PROJECT)
    assert set(found) == {
        f"//iam.googleapis.com/{PROJECT}/serviceAccounts/{one.unique_id}" for one in accounts
    }


@pytest.mark.usefixtures("orders")
def test_policies_are_listed_of_what_has_one(assets: asset_v1.AssetServiceClient) -> None:
    """All bindings of each, and nothing else."""
    found = listed(assets, content_type="IAM_POLICY")
    policy = found[f"//run.googleapis.com/{SERVICE}"].iam_policy
    assert [(one.role, list(one.members)) for one in policy.bindings] == [
        ("roles/run.invoker", [ANN])
    ]
    assert all(one.iam_policy.bindings and not one.resource.version for one in found.values())


def test_pages_and_names_alone(assets: asset_v1.AssetServiceClient) -> None:
    """A hundred a page unless asked for; without a content type names and types are told."""
    request = {"parent": ORGANIZATION, "page_size": 2}
    pages = list(assets.list_assets(request=request).pages)
    assert [len(page.assets) for page in pages[:-1]] == [2] * (len(pages) - 1)
    assert all(not one.resource.version for page in pages for one in page.assets)
    with pytest.raises(exceptions.BadRequest):
        assets.list_assets(request={**request, "page_size": 1001})


def test_other_contents_are_said_to_be_missing(assets: asset_v1.AssetServiceClient) -> None:
    """Organisation policies, access policies and the like."""
    with pytest.raises(exceptions.MethodNotImplemented, match="ORG_POLICY"):
        assets.list_assets(request={"parent": ORGANIZATION, "content_type": "ORG_POLICY"})


def test_each_content_has_its_own_permission(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """Who may list resources may not list policies."""
    grpc_clients.iam.create_role(
        request={
            "parent": PROJECT,
            "role_id": "lister",
            "role": {"included_permissions": ["cloudasset.assets.listResource"]},
        }
    )
    emulator.admin("POST", "/grants", resource=PROJECT, member=ANN, role=f"{PROJECT}/roles/lister")
    client = clients_of(ANN).make(asset_v1.AssetServiceClient)
    assert list(client.list_assets(request={"parent": PROJECT, "content_type": "RESOURCE"}))
    with pytest.raises(exceptions.PermissionDenied, match="listIamPolicy"):
        client.list_assets(request={"parent": PROJECT, "content_type": "IAM_POLICY"})


@pytest.mark.usefixtures("orders")
def test_effective_policies_hold_all_from_the_resource_up(
    assets: asset_v1.AssetServiceClient,
) -> None:
    """The nearest first; a name outside of the scope is refused."""
    name = f"//run.googleapis.com/{SERVICE}"
    answer = assets.batch_get_effective_iam_policies(
        request={"scope": ORGANIZATION, "names": [name]}
    )
    [result] = answer.policy_results
    assert [one.attached_resource for one in result.policies] == [
        name,
        f"{RESOURCES}/{PROJECT}",
        f"{RESOURCES}/{FOLDER}",
        f"{RESOURCES}/{ORGANIZATION}",
    ]
    for names in ([f"{name}-none"], [], [name] * 21):
        with pytest.raises(exceptions.BadRequest):
            assets.batch_get_effective_iam_policies(request={"scope": ORGANIZATION, "names": names})


def exported(emulator: RunningEmulator, place: str) -> list[dict[str, Any]]:
    """What stands in an object or a table, as the emulator tells it."""
    answer = requests.get(f"{emulator.http}/_emulator/exports", params={"to": place}, timeout=30)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.usefixtures("orders")
def test_an_export_can_be_had_from_the_emulator(
    assets: asset_v1.AssetServiceClient, emulator: RunningEmulator
) -> None:
    """An object's lines have JSON names, a table's columns snake case and content as text."""
    request = {
        "parent": ORGANIZATION,
        "content_type": "RESOURCE",
        "asset_types": [RUN],
        "output_config": {"gcs_destination": {"uri": "gs://bucket/assets.json"}},
    }
    done = assets.export_assets(request=request).result(timeout=30)
    assert list(done.output_result.gcs_result.uris) == ["gs://bucket/assets.json"]
    [line] = exported(emulator, "gs://bucket/assets.json")
    assert line["assetType"] == RUN
    assert line["resource"]["data"]["kind"] == "Service"
    dataset = "projects/demo-project/datasets/audit"
    table = {"bigquery_destination": {"dataset": dataset, "table": "assets"}}
    assets.export_assets(request={**request, "output_config": table}).result(timeout=30)
    [row] = exported(emulator, f"{dataset}/tables/assets")
    assert row["asset_type"] == RUN
    assert json.loads(row["resource"]["data"])["kind"] == "Service"
    with pytest.raises(exceptions.BadRequest, match="force"):
        assets.export_assets(request={**request, "output_config": table})
    for output in ({}, {"gcs_destination": {"uri": "bucket"}}):
        with pytest.raises(exceptions.BadRequest):
            assets.export_assets(request={**request, "output_config": output})


@pytest.mark.usefixtures("orders")
def test_functions_can_be_further_behind(
    assets: asset_v1.AssetServiceClient, emulator: RunningEmulator
) -> None:
    """Services and accounts are there while nothing of functions is."""
    emulator.admin("POST", "/settings", functionAssetDelay=7 * 3600)
    found = listed(assets)
    assert f"//run.googleapis.com/{SERVICE}" in found
    emulator.admin("POST", "/settings", assetDelay=3600)
    assert listed(assets) == {}
