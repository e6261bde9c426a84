"""`provision grant`, as a user runs it."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.cloud import run_v2
from google.iam.v1 import policy_pb2

from tests.functional.proofs.wrong_clock import build_clock

if TYPE_CHECKING:
    from tests.conftest import Clients, RunningEmulator
    from tests.functional.proofs.conftest import Orders, Provision

ANN, BOB = "user:ann@example.com", "user:bob@example.com"
ON = ("--on", "service/orders")
REGION = "projects/demo-project/locations/asia-east1"


def policy_calls(emulator: "RunningEmulator") -> list[str]:
    """The calls about policies since the log was emptied, by their short names."""
    methods = [one["method"].rpartition("/")[2] for one in emulator.requests()]
    return [method for method in methods if method.endswith("IamPolicy")]


@pytest.fixture
def job(grpc_clients: "Clients", pushed_image: str) -> None:
    """A job `nightly`."""
    container = run_v2.Container(image=pushed_image)
    template = run_v2.ExecutionTemplate(template=run_v2.TaskTemplate(containers=[container]))
    grpc_clients.make(run_v2.JobsClient).create_job(
        parent=REGION, job_id="nightly", job=run_v2.Job(template=template)
    ).result(timeout=30)


def test_one_read_and_one_write_let_many_in(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """However many they are."""
    emulator.admin("DELETE", "/requests")
    done = provision("grant", ANN, BOB, *ON)
    assert done.code == 0, done.err
    assert policy_calls(emulator) == ["GetIamPolicy", "SetIamPolicy"]
    assert orders.invokers() == [ANN, BOB]


def test_granting_what_is_granted_writes_nothing(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """In any order and spelling; neither without a limit nor until the same time."""
    until = ("--until", "2099-12-24T18:00Z")
    provision("grant", ANN, BOB, *ON)
    provision("grant", "user:carol@example.com", *ON, *until)
    before = orders.policy()
    emulator.admin("DELETE", "/requests")
    again = provision("grant", BOB, "user:Ann@Example.com", *ON, "--json")
    limited = provision("grant", "user:carol@example.com", *ON, *until)
    assert (again.code, limited.code) == (0, 0)
    assert policy_calls(emulator) == ["GetIamPolicy", "GetIamPolicy"]
    assert orders.policy() == before
    told = again.document["targets"][0]
    assert [one["outcome"] for one in told["principals"]] == ["already granted"] * 2
    assert told["written"] is False


def test_a_grant_until_later_says_who_why_and_until_when(
    provision: "Provision", orders: "Orders"
) -> None:
    """In a condition of its own, which IAM keeps."""
    done = provision(
        "grant", ANN, *ON, "--for", "8h", "--path", "/reports/*", "--reason", "OPS-7", "--json"
    )
    assert done.code == 0, done.err
    (binding,) = orders.policy().bindings
    told = done.document["targets"][0]["principals"][0]
    until = datetime.fromisoformat(told["until"])
    assert abs(until - datetime.now(tz=UTC) - timedelta(hours=8)) < timedelta(minutes=5)
    assert told["until"] in binding.condition.expression
    assert "request.path" in binding.condition.expression
    assert "OPS-7" in binding.condition.description
    assert "developer@example.com" in binding.condition.description


def test_a_later_end_replaces_the_earlier_one(provision: "Provision", orders: "Orders") -> None:
    """One binding is left, and what was there is told."""
    provision("grant", ANN, *ON, "--until", "2099-01-01T00:00Z")
    done = provision("grant", ANN, *ON, "--until", "2099-02-01T00:00Z")
    assert "extended" in done.out
    assert "2099-01-01 00:00 UTC" in done.out
    (binding,) = orders.policy().bindings
    assert "2099-02-01T00:00:00Z" in binding.condition.expression


def test_an_end_for_whom_holds_it_for_good_is_said_and_exits_3(
    provision: "Provision", orders: "Orders"
) -> None:
    """What was asked for is not so afterwards, and nothing failed."""
    provision("grant", ANN, *ON)
    done = provision("grant", ANN, *ON, "--for", "8h")
    assert done.code == 3
    assert "would mean nothing" in " ".join(done.out.split())
    assert orders.invokers() == [ANN]


def test_a_dry_run_shows_the_change_and_writes_nothing(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """With the condition; 3 when it is asked for with --detailed-exitcode, as in `plan`."""
    emulator.admin("DELETE", "/requests")
    done = provision("grant", ANN, *ON, "--for", "8h", "--dry-run")
    assert done.code == 0, done.err
    assert f"+ roles/run.invoker: {ANN}" in done.out
    assert "if request.time <" in done.out
    detailed = provision("grant", ANN, *ON, "--dry-run", "--detailed-exitcode")
    assert detailed.code == 3
    assert policy_calls(emulator) == ["GetIamPolicy", "GetIamPolicy"]
    assert list(orders.policy().bindings) == []


def test_nothing_is_written_anywhere_where_one_target_is_missing(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """All is looked at before the first write; each target's result is told."""
    emulator.admin("DELETE", "/requests")
    done = provision("grant", ANN, *ON, "--on", "service/missing", "--json")
    assert done.code == 1
    assert policy_calls(emulator) == []
    assert [one["error"] is None for one in done.document["targets"]] == [True, False]
    assert list(orders.policy().bindings) == []
    assert "Nothing was written" in done.err


