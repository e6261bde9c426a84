"""`audit who`, `what` and `why` over a snapshot, by the real program."""

import csv
import io

import pytest

from provision.snapshot.records import Binding, Part, Policy, Unread
from tests.functional.audit import acme
from tests.functional.audit.conftest import Offline

HERE = ("--project", "acme-prod")


def test_who_tells_everybody_and_how(offline: Offline) -> None:
    """As themselves with the path, as somebody else, who could, and what is not known."""
    done = offline("who", "orders", *HERE)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert "can invoke service orders" in lines[0]
    assert "In europe-west1 of acme-prod. Its addresses answer the internet." in lines
    assert _beneath(lines, "user:bob@example.com", "roles/editor on project acme-prod")
    assert _beneath(lines, "user:cy@example.com", 'while request.path.startsWith("/v1/")')
    assert _beneath(lines, "user:eve@example.com", f"mints ID tokens of {acme.WEB}")
    assert _beneath(lines, acme.DEE, "could not be read")
    assert "IAM changes need about 2 minutes" in " ".join(done.out.split())


def test_who_answers_for_every_principal_as_json(offline: Offline) -> None:
    """Verdict, way in, and every hop by stable names."""
    document = offline("who", "orders", *HERE, "--json").document
    answers = {one["principal"]: one for one in document["answers"]}
    assert document["target"]["name"] == acme.ORDERS
    assert {name: one["verdict"] for name, one in answers.items()}.items() >= {
        acme.ANN: "can",
        acme.BOB: "can",
        acme.CY: "while",
        acme.DEE: "unknown",
    }.items()
    assert answers["user:eve@example.com"]["how"] == "indirect"
    kinds = [hop["kind"] for hop in answers["user:eve@example.com"]["paths"][0]["hops"]]
    assert kinds == ["mint-id", "role"]
    assert "user:con@example.com" not in answers


def test_who_could_grant_itself_access_is_told_apart(offline: Offline) -> None:
    """Somebody who may set the policy is not in, and is one change away."""
    done = offline("who", "orders", "--project", "acme-lab")
    assert "1 could grant itself access" in " ".join(done.out.split())
    assert _beneath(done.out.splitlines(), f"cannot      {acme.DEE}", "may change")
    document = offline("who", "orders", "--project", "acme-lab", "--json").document
    assert [one["how"] for one in document["answers"]] == ["grant"]


def test_a_public_target_is_said_to_be_public_first(offline: Offline) -> None:
    """By a binding, and by a check that is off; what the network does stands beside it."""
    shop = offline("who", "shop")
    assert shop.out.startswith("Anybody at all can invoke service shop.")
    ledger = offline("who", "ledger")
    assert ledger.out.startswith("Anybody at all can invoke service ledger.")
    told = " ".join(ledger.out.split())
    assert "the invoker check is off" in told
    assert "public by IAM, and not reachable from the internet" in told


def test_a_function_of_the_second_generation_is_judged_by_its_service(offline: Offline) -> None:
    """Its own policy lets nobody in."""
    answers = offline("who", "function/reports", "--json").document["answers"]
    assert acme.ANN in {one["principal"] for one in answers}


def test_a_set_that_nobody_counts_tells_how_many_of_it_are_known(offline: Offline) -> None:
    """A whole domain is more than one line."""
    policy = Policy(acme.SHOP, (Binding(acme.INVOKER, ("domain:example.com",)),))
    file = str(offline.write("domain.jsonl", policy))
    document = offline("who", acme.SHOP, "--json", snapshot=file).document
    users = {ask["principal"] for ask in document["answers"]} & {acme.ANN, acme.BOB, acme.DEE}
    assert len(users) == 3
    # One more than get in: a deny policy keeps a contractor out, who is in the domain all the same.
    assert document["known_in_sets"] == {"domain:example.com": 6}


def test_what_tells_every_target_of_a_principal(offline: Offline) -> None:
    """A bare e-mail is completed by what was read; jobs and services alike."""
    document = offline("what", "bob@example.com", "--json").document
    found = {one["target"] for one in document["answers"] if one["verdict"] == "can"}
    assert document["principal"] == acme.BOB
    assert found >= {acme.ORDERS, acme.SHOP, acme.LEDGER, acme.NIGHTLY}
    assert acme.LAB_ORDERS not in found
    text = offline("what", "bob@example.com")
    assert text.out.startswith("user:bob@example.com can invoke ")


