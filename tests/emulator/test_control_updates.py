"""How services change: masks, etags, revisions, refusals, deletion."""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from tests.conftest import Clients, ImagePusher, RunningEmulator

PARENT = "projects/demo-project/locations/asia-east1"
ORDERS = f"{PARENT}/services/orders"


def create(clients: Clients, image: str, **fields: Any) -> run_v2.Service:  # noqa: ANN401 - fields of a message
    """Create the service `orders` and wait for it."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=image)])
    service = run_v2.Service(template=template, **fields)
    operation = clients.services.create_service(parent=PARENT, service_id="orders", service=service)
    done: run_v2.Service = operation.result(timeout=30)
    return done


def update(clients: Clients, service: run_v2.Service, *paths: str, **more: Any) -> run_v2.Service:  # noqa: ANN401 - fields of a message
    """Update a service under a mask and wait for it."""
    request = run_v2.UpdateServiceRequest(service=service, update_mask={"paths": paths}, **more)
    done: run_v2.Service = clients.services.update_service(request=request).result(timeout=30)
    return done


def test_an_update_outside_of_the_template_makes_no_revision(
    clients: Clients, pushed_image: str
) -> None:
    """Ingress is changed under a mask; the revision stays, the generation moves."""
    before = create(clients, pushed_image)
    ingress = run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
    wanted = run_v2.Service(name=ORDERS, ingress=ingress)
    after = update(clients, wanted, "ingress")
    assert after.ingress == ingress
    assert after.generation == 2
    assert after.observed_generation == 2
    assert after.latest_ready_revision == before.latest_ready_revision
    assert after.etag != before.etag
    assert after.template == before.template


def test_a_changed_template_makes_the_next_revision(clients: Clients, pushed_image: str) -> None:
    """The second revision is numbered 00002 and takes the traffic."""
    service = create(clients, pushed_image)
    service.template.containers[0].env.append(run_v2.EnvVar(name="LOG_LEVEL", value="info"))
    after = update(clients, service, "template")
    assert "/revisions/orders-00002-" in after.latest_ready_revision
    revision = clients.revisions.get_revision(name=after.latest_ready_revision)
    assert revision.containers[0].image == pushed_image
    assert revision.containers[0].env[0].name == "LOG_LEVEL"
    names = [one.name for one in clients.revisions.list_revisions(parent=ORDERS)]
    assert names == [after.latest_ready_revision, service.latest_ready_revision]


def test_a_tag_is_resolved_to_its_digest_on_the_revision_only(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """The service keeps the tag it was given; the revision has the digest."""
    tagged = pushed_image.partition("@")[0] + ":v1"
    service = create(grpc_clients, tagged)
    assert service.template.containers[0].image == tagged
    revision = grpc_clients.revisions.get_revision(name=service.latest_ready_revision)
    assert revision.containers[0].image == pushed_image


def test_an_unchanged_update_makes_neither_revision_nor_generation(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """What is sent as it is leaves everything as it is."""
    before = create(grpc_clients, pushed_image)
    after = update(grpc_clients, before, "template", "ingress")
    assert after.generation == before.generation
    assert after.latest_ready_revision == before.latest_ready_revision


def test_a_stale_etag_is_refused(clients: Clients, pushed_image: str) -> None:
    """The second writer with the first etag is told both versions."""
    first = create(clients, pushed_image)
    update(clients, run_v2.Service(name=ORDERS, description="new"), "description")
    stale = run_v2.Service(name=ORDERS, description="newer", etag=first.etag)
    with pytest.raises((exceptions.Aborted, exceptions.Conflict)) as caught:
        update(clients, stale, "description")
    assert "Conflict for resource 'orders': version '" in caught.value.message


def test_validation_alone_writes_nothing(grpc_clients: Clients, pushed_image: str) -> None:
    """With validate_only the service is echoed, and not there afterwards."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    request = run_v2.CreateServiceRequest(
        parent=PARENT,
        service_id="orders",
        service=run_v2.Service(template=template),
        validate_only=True,
    )
    shown = grpc_clients.services.create_service(request=request).result(timeout=30)
    assert shown.template.max_instance_request_concurrency == 80
    with pytest.raises(exceptions.NotFound):
        grpc_clients.services.get_service(name=ORDERS)


