"""How answers are shown: bounded, harmless, within 80 columns, and the same for programs."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from provision.audit.answers import (
    Answer,
    Finding,
    Hop,
    HopKind,
    Path,
    Reach,
    Severity,
    Token,
    Verdict,
    Way,
)
from provision.cli.audit_answers import Basis, How, TargetAnswers, best, how, worth_telling
from provision.cli.console import results
from provision.cli.views import audit_basis, audit_csv, audit_json, audit_text
from provision.cli.views.audit_words import LIMIT, Names
from provision.snapshot.records import VERSION, Container, Header, Kind, Target

ORDERS = "//run.googleapis.com/projects/acme-prod/locations/europe-west1/services/orders"
TARGET = Target(ORDERS, Kind.SERVICE, "all", ("https://orders-1.europe-west1.run.app",))
ACCOUNT = "serviceAccount:web@acme-prod.iam.gserviceaccount.com"
NAMES = Names.of([Container("folders/12", title="Production")], "acme-prod")
READ = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _held(member: str, verdict: Verdict = Verdict.CAN, condition: str = "") -> Path:
    hop = Hop(HopKind.ROLE, member, ORDERS, "roles/run.invoker", ORDERS, member, condition)
    return Path((hop,), verdict, Way.REQUEST, Token.ID, condition)


def _answer(member: str, *paths: Path, verdict: Verdict = Verdict.CAN) -> Answer:
    return Answer(member, ORDERS, verdict, paths or (_held(member, verdict),))


def _about(
    *answers: Answer,
    reach: Reach = Reach.INTERNET,
    sets: tuple[str, ...] = (),
    unknown: tuple[str, ...] = (),
) -> TargetAnswers:
    public = Verdict.CAN if any(one.principal == "allUsers" for one in answers) else Verdict.CANNOT
    return TargetAnswers(TARGET, public, reach, answers, dict.fromkeys(sets, 0), unknown)


def _shown(show: Callable[[], None]) -> str:
    with results.capture() as captured:
        show()
    return captured.get()


def _who(found: TargetAnswers, *, verbose: bool = False) -> str:
    return _shown(lambda: audit_text.show_who(found, NAMES, verbose=verbose))


GRANT = Path(
    (Hop(HopKind.GRANT, "user:dee@example.com", ORDERS, "roles/run.admin", ORDERS),),
    Verdict.CAN,
    Way.REQUEST,
    Token.ID,
)
MINT = Path(
    (
        Hop(HopKind.MINT_ID, "user:eve@example.com", ACCOUNT, "roles/x", "//iam.googleapis.com/a"),
        Hop(HopKind.ROLE, ACCOUNT, ORDERS, "roles/run.invoker", ORDERS),
    ),
    Verdict.CAN,
    Way.REQUEST,
    Token.ID,
)
AS_ANYBODY = Path(
    (
        Hop(HopKind.MEMBER, "user:zoe@example.com", "allUsers"),
        Hop(HopKind.ROLE, "allUsers", ORDERS, "roles/run.invoker", ORDERS),
    ),
    Verdict.CAN,
    Way.REQUEST,
    Token.ID,
)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (_answer("allUsers"), How.PUBLIC),
        (_answer("user:ann@example.com"), How.ITSELF),
        (_answer("user:eve@example.com", MINT), How.INDIRECT),
        (_answer("user:eve@example.com", MINT, _held("user:eve@example.com")), How.ITSELF),
        (_answer("user:dee@example.com", GRANT, verdict=Verdict.CANNOT), How.GRANT),
        (_answer("group:x@example.com", verdict=Verdict.UNKNOWN), How.UNKNOWN),
        (Answer("user:bob@example.com", ORDERS, Verdict.CANNOT), None),
    ],
)
def test_an_answer_counts_once_by_its_best_way(answer: Answer, kind: How | None) -> None:
    """As itself before as somebody else, and what is a change away comes last."""
    assert how(answer) is kind


def test_the_path_that_is_told_is_the_one_that_the_verdict_rests_on() -> None:
    """A shorter path that may not hold is not told in the place of one that does."""
    unsure, sure = _held("user:ann@example.com", Verdict.UNKNOWN), MINT
    assert best(_answer("user:ann@example.com", sure, unsure)) is sure


def test_who_gets_in_as_anybody_does_is_not_listed_by_name() -> None:
    """Of a public target everybody would be."""
    told = worth_telling([_answer("allUsers"), _answer("user:zoe@example.com", AS_ANYBODY)])
    assert [one.principal for one in told] == ["allUsers"]


def test_a_long_table_is_bounded_and_says_by_how_much() -> None:
    """With -v every row is there."""
    many = [_answer(f"user:u{number:04}@example.com") for number in range(1300)]
    short, long = _who(_about(*many)), _who(_about(*many), verbose=True)
    assert f"… and {1300 - LIMIT:,} more (-v or --json)" in short
    assert len(short.splitlines()) < 40
    assert all(one.principal in long for one in many)


def test_the_answer_comes_first_and_counts_groups_apart() -> None:
    """A group is more than one, and nobody knows how many."""
    told = _who(_about(_answer("user:ann@example.com"), _answer("group:devs@example.com")))
    assert told.startswith("1 principal and 1 group can invoke service orders.\n")


def test_a_public_target_that_nothing_reaches_says_both() -> None:
    """IAM and the network are two answers."""
    told = _who(_about(_answer("allUsers"), reach=Reach.INTERNAL))
    assert told.startswith("Anybody at all can invoke service orders.\nIn europe-west1")
    assert "public by IAM, and not reachable from the internet" in " ".join(told.split())


def test_no_name_passes_for_a_line_of_ours() -> None:
    """Control characters and markup from elsewhere are shown, not obeyed."""
    evil = "group:a\n[red]can[/red]\x1b[2J"
    told = _who(_about(_answer(evil)))
    assert "\x1b" not in told
    assert r"group:a\n[red]can[/red]\x1b[2J" in told


def test_text_fits_a_terminal() -> None:
    """A path is broken before its arrows, sentences between words."""
    chain = tuple(
        Hop(HopKind.MEMBER, f"group:g{number}@example.com", f"group:g{number + 1}@example.com")
        for number in range(9)
    )
    long = Path((*chain, *_held("group:g9@example.com").hops), Verdict.CAN, Way.REQUEST, Token.ID)
    found = _about(
        _answer("group:g0@example.com", long),
        unknown=("the members of group:x@example.com could not be read " * 4,),
        sets=("domain:example.com",),
    )
    for verbose in (False, True):
        lines = _who(found, verbose=verbose).splitlines()
        assert all(len(line) <= 80 or len(line.split()) == 1 for line in lines)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("projects/acme-prod", "project acme-prod"),
        ("folders/12", "folder 12 (Production)"),
        ("organizations/7", "organization 7"),
        (ORDERS, "service orders"),
        (ORDERS.replace("acme-prod", "acme-lab"), "service orders of acme-lab"),
        ("//iam.googleapis.com/projects/p/serviceAccounts/a@b.example", "a@b.example"),
        ("//pubsub.googleapis.com/projects/acme-prod/topics/t", "topic t"),
        (
            "//cloudscheduler.googleapis.com/projects/acme-prod/locations/l/jobs/j",
            "Scheduler job j",
        ),
        ("//iap.googleapis.com/projects/1/iap_web/cloud_run-l/services/s", "IAP of s"),
        ("group:devs@example.com", "group:devs@example.com"),
    ],
)
def test_resources_have_short_names(name: str, short: str) -> None:
    """As a person would call them; another project than the target's is said."""
    assert NAMES.short(name) == short