@pytest.mark.parametrize(
    ("principal", "code", "said"),
    [
        (acme.ANN, 0, f"{acme.ANN} can invoke service orders."),
        ("user:con@example.com", 1, "user:con@example.com cannot invoke service orders."),
        (acme.CY, 4, f"{acme.CY} can invoke service orders, while a condition holds."),
        (acme.DEE, 4, f"It is not known whether {acme.DEE} can invoke service orders."),
    ],
)
def test_why_ends_with_its_answer(offline: Offline, principal: str, code: int, said: str) -> None:
    """0 can, 1 cannot, 4 for what is not known or depends on the request."""
    done = offline("why", principal, "orders", *HERE)
    assert done.out.splitlines()[0].startswith(said)
    assert done.code == code


def test_why_names_the_deny_policy_that_stops_somebody(offline: Offline) -> None:
    """Which one, and where it stands."""
    done = offline("why", "user:con@example.com", "orders", *HERE)
    assert "no-contractors" in done.out
    assert "folder 345678901234 (Production)" in " ".join(done.out.split())
    document = offline("why", "user:con@example.com", "orders", *HERE, "--json").document
    assert [one["kind"] for one in document["answers"][0]["blocks"]] == ["deny"]
    assert document["exit_code"] == 1


def test_why_shows_every_hop_when_asked(offline: Offline) -> None:
    """The policy, the member and the permission of each."""
    done = offline("why", acme.ANN, "orders", *HERE, "-v")
    assert "1. user:ann@example.com is in group:devs@example.com" in done.out
    assert "roles/run.invoker bound on projects/acme-prod" in done.out
    assert "run.routes.invoke" in done.out


def test_why_never_says_cannot_for_a_question_that_failed(offline: Offline) -> None:
    """A target that is not there ends with 4, as 1 would be an answer."""
    done = offline("why", acme.ANN, "service/nowhere")
    assert done.code == 4
    assert "is not in organizations/123456789012" in done.err


def test_conditions_are_judged_at_the_time_that_is_asked_for(offline: Offline) -> None:
    """Who gets in before an end does not after it."""
    limited = Binding(acme.INVOKER, (acme.DEE,), 'request.time < timestamp("2026-12-01T00:00:00Z")')
    offline.write("later.jsonl", Policy(acme.LAB_ORDERS, (limited,)))
    question = ("why", acme.DEE, "service/orders", "--project", "acme-lab")
    assert offline(*question, snapshot="later.jsonl").code == 0
    assert offline(*question, "--at", "2026-11-30T23:00Z", snapshot="later.jsonl").code == 0
    assert offline(*question, "--at", "2026-12-01T00:00Z", snapshot="later.jsonl").code == 1


def test_an_ancestor_that_could_not_be_read_leaves_cannot_unproven(offline: Offline) -> None:
    """Nobody is said to be kept out where a policy above was not seen."""
    offline.write("blind.jsonl", Unread(acme.LAB, Part.POLICY, "403 PERMISSION_DENIED"))
    question = ("why", "user:zoe@example.com", "service/orders", "--project", "acme-lab")
    assert offline(*question).code == 1
    blind = offline(*question, snapshot="blind.jsonl")
    assert blind.code == 4
    assert "403" in blind.out


def test_a_name_that_nothing_bears_is_pointed_out(offline: Offline) -> None:
    """A slip of the pen would pass for an answer."""
    done = offline("why", "user:anm@example.com", "orders", *HERE)
    assert "Did you mean user:ann@example.com?" in " ".join(done.err.split())


def test_answers_are_rows_of_csv(offline: Offline) -> None:
    """One for each principal and target, under a head."""
    done = offline("who", "orders", *HERE, "--csv")
    rows = {row["principal"]: row for row in csv.DictReader(io.StringIO(done.out))}
    assert rows[acme.ANN]["verdict"] == "can"
    assert rows[acme.ANN]["path"] == f"in {acme.DEVS} → {acme.INVOKER} on project acme-prod"
    assert rows[acme.CY]["condition"] == 'request.path.startsWith("/v1/")'
    assert rows[acme.ANN]["reach"] == "internet"
    assert {row["resource"] for row in rows.values()} == {acme.ORDERS}


