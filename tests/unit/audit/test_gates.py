"""The ways into each kind of target, and what stands before them."""

from datetime import UTC, datetime

import pytest

from provision.audit import Audit
from provision.audit.answers import BlockKind, HopKind, Reach, Token, Verdict, Way
from provision.snapshot import Snapshot
from provision.snapshot.records import AnyRecord, Binding, Container, Header, Kind, Policy, Target

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_SERVICE = "//run.googleapis.com/projects/one/locations/r/services/web"
_JOB = "//run.googleapis.com/projects/one/locations/r/jobs/batch"
_FUNCTION = "//cloudfunctions.googleapis.com/projects/one/locations/r/functions/work"
_IAP = "//iap.googleapis.com/projects/one/iap_web"
_IAP_SERVICE = f"{_IAP}/cloud_run-r/services/web"
_AGENT = "serviceAccount:service-101@gcp-sa-iap.iam.gserviceaccount.com"
_ANN, _BOB = "user:ann@example.com", "user:bob@example.com"


def _audit(*records: AnyRecord, number: str = "101") -> Audit:
    policies = {one.resource for one in records if isinstance(one, Policy)}
    levels = ("projects/one", _SERVICE, _IAP, f"{_IAP}/cloud_run-r", _IAP_SERVICE)
    empty = [Policy(name) for name in levels if name not in policies]
    head = (Header(1, "projects/one", _AT), Container("projects/one", number=number))
    return Audit(Snapshot.of([*head, *empty, *records]))


def _bound(resource: str, role: str, *members: str, condition: str = "") -> Policy:
    return Policy(resource, (Binding(role, members, condition),))


def _proxied(agent: str = _AGENT, number: str = "101") -> Audit:
    return _audit(
        Target(_SERVICE, Kind.SERVICE, iap=True),
        _bound(_SERVICE, "roles/run.invoker", agent, _BOB),
        _bound(_IAP_SERVICE, "roles/iap.httpsResourceAccessor", _ANN),
        number=number,
    )


def test_iap_lets_in_whom_it_passes_by_its_own_agent() -> None:
    """Two hops: past IAP, and the agent that holds the invoker's role."""
    answer = _proxied().why(_ANN, _SERVICE)
    assert answer.verdict is Verdict.CAN
    assert [hop.kind for hop in answer.paths[0].hops] == [HopKind.IAP, HopKind.AGENT]
    assert (answer.paths[0].way, answer.paths[0].hops[1].start) == (Way.IAP, _AGENT)


def test_iap_cuts_off_whoever_holds_the_role_on_the_service() -> None:
    """It asks first, so the invoker's role alone lets nobody in, and that is said."""
    answer = _proxied().why(_BOB, _SERVICE)
    assert answer.verdict is Verdict.CANNOT
    assert BlockKind.IAP in {block.kind for block in answer.blocks}


def test_nobody_passes_iap_when_its_agent_may_not_invoke() -> None:
    """The agent's binding is what everybody depends on."""
    answer = _proxied(agent="user:eve@example.com").why(_ANN, _SERVICE)
    assert answer.verdict is Verdict.CANNOT
    assert BlockKind.IAP in {block.kind for block in answer.blocks}


def test_the_agent_of_iap_goes_by_the_number_of_the_project() -> None:
    """Where the number was not read, nothing is known of who gets through."""
    answer = _proxied(number="").why(_ANN, _SERVICE)
    assert answer.verdict is Verdict.UNKNOWN
    assert "number" in answer.reasons[0]


def test_without_the_invoker_check_anybody_gets_in() -> None:
    """No binding is asked; the hop says so."""
    audit = _audit(Target(_SERVICE, Kind.SERVICE, invoker_check=False))
    assert audit.public(_SERVICE) is Verdict.CAN
    for name in ("allUsers", "user:nobody.knows@example.com"):
        answer = audit.why(name, _SERVICE)
        assert answer.paths[0].hops[0].kind is HopKind.OPEN
        assert answer.paths[0].token is Token.NONE
    assert [one.principal for one in audit.who(_SERVICE)] == ["allUsers"]


def test_an_api_takes_nobody_without_a_token() -> None:
    """`allUsers` above a job is everybody who has an access token, and not the anonymous."""
    audit = _audit(
        Container("folders/2"),
        Container("projects/one", "folders/2", "101"),
        Target(_JOB, Kind.JOB),
        Policy(_JOB),
        _bound("folders/2", "roles/run.invoker", "allUsers"),
    )
    assert audit.why("allUsers", _JOB).verdict is Verdict.CANNOT
    assert audit.why(_ANN, _JOB).verdict is Verdict.CAN
    assert audit.public(_JOB) is Verdict.CAN