def test_one_target_that_fails_hides_nothing_of_the_others(
    provision: "Provision", orders: "Orders", job: None, emulator: "RunningEmulator"
) -> None:
    """The job refuses; the service is granted; the exit code is the worst."""
    del job
    fault = {"method": "google.cloud.run.v2.Jobs/SetIamPolicy", "code": "PERMISSION_DENIED"}
    emulator.admin("POST", "/faults", **fault)
    done = provision("grant", ANN, "--on", "job/nightly", *ON, "--json")
    assert done.code == 1
    first, second = done.document["targets"]
    assert first["error"]["kind"] == "PermissionDeniedError"
    assert second["written"] is True
    assert orders.invokers() == [ANN]


@pytest.mark.parametrize("limit", [("--for", "8h"), ("--path", "/a")])
def test_a_job_takes_no_conditions(
    provision: "Provision", job: None, limit: tuple[str, str], emulator: "RunningEmulator"
) -> None:
    """Neither does Google; the reason is said and nothing is sent."""
    del job
    emulator.admin("DELETE", "/requests")
    done = provision("grant", ANN, "--on", "job/nightly", *limit)
    assert done.code == 2
    assert "only services" in done.err
    assert policy_calls(emulator) == []
    assert provision("grant", ANN, "--on", "job/nightly").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--role", "roles/run.viewer"), "does not hold run.routes.invoke"),
        (("--role", "roles/editor", "--for", "1h"), "basic role"),
        (("--condition", 'expression=resource.name == "a",title=x'), "resource.name"),
        (("--condition", "expression=request.path ==,title=x"), "no valid expression"),
        (("--condition", "title=x"), "needs an expression"),
        (("--condition", "expression=true,title=provision grant x"), "marks what --for writes"),
        (("--for", "8h", "--until", "2099-01-01T00:00Z"), "both say when"),
        (("--wait", "--dry-run"), "nothing that --wait"),
    ],
)
def test_what_would_let_nobody_in_is_refused(
    provision: "Provision",
    orders: "Orders",
    emulator: "RunningEmulator",
    words: tuple[str, ...],
    said: str,
) -> None:
    """Before anything is written."""
    emulator.admin("DELETE", "/requests")
    done = provision("grant", ANN, *ON, *words)
    assert done.code == 2, done.out
    assert said in done.err
    assert "SetIamPolicy" not in policy_calls(emulator)
    assert list(orders.policy().bindings) == []


def test_a_condition_of_ones_own_is_written_as_it_is(
    provision: "Provision", orders: "Orders"
) -> None:
    """As gcloud takes it, with commas in it."""
    expression = 'request.path in ["/a", "/b"] || request.host == "a.example.com"'
    done = provision("grant", ANN, *ON, "--condition", f"expression={expression},title=two pages")
    assert done.code == 0, done.err
    (binding,) = orders.policy().bindings
    assert binding.condition.expression == expression
    assert binding.condition.title == "two pages"


