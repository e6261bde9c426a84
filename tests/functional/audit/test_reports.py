"""`audit report`, `check` and `diff` over snapshots, by the real program."""

import csv
import io
import json
from pathlib import Path

import pytest

from provision.snapshot.records import Binding, Group, Membership, Part, Policy, Unread
from tests.functional.audit import acme
from tests.functional.audit.conftest import Offline

SHOP_IS_FINE = """
accept:
  - rule: public-by-binding
    resource: "*/services/shop"
    owner: ann@example.com
    reason: the shop's window
    until: 2027-06-30
"""


def test_a_report_begins_with_what_is_wrong(offline: Offline) -> None:
    """Counts, then findings with what to run, then targets, then what could not be read."""
    done = offline("report")
    assert done.code == 0, done.err
    assert done.out.startswith("organization 123456789012 (example.com): 1 high")
    parts = ["\nFindings", "public-by-binding", "\nTargets", "job nightly  ", "\nCould not be"]
    places = [done.out.index(part) for part in parts]
    assert places == sorted(places)
    assert f"provision revoke allUsers --on {acme.SHOP}" in done.out


def test_a_report_tells_each_rule_once(offline: Offline) -> None:
    """What differs in the target alone stands in one line, with one command; `-v` has them all."""
    everybody = [Policy(one, (Binding(acme.INVOKER, ("allUsers",)),)) for one in acme.SERVICES]
    offline.write("public.jsonl", *everybody)
    folded = offline("report", snapshot="public.jsonl").out
    assert "public-by-binding  (4)" in folded
    assert folded.count("Anybody can invoke it, by a binding.") == 1
    assert folded.count("anybody can invoke service") == 1
    told = " ".join(folded.split())
    assert "likewise service orders of acme-prod, service reports of acme-prod" in told
    assert folded.count("provision revoke allUsers") == 1
    assert "… and 3 commands like it (-v)" in folded
    whole = offline("report", "-v", snapshot="public.jsonl").out
    assert whole.count("provision revoke allUsers") == 4
    assert "Whoever finds the address gets in" in whole


def test_unread_deny_policies_are_told_once_and_first(offline: Offline) -> None:
    """They make every role below uncertain: one sentence with what to ask for, and no more."""
    offline.write("denied.jsonl", Unread(acme.ORG, Part.DENY, "403 PERMISSION_DENIED: no"))
    for words in (("report",), ("who", "service/reports"), ("what", acme.BOB)):
        done = offline(*words, snapshot="denied.jsonl")
        assert done.out.count("roles/iam.denyReviewer") == 1
        told = done.out.index("Deny policies of organization 123456789012 (example.com) could")
        assert told < done.out.index("\n\n")
        assert "the deny policies of organizations/" not in done.out
    document = offline("what", acme.BOB, "--json", snapshot="denied.jsonl").document
    assert "deny policies of organizations/" in document["answers"][-1]["reasons"][0]


def test_a_reason_that_several_share_is_told_once(offline: Offline) -> None:
    """Above their rows, which tell their own alone."""
    offline.write("unread.jsonl", Unread(acme.ORG, Part.POLICY, "403 PERMISSION_DENIED: no"))
    done = offline("what", "user:flo@example.com", snapshot="unread.jsonl")
    reason = "the policy of organizations/123456789012 could not be read"
    assert " ".join(done.out.split()).count(reason) == 1
    assert done.out.index("of all: the policy of") < done.out.index("unknown     ")


def test_a_report_has_every_target_and_finding_as_json(offline: Offline) -> None:
    """With the counts, what is public, and what could not be read."""
    document = offline("report", "--json").document
    targets = {one["name"]: one for one in document["targets"]}
    assert len(targets) == 7
    assert targets[acme.SHOP]["public"] == "can"
    assert targets[acme.LEDGER]["reach"] == "internal"
    assert targets[acme.ORDERS]["principals"]["can"] >= 2
    assert document["counts"]["high"] == 1
    rules = {one["rule"] for one in document["findings"]}
    assert rules >= {"public-by-binding", "invoker-check-off", "group-not-read"}
    assert [one["of"] for one in document["unread"]] == [acme.PARTNERS]
    assert document["exit_code"] == 0