def test_a_public_service_is_told_of_once_and_not_for_everybody() -> None:
    """`who` names allUsers, and those who would get in without it."""
    bindings = (
        Binding("roles/run.invoker", ("allUsers",)),
        Binding("roles/run.servicesInvoker", (_ANN,)),
        Binding("roles/viewer", (_BOB,)),
    )
    audit = _audit(Target(_SERVICE, Kind.SERVICE), Policy(_SERVICE, bindings))
    assert [one.principal for one in audit.who(_SERVICE)] == ["allUsers", _ANN]
    assert audit.why(_BOB, _SERVICE).verdict is Verdict.CAN
    summary = audit.summary(_SERVICE)
    assert (summary.public, summary.verdicts) == (Verdict.CAN, ((Verdict.CAN, 1),))
    assert summary.sets == ("allUsers",)


def test_a_function_of_the_second_generation_is_entered_like_its_service() -> None:
    """Its own policy lets nobody in."""
    audit = _audit(
        Target(_SERVICE, Kind.SERVICE, ingress="internal"),
        Target(_FUNCTION, Kind.FUNCTION, generation=2, service=_SERVICE),
        _bound(_FUNCTION, "roles/cloudfunctions.invoker", _BOB),
        _bound(_SERVICE, "roles/run.invoker", _ANN),
    )
    assert audit.why(_ANN, _FUNCTION).verdict is Verdict.CAN
    assert audit.why(_BOB, _FUNCTION).verdict is Verdict.CANNOT
    assert audit.reach(_FUNCTION) is Reach.INTERNAL


def test_a_function_whose_service_was_not_read_is_not_known() -> None:
    """Nobody can be said to be kept out."""
    audit = _audit(Target(_FUNCTION, Kind.FUNCTION, generation=2, service=_SERVICE))
    assert audit.why(_ANN, _FUNCTION).verdict is Verdict.UNKNOWN
    assert audit.rest(_FUNCTION)


def test_a_function_of_the_first_generation_has_two_ways_in() -> None:
    """A request with an ID token, a test call with an access token."""
    audit = _audit(
        Target(_FUNCTION, Kind.FUNCTION, generation=1),
        _bound(_FUNCTION, "roles/cloudfunctions.developer", _ANN),
    )
    ways = {(path.way, path.token) for path in audit.why(_ANN, _FUNCTION).paths}
    assert {(Way.REQUEST, Token.ID), (Way.TEST_CALL, Token.ACCESS)} <= ways


@pytest.mark.parametrize(
    ("ingress", "default_url", "reach"),
    [
        ("all", True, Reach.INTERNET),
        ("", True, Reach.INTERNET),
        ("all", False, Reach.BALANCER_ALONE),
        ("internal-and-cloud-load-balancing", True, Reach.BALANCER),
        ("internal-and-cloud-load-balancing", False, Reach.BALANCER_ALONE),
        ("internal", True, Reach.INTERNAL),
        ("none", True, Reach.NOWHERE),
    ],
)
def test_who_can_send_a_request_is_told_beside(
    ingress: str, default_url: bool, reach: Reach
) -> None:
    """Ingress and the default address, whatever IAM says."""
    target = Target(_SERVICE, Kind.SERVICE, ingress=ingress, default_url=default_url)
    assert _audit(target).reach(_SERVICE) is reach


@pytest.mark.parametrize("name", ["", "/", "//", "x", "//run.googleapis.com/", _FUNCTION])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_target_of_a_broken_name_is_not_known(name: str, kind: Kind) -> None:
    """A file made by hand may say anything: nobody is told to be kept out by it."""
    target = Target(name, kind, generation=2, service=name)
    audit = _audit(target)
    assert audit.why(_ANN, name).verdict is Verdict.UNKNOWN
    assert audit.rest(name)
    assert list(audit.summaries())


@pytest.mark.parametrize("name", ["", "/", "//", "x", "//run.googleapis.com/"])
def test_behind_iap_a_broken_name_is_not_known_either(name: str) -> None:
    """There is no policy of IAP to ask for."""
    target = Target(name, Kind.SERVICE, iap=True)
    gates = _audit(target).gates
    assert {path.verdict for path in gates.paths(_ANN, target)} <= {Verdict.UNKNOWN}
    assert gates.against(_ANN, target)[1]