def test_an_address_that_the_policy_knows_is_completed(
    provision: "Provision", orders: "Orders"
) -> None:
    """As it stands there, and it is said how that was told."""
    provision("grant", "group:eng@example.com", *ON)
    done = provision("grant", "eng@example.com", "--json", *ON)
    told = done.document["targets"][0]["principals"][0]
    assert told["principal"] == "group:eng@example.com"
    assert "in the policy of service orders" in told["told_by"]
    assert orders.invokers() == ["group:eng@example.com"]


def test_somebody_elses_bindings_survive(provision: "Provision", orders: "Orders") -> None:
    """Conditions, deleted members, another spelling, other roles: to the byte."""
    theirs = policy_pb2.Policy(version=3)
    theirs.bindings.add(role="roles/run.viewer", members=["user:X@example.com"])
    under = theirs.bindings.add(role="roles/run.invoker", members=[ANN])
    under.condition.expression = 'request.host == "a"'
    under.condition.title = "theirs"
    under.condition.description = "not ours"
    orders.set(theirs)
    before = [one.SerializeToString() for one in orders.policy().bindings]
    provision("grant", ANN, BOB, *ON, "--for", "1h")
    provision("grant", BOB, *ON)
    after = [one.SerializeToString() for one in orders.policy().bindings]
    assert set(before) <= set(after)


@pytest.mark.usefixtures("orders")
def test_an_end_is_by_google_s_time(
    provision: "Provision", tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A machine whose clock is two hours ahead grants no longer than was asked for."""
    clock = {**build_clock(tmp_path_factory.mktemp("clock")), "CLOCK_OFF": "7200"}
    done = provision("grant", ANN, *ON, "--for", "1h", "--json", **clock)
    assert done.code == 0, done.err
    told = done.document["targets"][0]
    until = datetime.fromisoformat(told["principals"][0]["until"])
    assert abs(until - datetime.now(tz=UTC) - timedelta(hours=1)) < timedelta(minutes=5)
    assert "ahead of Google's" in told["notes"][0]


def test_too_much_at_once_is_tried_again(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """429 means that nothing was done; the whole cycle is repeated."""
    method = "google.cloud.run.v2.Services/SetIamPolicy"
    emulator.admin("POST", "/faults", method=method, code="RESOURCE_EXHAUSTED", times=2)
    emulator.admin("DELETE", "/requests")
    assert provision("grant", ANN, *ON).code == 0
    assert policy_calls(emulator) == ["GetIamPolicy", "SetIamPolicy"] * 3
    assert orders.invokers() == [ANN]


def test_a_missing_permission_is_named_with_the_least_role(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """As whoever may look at the service only."""
    emulator.admin(
        "POST", "/grants", role="roles/run.viewer", member=BOB, resource="projects/demo-project"
    )
    credentials = provision.directory / "bob.json"
    credentials.write_text(
        json.dumps(emulator.admin("POST", "/identities", member=BOB)["adc"]), encoding="utf-8"
    )
    done = provision("grant", ANN, *ON, GOOGLE_APPLICATION_CREDENTIALS=str(credentials))
    assert done.code == 1
    assert "run.services.setIamPolicy" in done.err
    assert "roles/run.admin" in done.err
    assert list(orders.policy().bindings) == []


@pytest.mark.usefixtures("orders")
def test_a_log_holds_the_result_alone(provision: "Provision") -> None:
    """No progress of steps that are soon over; and that nothing was written is said once."""
    quiet = provision("grant", ANN, *ON)
    unlimited = provision("grant", ANN, *ON, "--for", "1h")
    assert (quiet.code, quiet.err) == (0, "")
    assert (unlimited.code, unlimited.err) == (3, "")
    assert unlimited.out.count("nothing was written") == 1
    assert "Nothing to change" not in unlimited.out


@pytest.mark.usefixtures("orders")
def test_a_minute_is_told_as_a_minute(provision: "Provision") -> None:
    """Whatever parts of a second are between the question and the end."""
    assert "(1 min)" in provision("grant", ANN, *ON, "--for", "1m", "--reason", "OPS-7").out
    taken = provision("revoke", ANN, *ON)
    assert 'roles/run.invoker, condition "provision grant until ' in taken.out