def test_an_update_may_create_what_is_missing(grpc_clients: Clients, pushed_image: str) -> None:
    """With allow_missing an update is a creation."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    made = update(grpc_clients, run_v2.Service(name=ORDERS, template=template), allow_missing=True)
    assert made.generation == 1


def test_a_service_exists_once(clients: Clients, pushed_image: str) -> None:
    """A second creation is refused."""
    create(clients, pushed_image)
    with pytest.raises(exceptions.Conflict, match="Resource already exists"):
        create(clients, pushed_image)


@pytest.mark.parametrize("name", ["Orders", "orders-", "1orders", "o" * 50])
def test_impossible_names_are_refused(grpc_clients: Clients, pushed_image: str, name: str) -> None:
    """Lower case, letters first, no dash at the end, at most 49 characters."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    with pytest.raises(exceptions.InvalidArgument, match="Maximum length is 49"):
        grpc_clients.services.create_service(
            parent=PARENT, service_id=name, service=run_v2.Service(template=template)
        )


def test_an_image_that_was_never_pushed_makes_a_failed_revision(
    clients: Clients, pushed_image: str
) -> None:
    """The operation fails, the condition says why, and there is no address yet."""
    missing = pushed_image.partition("@")[0] + ":never"
    with pytest.raises(exceptions.GoogleAPICallError, match="never' not found"):
        create(clients, missing)
    service = clients.services.get_service(name=ORDERS)
    assert service.terminal_condition.state.name == "CONDITION_FAILED"
    assert service.terminal_condition.reason.name == "CONTAINER_MISSING"
    assert [one.state.name for one in service.conditions] == [
        "CONDITION_FAILED",
        "CONDITION_SUCCEEDED",
    ]
    assert service.uri == ""
    assert service.latest_ready_revision == ""
    assert not service.reconciling