def test_a_report_is_the_same_every_time(offline: Offline) -> None:
    """So that two can be compared line by line."""
    assert offline("report", "--json").out == offline("report", "--json").out


def test_a_scope_leaves_other_targets_out(offline: Offline) -> None:
    """Of a snapshot of an organisation, one project."""
    document = offline("report", "--scope", "project/acme-lab", "--json").document
    assert [one["name"] for one in document["targets"]] == [acme.LAB_ORDERS]
    assert document["read"]["scope"] == acme.LAB
    assert document["findings"]
    assert acme.PROJECT not in {one["resource"] for one in document["findings"]}


def test_several_forms_are_written_at_once(offline: Offline) -> None:
    """Each to its file; the text goes to the log all the same."""
    done = offline("report", "--json", "all.json", "--sarif=all.sarif", "--csv", "all.csv")
    assert done.out.startswith("organization 123456789012")
    log = json.loads(offline.path("all.sarif").read_text())
    assert log["version"] == "2.1.0"
    rows = list(csv.DictReader(io.StringIO(offline.path("all.csv").read_text())))
    found = json.loads(offline.path("all.json").read_text())["findings"]
    assert [row["id"] for row in rows] == [one["id"] for one in found]
    assert len(log["runs"][0]["results"]) == len(found)


def test_a_form_may_be_the_last_word(offline: Offline) -> None:
    """With nothing behind it, with a file, and with the dash that means stdout."""
    words = ("report", "--snapshot", "acme.jsonl", "--json")
    assert offline.run(*words).out == offline.run(*words, "-").out
    assert offline.run(*words, "all.json").out.startswith("organization 123456789012")


def test_the_page_needs_no_network(offline: Offline) -> None:
    """All of the report in one file, named by its suffix."""
    assert offline("report", "-o", "all.html").code == 0
    page = offline.path("all.html").read_text()
    assert "acme-prod" in page
    assert 'src="http' not in page


def test_a_check_fails_on_findings(offline: Offline) -> None:
    """Exit 3, and those findings alone, with what to run."""
    done = offline("check")
    assert done.code == 3
    assert done.out.startswith("Not passed: ")
    assert "public-by-binding" in done.out
    assert "invoker-by-basic-role" not in done.out


@pytest.mark.parametrize(("least", "others"), [("high", 1), ("medium", 4), ("low", 6)])
def test_a_check_fails_on_what_is_bad_enough(offline: Offline, least: str, others: int) -> None:
    """`--fail-on` says from which severity on."""
    document = offline("check", "--fail-on", least, "--json").document
    assert len(document["failing"]) == others
    assert document["exit_code"] == 3


def test_what_is_accepted_fails_nothing(offline: Offline) -> None:
    """By the audit.yaml beside it; whoever answers for it is named."""
    offline.path("audit.yaml").write_text(SHOP_IS_FINE)
    document = offline("check", "--fail-on", "high", "--json").document
    assert document["failing"] == []
    accepted = [one for one in document["findings"] if one["accepted"]]
    assert [one["resource"] for one in accepted] == [acme.SHOP]
    assert "ann@example.com until 2027-06-30" in accepted[0]["accepted"]


def test_a_check_without_findings_is_not_proven_where_something_was_not_read(
    offline: Offline,
) -> None:
    """Exit 4: something bad enough may hide in the group that nobody could see."""
    offline.path("audit.yaml").write_text(SHOP_IS_FINE)
    done = offline("check", "--fail-on", "high")
    assert done.code == 4
    assert done.out.startswith("Not proven: ")
    assert acme.PARTNERS in done.out


