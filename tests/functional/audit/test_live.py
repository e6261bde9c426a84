"""`provision audit` against a cloud that is there: what is read for the question, and judged."""

from google.iam.v1 import policy_pb2

from provision.snapshot import load
from tests.functional.proofs.conftest import INVOKER, REGION, Orders, Provision

ANN = "user:ann@example.com"


def _let_in(orders: Orders, *members: str) -> None:
    policy = orders.policy()
    policy.bindings.append(policy_pb2.Binding(role=INVOKER, members=members))
    orders.set(policy)


def test_a_question_about_one_target_reads_what_decides_about_it(
    provision: Provision, orders: Orders
) -> None:
    """The service by its name alone; the region and the project are those that are set."""
    _let_in(orders, ANN)
    done = provision("audit", "why", ANN, "service/orders")
    assert done.code == 0, done.err
    assert done.out.startswith(f"{ANN} can invoke service orders.")
    assert "roles/run.invoker on the service itself" in done.out


def test_who_is_told_by_its_address_too(provision: Provision, orders: Orders) -> None:
    """What no name tells is found among all that the project has."""
    _let_in(orders, ANN)
    url = orders.services.get_service(name=orders.name).uri
    document = provision("audit", "who", url, "--json").document
    assert document["target"]["region"] == REGION
    answers = {one["principal"]: one["verdict"] for one in document["answers"]}
    assert answers[ANN] == "can"
    assert document["read"]["reader"] == "user:developer@example.com"


def test_a_target_that_is_not_there_is_no_cannot(provision: Provision, orders: Orders) -> None:
    """The question failed: 4, and never the 1 that says that nobody gets in."""
    assert orders.name.endswith("/orders")
    done = provision("audit", "why", ANN, "service/nowhere")
    assert done.code == 4, done.out
    assert "nowhere" in done.err


def test_a_target_of_another_region_is_told_where_it_is(
    provision: Provision, orders: Orders
) -> None:
    """The whole project is looked at before it is said that there is none."""
    assert orders.name.endswith("/orders")
    elsewhere = provision("audit", "who", "service/orders", "--region", "us-east1")
    assert elsewhere.code == 1
    assert f"/locations/{REGION}/services/orders" in elsewhere.err
    close = provision("audit", "who", "service/ordres")
    assert "which has 1 target. Did you mean service/orders?" in " ".join(close.err.split())


def test_an_answer_that_was_read_now_says_so(provision: Provision, orders: Orders) -> None:
    """Its age is told by the clock after the reading, not before."""
    _let_in(orders, ANN)
    assert ", just now." in provision("audit", "who", "service/orders").out


def test_what_was_read_once_is_judged_offline(provision: Provision, orders: Orders) -> None:
    """A snapshot of the project, and then no cloud at all; the answers are the live ones."""
    _let_in(orders, "allUsers", ANN)
    written = provision("audit", "snapshot", "-o", "now.jsonl.zst", "--json")
    assert written.code == 0, written.err
    assert written.document["records"]["target"] == 1
    assert load(provision.directory / "now.jsonl.zst").targets[0].name.endswith("/orders")
    away = {"PROVISION_EMULATOR": "http://127.0.0.1:9", "CLOUDSDK_CORE_PROJECT": ""}
    offline = provision("audit", "who", "orders", "--snapshot", "now.jsonl.zst", "--json", **away)
    live = provision("audit", "who", "service/orders", "--json")
    assert offline.document["public"] == live.document["public"] == "can"
    told = [{one["principal"] for one in each.document["answers"]} for each in (offline, live)]
    assert told[0] == told[1]


def test_a_report_of_a_project_is_read_live(provision: Provision, orders: Orders) -> None:
    """Without any option: the project that is set."""
    _let_in(orders, "allUsers")
    done = provision("audit", "report", "--json")
    assert done.code == 0, done.err
    found = {one["rule"]: one for one in done.document["findings"]}
    assert orders.name in found["public-by-binding"]["resource"]
    check = provision("audit", "check", "--fail-on", "high")
    assert check.code == 3, check.out


def test_a_report_may_be_read_by_the_inventory(provision: Provision, orders: Orders) -> None:
    """The same findings, and the document says how they were read."""
    _let_in(orders, "allUsers")
    done = provision("audit", "report", "--inventory", "--json")
    assert done.code == 0, done.err
    assert done.document["read"]["source"] == "inventory"
    assert "public-by-binding" in {one["rule"] for one in done.document["findings"]}


def test_a_scope_that_cannot_be_seen_is_told(provision: Provision) -> None:
    """Nothing found in it would read as nothing wrong."""
    done = provision("audit", "report", "--scope", "project/not-mine-123")
    assert done.code == 1
    assert "not-mine-123" in done.err


def test_without_a_project_it_is_asked_for_one(provision: Provision) -> None:
    """And told that a snapshot needs none."""
    done = provision("audit", "report", CLOUDSDK_CORE_PROJECT="", GOOGLE_CLOUD_PROJECT="")
    assert done.code == 2
    assert "--snapshot FILE needs none" in done.err