def test_traffic_stays_where_it_was_when_a_later_revision_fails(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """The fields that tell of serving keep the last serving state; the next update heals."""
    service = create(grpc_clients, pushed_image)
    good = service.latest_ready_revision
    service.template.containers[0].image = pushed_image.partition("@")[0] + ":never"
    with pytest.raises(exceptions.GoogleAPICallError):
        update(grpc_clients, service, "template")
    failed = grpc_clients.services.get_service(name=ORDERS)
    assert failed.latest_ready_revision == good
    assert "/revisions/orders-00002-" in failed.latest_created_revision
    assert failed.observed_generation == 1
    assert failed.generation == 2
    assert failed.uri == service.uri
    failed.template.containers[0].image = pushed_image
    healed = update(grpc_clients, failed, "template")
    assert healed.latest_ready_revision == healed.latest_created_revision
    assert healed.observed_generation == 3


def test_an_index_without_amd64_is_refused(
    grpc_clients: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """The manifest list must hold linux/amd64."""
    pusher = ImagePusher(emulator)
    name = f"asia-east1/{emulator.project}/services/hello"
    arm = pusher.push(name, "arm", architecture="arm64")
    kind = "application/vnd.oci.image.index.v1+json"
    entry = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": arm.partition("@")[2],
        "size": 1,
        "platform": {"os": "linux", "architecture": "arm64"},
    }
    index = pusher.put(name, "multi", {"schemaVersion": 2, "mediaType": kind, "manifests": [entry]})
    with pytest.raises(exceptions.GoogleAPICallError, match="must support amd64/linux"):
        create(grpc_clients, index)
    assert pushed_image != index


def test_a_deployer_without_act_as_is_refused(
    grpc_clients: Clients,
    clients_of: Callable[[str], Clients],
    emulator: RunningEmulator,
    pushed_image: str,
) -> None:
    """run.developer alone cannot attach the runtime account."""
    policy = grpc_clients.projects.get_iam_policy(resource=f"projects/{emulator.project}")
    policy.bindings.add(role="roles/run.developer", members=["user:ann@example.com"])
    policy.bindings.add(role="roles/artifactregistry.reader", members=["user:ann@example.com"])
    grpc_clients.projects.set_iam_policy(
        request={"resource": f"projects/{emulator.project}", "policy": policy}
    )
    ann = clients_of("user:ann@example.com")
    with pytest.raises(exceptions.PermissionDenied, match=r"iam\.serviceaccounts\.actAs"):
        create(ann, pushed_image)


def test_somebody_without_a_role_is_refused_by_name_of_the_permission(
    clients_of: Callable[[str], Clients],
) -> None:
    """The permission and the resource are named, and existence is not given away."""
    with pytest.raises(exceptions.PermissionDenied, match=r"'run\.services\.get' denied"):
        clients_of("user:stranger@example.com").services.get_service(name=ORDERS)


def test_a_deleted_service_is_gone_with_its_policy(clients: Clients, pushed_image: str) -> None:
    """Deletion takes a while and ends with the service, its revisions and its policy gone."""
    create(clients, pushed_image)
    operation = clients.services.delete_service(name=ORDERS)
    assert operation.metadata.delete_time
    gone = operation.result(timeout=30)
    assert gone.generation == 2
    assert gone.observed_generation == 2
    assert gone.expire_time > gone.delete_time
    with pytest.raises(exceptions.NotFound):
        clients.services.get_service(name=ORDERS)
    assert not list(clients.revisions.list_revisions(parent=ORDERS))


def test_lists_are_sorted_newest_first_and_paged(grpc_clients: Clients, pushed_image: str) -> None:
    """Two pages of one service each, the younger one first."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    for name in ("one", "two"):
        grpc_clients.services.create_service(
            parent=PARENT, service_id=name, service=run_v2.Service(template=template)
        ).result(timeout=30)
    request = run_v2.ListServicesRequest(parent=PARENT, page_size=1)
    pages = list(grpc_clients.services.list_services(request=request).pages)
    names = [page.services[0].name.rpartition("/")[2] for page in pages]
    assert names == ["two", "one"]


def test_the_wildcard_location_is_refused_by_v2(grpc_clients: Clients) -> None:
    """Only v1 lists across regions."""
    with pytest.raises(exceptions.InvalidArgument, match="wildcard"):
        list(grpc_clients.services.list_services(parent="projects/demo-project/locations/-"))


def test_a_deployer_of_an_unreadable_image_is_refused(
    grpc_clients: Clients,
    clients_of: Callable[[str], Clients],
    emulator: RunningEmulator,
    pushed_image: str,
) -> None:
    """Whoever deploys must be able to read every image, a sidecar's too."""
    resource = f"projects/{emulator.project}"
    policy = grpc_clients.projects.get_iam_policy(resource=resource)
    for role in ("roles/run.developer", "roles/iam.serviceAccountUser"):
        policy.bindings.add(role=role, members=["user:ann@example.com"])
    grpc_clients.projects.set_iam_policy(request={"resource": resource, "policy": policy})
    ann = clients_of("user:ann@example.com")
    with pytest.raises(exceptions.PermissionDenied, match="downloadArtifacts"):
        create(ann, pushed_image)
    public = run_v2.Container(
        image="docker.io/library/nginx", ports=[run_v2.ContainerPort(container_port=80)]
    )
    sidecar = run_v2.Container(image=pushed_image, name="side")
    template = run_v2.RevisionTemplate(containers=[public, sidecar])
    request = {"parent": PARENT, "service_id": "two", "service": {"template": template}}
    with pytest.raises(exceptions.PermissionDenied, match="downloadArtifacts"):
        ann.services.create_service(request={**request, "validate_only": True})
