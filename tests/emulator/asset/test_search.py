"""Searches of the asset inventory: resources and policies, by Google's client."""

from collections.abc import Callable

import pytest
from google.api_core import exceptions
from google.cloud import asset_v1, pubsub_v1, resourcemanager_v3, run_v2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.iam.deployed import SERVICE, deploy_bound

PROJECT = "projects/demo-project"
FOLDER = "folders/200000000001"
ORGANIZATION = "organizations/100000000001"
RESOURCES = "//cloudresourcemanager.googleapis.com"
RUN_SERVICE = f"//run.googleapis.com/{SERVICE}"
ANN, READER = "user:ann@example.com", "user:reader@example.com"


@pytest.fixture
def orders(grpc_clients: Clients, pushed_image: str) -> run_v2.Service:
    """A service that Ann may call."""
    return deploy_bound(grpc_clients, pushed_image, "roles/run.invoker", ANN)


@pytest.fixture
def assets(emulator: RunningEmulator, clients: Clients) -> asset_v1.AssetServiceClient:
    """Google's client, over both transports, of somebody who may search the organisation."""
    emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member="user:developer@example.com",
        role="roles/cloudasset.viewer",
    )
    return clients.make(asset_v1.AssetServiceClient)


@pytest.mark.usefixtures("orders")
def test_a_service_is_found_with_all_that_it_is_in(
    assets: asset_v1.AssetServiceClient, grpc_clients: Clients
) -> None:
    """By the project's id in its name, the number in ``project``, folders and organisation."""
    number = grpc_clients.projects.get_project(name=PROJECT).name
    [found] = assets.search_all_resources(
        request={"scope": ORGANIZATION, "asset_types": ["run.googleapis.com/Service"]}
    )
    assert found.name == RUN_SERVICE
    assert (found.project, list(found.folders), found.organization) == (
        number,
        [FOLDER],
        ORGANIZATION,
    )
    assert (found.display_name, found.location) == ("orders", "asia-east1")
    assert found.parent_full_resource_name == f"{RESOURCES}/{PROJECT}"
    assert found.parent_asset_type == "cloudresourcemanager.googleapis.com/Project"
    assert found.create_time.nanosecond == 0
    assert not found.versioned_resources


@pytest.mark.usefixtures("orders")
def test_large_fields_are_shown_when_asked_for(assets: asset_v1.AssetServiceClient) -> None:
    """The content is in the form of v1 of Cloud Run."""
    [found] = assets.search_all_resources(
        request={
            "scope": PROJECT,
            "asset_types": ["run.googleapis.com/Service"],
            "read_mask": "name,versionedResources",
        }
    )
    content = dict(found.versioned_resources[0].resource)
    assert (content["kind"], content["apiVersion"]) == ("Service", "serving.knative.dev/v1")
    assert not found.location
    with pytest.raises(exceptions.BadRequest):
        assets.search_all_resources(request={"scope": PROJECT, "read_mask": "nothing"})


@pytest.mark.usefixtures("orders")
def test_policies_are_found_on_everything_that_has_one(
    assets: asset_v1.AssetServiceClient,
) -> None:
    """With the bindings that a query fits, and no others; projects by their id."""
    found = {
        one.resource: one for one in assets.search_all_iam_policies(request={"scope": ORGANIZATION})
    }
    assert {RUN_SERVICE, f"{RESOURCES}/{PROJECT}", f"{RESOURCES}/{FOLDER}"} <= set(found)
    assert f"{RESOURCES}/{ORGANIZATION}" in found
    assert [one.role for one in found[RUN_SERVICE].policy.bindings] == ["roles/run.invoker"]
    [only] = assets.search_all_iam_policies(
        request={"scope": ORGANIZATION, "query": "policy:ann@example.com"}
    )
    assert only.resource == RUN_SERVICE
    owners = list(
        assets.search_all_iam_policies(request={"scope": PROJECT, "query": "roles=roles/owner"})
    )
    assert [one.resource for one in owners] == [f"{RESOURCES}/{PROJECT}"]
    assert [one.role for one in owners[0].policy.bindings] == ["roles/owner"]


QUERIES = {
    "policy:user:ann@example.com": True,
    "policy=user:ann@example.com": True,
    "policy:ann@example*": True,
    "policy:(bob OR ann@example.com)": True,
    "policy:roles/run.invoker": True,
    "policy:invoker resource:orders": True,
    "policy:invoker AND NOT resource:orders": False,
    "policy:invoker -resource:orders": False,
    "(policy:nobody OR policy:ann) AND memberTypes:user": True,
    "memberTypes:serviceAccount resource:orders": False,
    "policy.role.permissions:run.routes.invoke resource:orders": True,
    "policy.role.permissions:run.services.delete resource:orders": False,
    f'resource="{RUN_SERVICE}"': True,
    "orders": True,
    "ord*": True,
    "rder": False,
    "ANN": True,
}