def test_a_result_goes_to_a_file_of_its_owner(offline: Offline) -> None:
    """In the form of its suffix, readable by nobody else, and stdout stays empty."""
    done = offline("who", "orders", *HERE, "-o", "who.csv")
    assert done.out == ""
    assert "Wrote who.csv." in done.err
    assert offline.path("who.csv").read_text().startswith("principal,verdict,")
    assert offline.path("who.csv").stat().st_mode & 0o777 == 0o600


def test_a_snapshot_is_judged_without_google_s_libraries(offline: Offline) -> None:
    """No login, no project, nothing of the network's is even loaded."""
    environ = {**offline.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    done = Offline(offline.directory, environ)("why", acme.ANN, "orders", *HERE)
    assert done.code == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.err.splitlines() if "|" in line}
    assert "provision.audit.answers" in loaded
    roots = {name.partition(".")[0] for name in loaded}
    assert not roots & {"google", "grpc", "requests", "httpx", "docker", "urllib3"}


def test_terminal_text_fits_eighty_columns(offline: Offline) -> None:
    """Whatever the answer, but for names that are longer themselves."""
    for words in (
        ("who", "orders", *HERE),
        ("who", "ledger"),
        ("what", "bob@example.com"),
        ("why", acme.CY, "orders", *HERE),
    ):
        for line in offline(*words).out.splitlines():
            assert len(line) <= 80 or len(line.split()) == 1, line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("who", "orders"), "is 2 targets"),
        (("who", "orders", "--json", "--csv"), "--json and --csv"),
        (("who", "shop", "--at", "yesterday"), "--at 'yesterday' is no time"),
        (("who", "shop", "--at", "yesterday"), "now, -2d or +8h"),
        (("who", "shop", "--scope", "project/elsewhere-1"), "is not in it"),
        (("what", "ann"), "not a principal"),
        (("why", "usr:ann@example.com", "shop"), "did you mean user"),
    ],
)
def test_a_command_line_that_is_wrong_ends_with_two(
    offline: Offline, words: tuple[str, ...], said: str
) -> None:
    """In words that say what is, and before anything else."""
    done = offline(*words)
    assert done.code == 2
    assert said in " ".join(done.err.split())


def test_what_is_no_snapshot_is_refused(offline: Offline) -> None:
    """A file that is not there, and one of another kind."""
    assert offline("who", "shop", snapshot="none.jsonl").code == 2
    offline.path("other.json").write_text("{}\n")
    done = offline("who", "shop", snapshot="other.json")
    assert done.code == 2
    assert "it is no snapshot" in done.err


def test_a_snapshot_that_was_cut_off_is_refused_with_what_to_do(offline: Offline) -> None:
    """Half of what was read would be judged as all of it."""
    whole = offline.path("acme.jsonl").read_bytes()
    offline.path("half.jsonl").write_bytes(whole[: len(whole) // 2])
    done = offline("who", "shop", snapshot="half.jsonl")
    assert done.code == 2
    assert "copy it again" in " ".join(done.err.split())


def test_a_spec_that_nobody_named_and_that_cannot_be_used_is_told_of(offline: Offline) -> None:
    """On one line, beside the answer; a named one is refused."""
    offline.path("provision.yaml").write_text("service: shop\nimages: {}\n")
    done = offline("who", "shop", *HERE)
    assert done.code == 0
    assert [line for line in done.err.splitlines() if "provision.yaml" in line] == [
        line for line in done.err.splitlines() if "is left aside" in line
    ]
    assert "provision.yaml here cannot be used" in done.err
    assert offline("who", "shop", *HERE, "-f", "provision.yaml").code == 2


def _beneath(lines: list[str], first: str, then: str) -> bool:
    """Whether `then` stands beside `first` or beneath it, before the next row of the table."""
    start = next(number for number, line in enumerate(lines) if first in line)
    block = [lines[start]]
    for line in lines[start + 1 :]:
        if not line.startswith(" " * 10):
            break
        block.append(line.strip())
    return then in " ".join(" ".join(block).split())
