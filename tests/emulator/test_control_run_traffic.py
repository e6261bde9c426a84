"""Traffic of a service: percentages, tags with addresses of their own, and what serves them."""

import http.client
from collections import Counter

import pytest
import requests
from google.api_core import exceptions, operation
from google.cloud import run_v2

from tests.conftest import (
    Clients,
    ImagePusher,
    RunningEmulator,
    StartEmulator,
    make_repository,
)

PARENT = "projects/demo-project/locations/asia-east1"
ORDERS = f"{PARENT}/services/orders"
LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
NAMED = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION


def target(revision: str = "", percent: int = 0, tag: str = "") -> run_v2.TrafficTarget:
    """A traffic target; the latest revision without a name."""
    kind = NAMED if revision else LATEST
    return run_v2.TrafficTarget(type_=kind, revision=revision, percent=percent, tag=tag)


def deploy(clients: Clients, image: str, revision: str, *traffic: run_v2.TrafficTarget) -> None:
    """Bring out a revision of that name, open to everybody, with traffic as given."""
    template = run_v2.RevisionTemplate(
        revision=revision, containers=[run_v2.Container(image=image)]
    )
    service = run_v2.Service(template=template, traffic=traffic, invoker_iam_disabled=True)
    if revision == "orders-one":
        made = clients.services.create_service(parent=PARENT, service_id="orders", service=service)
    else:
        service.name = ORDERS
        made = clients.services.update_service(service=service)
    made.result(timeout=30)


def route(clients: Clients, *traffic: run_v2.TrafficTarget) -> run_v2.Service:
    """Move traffic; the service as it then is."""
    service = run_v2.Service(name=ORDERS, traffic=traffic)
    moved = clients.services.update_service(service=service, update_mask={"paths": ["traffic"]})
    found: run_v2.Service = moved.result(timeout=30)
    return found


def answering(url: str) -> str:
    """The revision that the placeholder at an address answers for."""
    answer = requests.get(url, timeout=30)
    assert answer.headers["X-Provision-Emulator"] == "placeholder", answer.text
    [found] = {word for word in ("orders-one", "orders-two") if word in answer.text}
    return found


def test_percentages_draw_each_request_anew(grpc_clients: Clients, pushed_image: str) -> None:
    """Of two revisions each takes its share of the requests."""
    deploy(grpc_clients, pushed_image, "orders-one", target(percent=100))
    deploy(grpc_clients, pushed_image, "orders-two", target(percent=100))
    service = route(grpc_clients, target("orders-one", 75), target("orders-two", 25))
    seen = Counter(answering(service.uri) for _ in range(200))
    # 75 % of 200, give or take six standard deviations.
    assert 113 <= seen["orders-one"] <= 187
    assert [(one.revision, one.percent) for one in service.traffic_statuses] == [
        ("orders-one", 75),
        ("orders-two", 25),
    ]