@pytest.mark.parametrize(("query", "fits"), QUERIES.items(), ids=list(QUERIES))
@pytest.mark.usefixtures("orders")
def test_queries_about_policies(
    emulator: RunningEmulator, grpc_clients: Clients, query: str, fits: bool
) -> None:
    """Words, whole values, beginnings, alternatives, negation."""
    emulator.admin(
        "POST",
        "/grants",
        resource=PROJECT,
        member="user:developer@example.com",
        role="roles/cloudasset.viewer",
    )
    client = grpc_clients.make(asset_v1.AssetServiceClient)
    request = {
        "scope": PROJECT,
        "query": query,
        "asset_types": ["run.googleapis.com/.*"],
    }
    assert bool(list(client.search_all_iam_policies(request=request))) is fits


@pytest.mark.parametrize(
    "query",
    [
        *("nothing:here", "name:", ":x", "(name:x", "name:x)", "createTime<2021", "AND x"),
        *("(" * 900 + "x" + ")" * 900, "NOT " * 400 + "x", "-" * 1500 + "x", "x" * 2049),
    ],
    ids=lambda text: text[:16],
)
def test_what_is_not_understood_is_refused(
    emulator: RunningEmulator, grpc_clients: Clients, query: str
) -> None:
    """Instead of being taken for free text."""
    emulator.admin(
        "POST",
        "/grants",
        resource=PROJECT,
        member="user:developer@example.com",
        role="roles/cloudasset.viewer",
    )
    client = grpc_clients.make(asset_v1.AssetServiceClient)
    with pytest.raises(exceptions.InvalidArgument):
        client.search_all_resources(request={"scope": PROJECT, "query": query})


def test_a_page_has_five_hundred_at_most(
    assets: asset_v1.AssetServiceClient, emulator: RunningEmulator
) -> None:
    """Whatever is asked for; a token belongs to its own search."""
    for number in range(260):
        emulator.admin("POST", "/projects", projectId=f"project-{number:03}")
    pager = assets.search_all_iam_policies(request={"scope": ORGANIZATION, "page_size": 1000})
    sizes = [len(page.results) for page in pager.pages]
    assert max(sizes) <= 500
    resources = {"scope": ORGANIZATION, "page_size": 1000}
    found = list(assets.search_all_resources(request=resources).pages)
    assert len(found[0].results) == 500
    assert sum(len(page.results) for page in found) >= 2 * 260
    token = found[0].next_page_token
    with pytest.raises(exceptions.BadRequest):
        assets.search_all_resources(request={**resources, "scope": FOLDER, "page_token": token})


@pytest.mark.parametrize(
    "pattern", ["run.googleapis.com/Nothing", "compute.*", "[", "(a+)+", "*", ".*" * 50 + "x"]
)
def test_types_that_are_none_are_refused(assets: asset_v1.AssetServiceClient, pattern: str) -> None:
    """A pattern has to fit a supported type."""
    with pytest.raises(exceptions.BadRequest, match="asset type"):
        assets.search_all_resources(request={"scope": PROJECT, "asset_types": [pattern]})


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("run.googleapis.com/Service", 1),
        ("run\\.googleapis\\.com/(Service)", 0),
        ("run.*", 2),
        (".*/Service|.*Project", 2),
        (".*Revision.*", 1),
        (".+/Rev.+", 1),
    ],
)
@pytest.mark.usefixtures("orders")
def test_types_may_be_patterns(
    assets: asset_v1.AssetServiceClient, pattern: str, expected: int
) -> None:
    """Of letters, dots, stars and alternatives; nothing else is understood."""
    request = {"scope": PROJECT, "asset_types": [pattern]}
    if not expected:
        with pytest.raises(exceptions.BadRequest):
            assets.search_all_resources(request=request)
    else:
        assert len(list(assets.search_all_resources(request=request))) == expected