def test_a_check_passes_when_all_of_it_is_known(offline: Offline) -> None:
    """Exit 0 once the group could be read, or somebody answers for not reading it."""
    offline.path("audit.yaml").write_text(
        f"{SHOP_IS_FINE}"
        "  - {rule: group-not-read, principal: '*', owner: ann@example.com, reason: theirs,"
        " until: 2027-06-30}\n"
    )
    done = offline("check", "--fail-on", "high")
    assert done.code == 0, done.out
    assert done.out.startswith("Passed: ")


def test_only_what_is_new_counts_beside_a_baseline(offline: Offline) -> None:
    """What was there when it was written is known; a service that goes public is not."""
    written = offline("check", "--baseline", "known.json", "--update-baseline")
    assert written.code == 0, written.err
    assert offline("check", "--baseline", "known.json").code == 0
    offline.write("later.jsonl", Policy(acme.REPORTS, (Binding(acme.INVOKER, ("allUsers",)),)))
    later = offline("check", "--baseline", "known.json", "--json", snapshot="later.jsonl")
    assert later.code == 3
    found = {one["id"]: one for one in later.document["findings"]}
    assert {found[one]["resource"] for one in later.document["failing"]} == {acme.REPORTS}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "--policy", "none.yaml"), "none.yaml"),
        (("check", "--baseline", "none.json"), "none.json"),
        (("check", "--update-baseline"), "needs --baseline"),
        (("check", "--fail-on", "critical"), "critical"),
        (("check", "--inventory"), "--snapshot was read already"),
        (("report", "--json", "--sarif"), "--json and --sarif"),
        (("report", "--json", "nowhere/all.json"), "no directory nowhere"),
    ],
)
def test_what_cannot_be_used_ends_with_two(
    offline: Offline, words: tuple[str, ...], said: str
) -> None:
    """Before anything is judged."""
    done = offline(*words)
    assert done.code == 2
    assert said in " ".join(done.err.replace("│", " ").split())


def test_a_diff_tells_who_gained_and_who_lost(offline: Offline) -> None:
    """By a binding that went and a membership that came, each with its change."""
    offline.write(
        "later.jsonl",
        Policy(acme.ORDERS, (Binding(acme.INVOKER, (acme.PARTNERS,)),)),
        Group(acme.DEVS, (Membership(acme.ANN), Membership("user:flo@example.com"))),
    )
    done = offline.run("diff", "acme.jsonl", "later.jsonl")
    assert done.code == 3, done.err
    assert "+ user:flo@example.com" in done.out
    assert f"- serviceAccount:{acme.WEB}" in done.out
    document = offline.run("diff", "acme.jsonl", "later.jsonl", "--json").document
    gained = {(one["target"], each["principal"]) for one in document["targets"]
              for each in one["gained"]}  # fmt: skip
    assert (acme.ORDERS, "user:flo@example.com") in gained
    assert document["exit_code"] == 3


def test_a_diff_of_equals_is_empty(offline: Offline) -> None:
    """Exit 0, and a sentence that says so."""
    done = offline.run("diff", "acme.jsonl", "acme.jsonl")
    assert done.code == 0, done.err
    assert done.out.startswith("Nobody gained or lost anything")


def test_a_diff_is_rows_of_csv(offline: Offline) -> None:
    """One for each principal and target that differs."""
    offline.write("later.jsonl", Policy(acme.SHOP))
    done = offline.run("diff", "acme.jsonl", "later.jsonl", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert ("lost", "allUsers", acme.SHOP) in {
        (row["change"], row["principal"], row["resource"]) for row in rows
    }


def test_nothing_is_left_beside_a_file_that_was_written(offline: Offline, tmp_path: Path) -> None:
    """It appears under its name when all of it is there."""
    before = set(tmp_path.iterdir())
    assert offline("report", "--json", "all.json").code == 0
    assert set(tmp_path.iterdir()) - before == {offline.path("all.json")}