def test_a_tag_without_traffic_answers_at_an_address_of_its_own(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """A new revision under a tag can be called before it takes any traffic."""
    deploy(grpc_clients, pushed_image, "orders-one", target(percent=100))
    deploy(
        grpc_clients,
        pushed_image,
        "orders-two",
        target("orders-one", 100),
        target("orders-two", tag="next"),
    )
    service = grpc_clients.services.get_service(name=ORDERS)
    tagged = service.traffic_statuses[1]
    assert (tagged.tag, tagged.percent) == ("next", 0)
    assert tagged.uri not in (*service.urls, "")
    assert answering(tagged.uri) == "orders-two"
    assert {answering(url) for url in service.urls for _ in range(10)} == {"orders-one"}


def test_the_latest_is_followed_and_a_tag_moves_with_it(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """A tag on the latest revision keeps its address while the revision behind it changes."""
    deploy(grpc_clients, pushed_image, "orders-one", target(percent=100, tag="current"))
    before = grpc_clients.services.get_service(name=ORDERS).traffic_statuses[0].uri
    assert answering(before) == "orders-one"
    deploy(grpc_clients, pushed_image, "orders-two", target(percent=100, tag="current"))
    assert answering(before) == "orders-two"


def test_a_tag_that_was_taken_away_does_not_answer(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """The address of a removed tag is closed, as is every address of a deleted service."""
    deploy(grpc_clients, pushed_image, "orders-one", target(percent=100, tag="current"))
    removed = grpc_clients.services.get_service(name=ORDERS).traffic_statuses[0].uri
    service = route(grpc_clients, target(percent=100), target(tag="other"))
    with pytest.raises(requests.ConnectionError):
        requests.get(removed, timeout=5)
    grpc_clients.services.delete_service(name=ORDERS).result(timeout=30)
    with pytest.raises(requests.ConnectionError):
        requests.get(service.traffic_statuses[1].uri, timeout=5)


def test_an_address_stays_open_while_a_roll_out_goes_on(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """A connection that is kept open is not cut by updates, at the service's address or a tag's."""
    deploy(grpc_clients, pushed_image, "orders-one", target(percent=100, tag="current"))
    service = grpc_clients.services.get_service(name=ORDERS)
    hosts = [url.removeprefix("http://") for url in (service.uri, service.traffic_statuses[0].uri)]
    kept = [http.client.HTTPConnection(host, timeout=30) for host in hosts]
    for revision in ("orders-one", "orders-two"):
        if revision == "orders-two":
            deploy(grpc_clients, pushed_image, revision, target(percent=100, tag="current"))
        for connection in kept:
            connection.request("GET", "/")
            connection.auto_open = False
            assert revision in connection.getresponse().read().decode()


def test_the_audience_stays_the_service_s_at_a_tag_s_address(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """A token for the service opens the tag's address; one for the tag's address opens nothing."""
    deploy(grpc_clients, pushed_image, "orders-one", target(percent=100, tag="current"))
    closed = run_v2.Service(name=ORDERS, invoker_iam_disabled=False)
    service = grpc_clients.services.update_service(
        service=closed, update_mask={"paths": ["invoker_iam_disabled"]}
    ).result(timeout=30)
    member = f"serviceAccount:{service.template.service_account}"
    policy = {"bindings": [{"role": "roles/run.invoker", "members": [member]}]}
    grpc_clients.services.set_iam_policy(request={"resource": ORDERS, "policy": policy})
    tag = service.traffic_statuses[0].uri

    def status(audience: str) -> int:
        token = grpc_clients.credentials.generate_id_token(
            name=f"projects/-/serviceAccounts/{service.template.service_account}",
            audience=audience,
            include_email=True,
        ).token
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(tag, headers=headers, timeout=30).status_code

    assert [status(url) for url in service.urls] == [200, 200]
    assert status(tag) == 401


def test_conditions_on_path_and_host_open_a_part_of_a_service(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """A conditional invoker is let in where its condition holds, and nowhere else."""
    deploy(grpc_clients, pushed_image, "orders-one", target(percent=100))
    closed = run_v2.Service(name=ORDERS, invoker_iam_disabled=False)
    service = grpc_clients.services.update_service(
        service=closed, update_mask={"paths": ["invoker_iam_disabled"]}
    ).result(timeout=30)
    account = service.template.service_account
    condition = {
        "title": "part",
        "expression": 'request.path.startsWith("/open/") && request.host == "127.0.0.1"'
        ' && request.path != "/open/not"',
    }
    binding = {
        "role": "roles/run.invoker",
        "members": [f"serviceAccount:{account}"],
        "condition": condition,
    }
    policy = {"version": 3, "bindings": [binding]}
    grpc_clients.services.set_iam_policy(request={"resource": ORDERS, "policy": policy})
    token = grpc_clients.credentials.generate_id_token(
        name=f"projects/-/serviceAccounts/{account}", audience=service.uri, include_email=True
    ).token
    local, other = service.urls
    headers = {"Authorization": f"Bearer {token}"}
    found = [
        requests.get(f"{url}{path}", headers=headers, timeout=30).status_code
        for url in (local, other)
        for path in ("/open/a?x=1", "/closed/open/", "/")
    ]
    assert found == [200, 403, 403, 403, 403, 403]
    # What a fragment is added to is still the same path to the container.
    asked = http.client.HTTPConnection(local.removeprefix("http://"), timeout=30)
    asked.request("GET", "/open/not#here", headers=headers)
    assert asked.getresponse().status == 403
    asked.close()


def test_an_update_leaves_traffic_where_it_is_until_it_is_done(
    grpc_clients: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """While a change of traffic is pending, requests still go to where they went."""
    deploy(grpc_clients, pushed_image, "orders-one", target(percent=100))
    deploy(grpc_clients, pushed_image, "orders-two", target("orders-one", 100))
    url = grpc_clients.services.get_service(name=ORDERS).uri
    emulator.admin("POST", "/settings", operationDelay=1.5)
    service = run_v2.Service(name=ORDERS, traffic=[target("orders-two", 100)])
    moving = grpc_clients.services.update_service(
        service=service, update_mask={"paths": ["traffic"]}
    )
    assert answering(url) == "orders-one"
    moving.result(timeout=30)
    assert answering(url) == "orders-two"


def test_what_serves_or_is_the_latest_cannot_be_deleted(
    clients: Clients, pushed_image: str
) -> None:
    """Revisions that take traffic, have a tag or are the latest stay; others may go."""
    deploy(clients, pushed_image, "orders-one", target(percent=100))
    deploy(clients, pushed_image, "orders-two", target("orders-one", 100))
    for name, why in (("one", "actively serving"), ("two", "the latest revision")):
        with pytest.raises(exceptions.BadRequest, match=f"cannot be directly deleted .* {why}"):
            clients.revisions.delete_revision(name=f"{ORDERS}/revisions/orders-{name}")
    route(clients, target(percent=100))
    clients.revisions.delete_revision(name=f"{ORDERS}/revisions/orders-one").result(timeout=30)
    names = [one.name for one in clients.revisions.list_revisions(parent=ORDERS)]
    assert names == [f"{ORDERS}/revisions/orders-two"]


def test_tags_are_back_at_their_addresses_after_a_restart(
    start_emulator: StartEmulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Addresses of tags, and what answers there, survive a kill."""
    folder = str(tmp_path_factory.mktemp("kept"))
    options = ("--engine", "none", "--operation-delay", "0.05", "--data", folder)
    first = start_emulator(*options)
    clients = Clients(first, "grpc", "user:developer@example.com")
    image = _pushed(first, clients)
    deploy(clients, image, "orders-one", target(percent=100))
    deploy(clients, image, "orders-two", target("orders-one", 100), target(tag="next"))
    before = clients.services.get_service(name=ORDERS)
    first.stop(9)
    second = start_emulator(*options)
    after = Clients(second, "grpc", "user:developer@example.com").services.get_service(name=ORDERS)
    assert after == before
    assert answering(after.traffic_statuses[1].uri) == "orders-two"
    assert answering(after.uri) == "orders-one"


def _pushed(emulator: RunningEmulator, clients: Clients) -> str:
    make_repository(clients, "demo-project")
    return ImagePusher(emulator).push("asia-east1/demo-project/services/hello", "v1")


def test_while_a_deletion_runs_reads_answer_and_writes_do_not(
    clients: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """A service that is being deleted shows its times; nothing can be changed about it."""
    deploy(clients, pushed_image, "orders-one", target(percent=100))
    emulator.admin("POST", "/settings", operationDelay=2)
    deletion = clients.services.delete_service(name=ORDERS)
    shown = clients.services.get_service(name=ORDERS)
    assert shown.expire_time - shown.delete_time == shown.expire_time - shown.update_time
    assert (shown.expire_time - shown.delete_time).days == 30
    assert list(clients.services.list_services(parent=PARENT)) == []
    listed = clients.services.list_services(request={"parent": PARENT, "show_deleted": True})
    assert [one.name for one in listed] == [ORDERS]
    for write in (
        lambda: clients.services.delete_service(name=ORDERS),
        lambda: clients.services.update_service(service=run_v2.Service(name=ORDERS)),
        lambda: clients.services.set_iam_policy(request={"resource": ORDERS}),
    ):
        with pytest.raises(exceptions.NotFound, match=r"of kind 'SERVICE' .* does not exist"):
            write()
    with pytest.raises(exceptions.Conflict, match="Resource already exists"):
        deploy(clients, pushed_image, "orders-one", target(percent=100))
    done = deletion.result(timeout=30)
    assert done.update_time == done.terminal_condition.last_transition_time > shown.update_time
    assert done.etag != shown.etag


@pytest.mark.parametrize(("size", "token"), [(-1, ""), (10, "not-a-token"), (10, "LTU=")])
def test_pages_that_cannot_be_are_refused(grpc_clients: Clients, size: int, token: str) -> None:
    """A negative page size and a token of somebody else's are bad requests."""
    request = {"parent": PARENT, "page_size": size, "page_token": token}
    with pytest.raises(exceptions.InvalidArgument):
        grpc_clients.services.list_services(request=request)


def test_a_revision_s_name_is_taken_before_the_revision_is_made(
    grpc_clients: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """Of two updates with one name, the second is refused; the first keeps its template."""
    deploy(grpc_clients, pushed_image, "orders-one")
    emulator.admin("POST", "/settings", operationDelay=0.5)

    def update(arguments: list[str]) -> operation.Operation:
        container = run_v2.Container(image=pushed_image, args=arguments)
        template = run_v2.RevisionTemplate(containers=[container], revision="orders-two")
        service = run_v2.Service(name=ORDERS, template=template)
        return grpc_clients.services.update_service(
            service=service, update_mask={"paths": ["template"]}
        )

    first = update(["first"])
    with pytest.raises(exceptions.Conflict, match="with different configuration already exists"):
        update(["second"])
    first.result(timeout=30)
    made = grpc_clients.revisions.get_revision(name=f"{ORDERS}/revisions/orders-two")
    assert made.containers[0].args == ["first"]


def test_a_page_token_of_another_list_is_refused(grpc_clients: Clients, pushed_image: str) -> None:
    """It would lead into the middle of a list that nobody has read the start of."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    for name in ("first", "second"):
        request = {"parent": PARENT, "service": {"template": template}, "service_id": name}
        grpc_clients.services.create_service(request=request).result(timeout=30)
    listed = grpc_clients.services.list_services(request={"parent": PARENT, "page_size": 1})
    token = listed.next_page_token
    elsewhere = PARENT.replace("asia-east1", "us-central1")
    with pytest.raises(exceptions.InvalidArgument, match="page token"):
        grpc_clients.services.list_services(request={"parent": elsewhere, "page_token": token})
    again = grpc_clients.services.list_services(request={"parent": PARENT, "page_token": token})
    assert [one.name for one in again] == [f"{PARENT}/services/first"]


def test_a_place_that_is_no_region_is_not_served(clients: Clients) -> None:
    """Reads and lists of a location that is none are not implemented, in Google's words."""
    for ask in (
        lambda: clients.services.get_service(
            name="projects/demo-project/locations/moon/services/x"
        ),
        lambda: clients.services.list_services(parent="projects/demo-project/locations/moon"),
    ):
        with pytest.raises(
            (exceptions.MethodNotImplemented, exceptions.ServerError),
            match="Operation is not implemented, or supported, or enabled",
        ):
            ask()