def test_tags_and_labels_can_be_searched(
    assets: asset_v1.AssetServiceClient, grpc_clients: Clients
) -> None:
    """Tags by their namespaced names; labels by key and value."""
    key = grpc_clients.make(resourcemanager_v3.TagKeysClient).create_tag_key(
        tag_key=resourcemanager_v3.TagKey(parent=PROJECT, short_name="env")
    )
    value = grpc_clients.make(resourcemanager_v3.TagValuesClient).create_tag_value(
        tag_value=resourcemanager_v3.TagValue(parent=key.result(timeout=30).name, short_name="prod")
    )
    project = grpc_clients.projects.get_project(name=PROJECT)
    grpc_clients.make(resourcemanager_v3.TagBindingsClient).create_tag_binding(
        tag_binding=resourcemanager_v3.TagBinding(
            parent=f"{RESOURCES}/{project.name}", tag_value=value.result(timeout=30).name
        )
    ).result(timeout=30)
    labelled = resourcemanager_v3.Project(name=PROJECT, labels={"team": "shop"})
    grpc_clients.projects.update_project(project=labelled, update_mask="labels").result(timeout=30)
    for query in ("tagValues:prod", "effectiveTagKeys:env", "labels.team:shop", "labels:team"):
        found = assets.search_all_resources(
            request={
                "scope": PROJECT,
                "query": query,
                "asset_types": ["cloudresourcemanager.googleapis.com/Project"],
            }
        )
        assert [one.name for one in found] == [f"{RESOURCES}/{PROJECT}"], query


def test_results_are_sorted_as_asked(
    assets: asset_v1.AssetServiceClient, emulator: RunningEmulator
) -> None:
    """By several fields, each from either end."""
    emulator.admin("POST", "/projects", projectId="another-project")
    request = {
        "scope": ORGANIZATION,
        "asset_types": ["cloudresourcemanager.googleapis.com/.*"],
        "order_by": "assetType DESC, name",
    }
    found = [(one.asset_type, one.name) for one in assets.search_all_resources(request=request)]
    by_name = sorted(found, key=lambda one: one[1])
    assert len(found) > 3
    assert found == sorted(by_name, key=lambda one: one[0], reverse=True)
    with pytest.raises(exceptions.BadRequest):
        assets.search_all_resources(request={**request, "order_by": "labels"})


def test_searching_needs_its_permission_on_the_scope(
    emulator: RunningEmulator, clients_of: Callable[[str], Clients]
) -> None:
    """On the project alone it does not do for the organisation; the words were reported."""
    emulator.admin(
        "POST", "/grants", resource=PROJECT, member=READER, role="roles/cloudasset.viewer"
    )
    client = clients_of(READER).make(asset_v1.AssetServiceClient)
    assert list(client.search_all_resources(request={"scope": PROJECT}))
    for scope in (ORGANIZATION, "projects/nothing-here"):
        with pytest.raises(
            exceptions.PermissionDenied,
            match=rf"searchAllResources' denied on resource '{RESOURCES}/{scope}' \(or it may",
        ):
            client.search_all_resources(request={"scope": scope})


def test_the_inventory_is_behind_as_long_as_it_is_said_to_be(
    assets: asset_v1.AssetServiceClient, emulator: RunningEmulator
) -> None:
    """What was made since is not there; with no delay it is."""
    emulator.admin("POST", "/settings", assetDelay=3600)
    emulator.admin("POST", "/projects", projectId="new-project")
    request = {"scope": ORGANIZATION, "query": "name:new-project"}
    assert not list(assets.search_all_resources(request=request))
    emulator.admin("POST", "/settings", assetDelay=0)
    assert list(assets.search_all_resources(request=request))


def test_what_calls_services_is_found_with_its_policy(
    assets: asset_v1.AssetServiceClient, emulator: RunningEmulator, grpc_clients: Clients
) -> None:
    """A topic and its subscription, by their own names and types."""
    topic = "projects/demo-project/topics/orders"
    grpc_clients.make(pubsub_v1.PublisherClient).create_topic(name=topic)
    subscription = "projects/demo-project/subscriptions/orders"
    grpc_clients.make(pubsub_v1.SubscriberClient).create_subscription(
        name=subscription, topic=topic
    )
    emulator.admin("POST", "/grants", resource=topic, member=ANN, role="roles/pubsub.publisher")
    kinds = ["pubsub.googleapis.com/.*"]
    found = assets.search_all_resources(request={"scope": PROJECT, "asset_types": kinds})
    assert {one.name: one.asset_type for one in found} == {
        f"//pubsub.googleapis.com/{topic}": "pubsub.googleapis.com/Topic",
        f"//pubsub.googleapis.com/{subscription}": "pubsub.googleapis.com/Subscription",
    }
    [policy] = assets.search_all_iam_policies(request={"scope": PROJECT, "asset_types": kinds})
    assert policy.resource == f"//pubsub.googleapis.com/{topic}"