def test_when_it_was_read_is_told_with_its_age() -> None:
    """And the time that is judged, where it is another."""
    header = Header(VERSION, "projects/acme-prod", READ, READ)
    now = READ.replace(hour=15)
    told = _shown(lambda: audit_basis.show_basis(Basis(header, READ, now)))
    assert "Read 2026-11-21 12:00 UTC, 3 hours ago." in told
    later = _shown(lambda: audit_basis.show_basis(Basis(header, now, now, "a.jsonl")))
    assert "from a.jsonl, judged as of 2026-11-21 15:00 UTC" in " ".join(later.split())
    ahead = _shown(lambda: audit_basis.show_basis(Basis(header, READ, READ.replace(hour=1))))
    assert "a clock that is ahead" in " ".join(ahead.split())


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
def test_no_cell_of_csv_is_a_formula(first: str) -> None:
    """A spreadsheet that opens it runs nothing; the text is there behind an apostrophe."""
    claim = f"{first}cmd|' /C calc'!A0"
    found = Finding("id", "rule", Severity.LOW, claim, f"{first}1+1", ORDERS)
    (row,) = csv.DictReader(io.StringIO(audit_csv.findings([found])))
    assert row["claim"] == f"'{claim}"
    assert row["reason"] == f"'{first}1+1"
    assert row["resource"] == ORDERS


@pytest.mark.parametrize("sign", ["\t", "\r", "\n", "\x1b"])
def test_no_cell_of_csv_has_a_control_character(sign: str) -> None:
    """Neither a terminal nor a parser takes it for anything; it is shown."""
    found = Finding("id", "rule", Severity.LOW, f"{sign}=1", f"a{sign}b", ORDERS)
    written = audit_csv.findings([found])
    (row,) = csv.DictReader(io.StringIO(written))
    assert len(written.splitlines()) == 2
    assert row["reason"] == f"a{sign.encode('unicode_escape').decode()}b"
    assert row["claim"].startswith("\\")


def test_json_names_values_apart_from_what_people_are_told() -> None:
    """The words may be improved; the names stay."""
    told = audit_json.answer(_answer("user:eve@example.com", MINT))
    assert told["verdict"] == "can"
    assert told["paths"][0]["token"] == "id"
    assert [hop["kind"] for hop in told["paths"][0]["hops"]] == ["mint-id", "role"]
    assert audit_json.slug(Reach.BALANCER_ALONE) == "balancer-alone"
    assert audit_json.slug(Verdict.WHILE) == "while"
