"""audit.yaml, baselines, and the report that counts what neither has."""

import json
from datetime import date
from pathlib import Path

import pytest

from provision.audit import baseline
from provision.audit.accepted import load
from provision.audit.answers import Severity
from provision.audit.findings import report
from provision.audit.settings import Acceptance, Settings
from provision.errors import UsageError
from provision.snapshot.records import Part, Unread
from tests.unit.audit.finding_worlds import INVOKER, ORDERS, World, policy, world

PUBLIC = policy(ORDERS, (INVOKER, "allUsers"))
FULL = """\
internal: {domains: [example.com], customers: [C01234567], projects: [shared-ci, 123456789012]}
specs: []
rules:
  stale-key: {days: 60, severity: high}
  narrower-role: {ignore: true}
accept:
  - rule: public-by-binding
    resource: //run.googleapis.com/projects/shop-prod/locations/*/services/window
    owner: ann@example.com
    reason: the shop's window
    until: 2027-06-30
"""


def _read(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "audit.yaml"
    file.write_text(text)
    return load(file)


def _refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(UsageError) as refused:
        _read(tmp_path, text)
    return str(refused.value)


def _accepting(**fields: str) -> Settings:
    one = Acceptance("ann@example.com", "its window", date(2026, 12, 31), **fields)
    return Settings(acceptances=(one,))


def _with(settings: Settings, *records: object) -> World:
    return world(PUBLIC, *records, settings=settings)  # type: ignore[arg-type]


def test_everything_that_may_be_said_is_read(tmp_path: Path) -> None:
    """Numbers of projects included, which YAML takes for numbers."""
    settings = _read(tmp_path, FULL)
    assert settings.domains == {"example.com"}
    assert settings.projects == {"shared-ci", "123456789012"}
    assert settings.stale_days == 60
    assert settings.severities == {"stale-key": Severity.HIGH}
    assert settings.ignored == {"narrower-role"}
    assert settings.acceptances[0].until == date(2027, 6, 30)
    assert settings.acceptances[0].place.endswith("audit.yaml:7")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    """As no file at all."""
    assert _read(tmp_path, "# nothing yet\n").acceptances == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acept: []\n", "1:1: acept: is not known here; did you mean accept?"),
        ("rules: {stale-keys: {days: 3}}\n", "did you mean stale-key?"),
        ("rules: {stale-key: {dayz: 3}}\n", "1:21: rules.stale-key.dayz: is not known here"),
        ("rules: {narrower-role: {days: 3}}\n", "rules.narrower-role.days: is not known here"),
        ("rules: {stale-key: {days: 0}}\n", "must be a number of days from 1"),
        ("rules: {stale-key: {days: true}}\n", "must be a number of days from 1"),
        ("rules: {stale-key: {severity: bad}}\n", "must be one of high, medium, low, info"),
        ("rules: {stale-key: {ignore: 1}}\n", "must be true or false"),
        ("rules: [stale-key]\n", "rules: must be a mapping"),
        ("internal: {domains: example.com}\n", "internal.domains: must be a list"),
        ("internal: {domains: [5]}\n", "is not a domain"),
        ("internal: {customers: [example.com]}\n", "is not a Cloud Identity customer id"),
        ("internal: {domain: [example.com]}\n", "did you mean domains?"),
        ("specs: provision.yaml\n", "specs: must be a list"),
        ("accept: [public-by-binding]\n", "accept[0]: must be a mapping"),
        ("[]\n", "must be a mapping"),
        ("a: [\n", "not YAML"),
        ("a: &a [*a]\n", "audit.yaml:1:1"),
        ("accept: []\n---\naccept: []\n", "one document is enough"),
        ("accept: []\naccept: []\n", "given twice"),
        ("rules: !!python/object:os.system {}\n", "not supported"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """Nothing unknown is passed over, and nothing is made of tags."""
    assert said in _refused(tmp_path, text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("rule: whole-domain, resource: x, reason: r, until: 2027-01-01", "owner is missing"),
        ("rule: whole-domain, resource: x, owner: o, until: 2027-01-01", "reason is missing"),
        ("rule: whole-domain, resource: x, owner: o, reason: r", "until is missing"),
        ("rule: whole-domain, resource: x, owner: o, reason: '', until: 2027-01-01", "not empty"),
        (
            "rule: whole-domain, resource: x, owner: o, reason: r, until: 2027-02-30",
            "must be a day",
        ),
        ("rule: whole-domain, resource: x, owner: o, reason: r, until: never", "must be a day"),
        ("rule: whole-domain, owner: o, reason: r, until: 2027-01-01", "say which"),
        ("resource: x, principal: y, owner: o, reason: r, until: 2027-01-01", "rule is missing"),
        ("id: a-1, rule: whole-domain, owner: o, reason: r, until: 2027-01-01", "either id"),
        ("id: no-rule-123, owner: o, reason: r, until: 2027-01-01", "there is no rule 'no-rule'"),
        ("rule: none, resource: x, owner: o, reason: r, until: 2027-01-01", "no rule 'none'"),
    ],
)
def test_an_acceptance_says_which_who_why_and_until_when(
    tmp_path: Path, fields: str, said: str
) -> None:
    """Or it is refused."""
    assert said in _refused(tmp_path, f"accept:\n  - {{{fields}}}\n")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """In the order of the file."""
    lines = _refused(tmp_path, "a: 1\nb: 2\nrules: {x: {}}\n").splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "2", "3"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(UsageError, match=r"audit\.yaml: No such file"):
        load(tmp_path / "audit.yaml")


def test_specs_are_found_beside_the_file(tmp_path: Path) -> None:
    """By name and by pattern."""
    spec = "project: shop-prod\nregion: europe-west1\nservice: {}\ningress: internal\n"
    spec += "image: {{reference: gcr.io/a/b:c}}\n"
    for name in ("orders", "baskets"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "provision.yaml").write_text(spec.format(name))
    settings = _read(tmp_path, 'specs: ["*/provision.yaml"]\n')
    assert [one.name for one in settings.specs] == ["baskets", "orders"]


def test_a_pattern_of_specs_that_matches_no_file_is_told(tmp_path: Path) -> None:
    """What it was meant for would go unwatched."""
    assert "specs[0]: matches no file" in _refused(tmp_path, 'specs: ["*/provision.yaml"]\n')


def test_an_acceptance_takes_a_finding_out_of_the_count_and_leaves_it_in_sight() -> None:
    """With who, until when and why."""
    settings = _accepting(rule="public-by-binding", resource="//run.googleapis.com/*/orders")
    found = report(_with(settings).audit(), settings)
    one = next(each for each in found.findings if each.rule == "public-by-binding")
    assert one.accepted == "ann@example.com until 2026-12-31: its window"
    assert found.counts[Severity.HIGH] == 0
    assert found.accepted == 1
    assert found.failing(Severity.MEDIUM) == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"rule": "public-by-binding", "resource": "//run.googleapis.com/*/order"},
        {"rule": "public-by-binding", "resource": "//run.googleapis.com/*/order?"},
        {"rule": "public-by-binding", "principal": "allAuthenticated*"},
        {"rule": "any-google-account", "resource": "*"},
    ],
)
def test_a_pattern_means_no_more_than_it_says(fields: dict[str, str]) -> None:
    """Only the star is special, and the rule has to be the finding's."""
    settings = _accepting(**fields)
    assert report(_with(settings).audit(), settings).counts[Severity.HIGH] == 1


def test_an_acceptance_by_id_means_one_finding() -> None:
    """Whatever its resource."""
    plain = report(_with(Settings()).audit())
    settings = _accepting(id=plain.failing(Severity.HIGH)[0].id)
    assert report(_with(settings).audit(), settings).failing(Severity.HIGH) == ()


def test_an_acceptance_counts_on_its_last_day_and_not_after() -> None:
    """Days are those of UTC."""
    for last, count in ((date(2026, 6, 1), 0), (date(2026, 5, 31), 1)):
        one = Acceptance("ann", "why", last, rule="public-by-binding", principal="*")
        settings = Settings(acceptances=(one,))
        found = report(_with(settings).audit(), settings)
        assert found.counts[Severity.HIGH] == count
        assert sum(each.rule == "acceptance-over" for each in found.findings) == count


def test_an_ignored_rule_finds_nothing_and_another_severity_counts() -> None:
    """As the team says."""
    ignoring = Settings(ignored=frozenset({"public-by-binding"}))
    assert report(_with(ignoring).audit(), ignoring).counts[Severity.HIGH] == 0
    lower = Settings(severities={"public-by-binding": Severity.LOW})
    assert report(_with(lower).audit(), lower).counts[Severity.HIGH] == 0


def test_with_a_baseline_only_new_findings_count(tmp_path: Path) -> None:
    """Those that it has are shown all the same."""
    before = report(world(PUBLIC).audit())
    file = tmp_path / "known.json"
    file.write_text(baseline.dump(before))
    known = baseline.load(file)
    after = world(policy(ORDERS, (INVOKER, "allUsers"), (INVOKER, "allAuthenticatedUsers")))
    found = report(after.audit(), baseline=known)
    assert [one.rule for one in found.failing(Severity.HIGH)] == ["any-google-account"]
    assert {one.rule for one in found.findings} >= {"public-by-binding"}
    assert baseline.dump(before) == baseline.dump(report(world(PUBLIC).audit()))


def test_a_report_in_json_is_a_baseline_too(tmp_path: Path) -> None:
    """Its findings carry their ids."""
    file = tmp_path / "report.json"
    file.write_text(json.dumps({"findings": [{"id": "a-1"}, {"id": "b-2"}]}))
    assert baseline.load(file) == {"a-1", "b-2"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings": 3}', "\x00", "[" * 100_000])
def test_what_is_no_baseline_is_told(tmp_path: Path, text: str) -> None:
    """With the command that writes one."""
    file = tmp_path / "known.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="it is no baseline"):
        baseline.load(file)


def test_a_later_baseline_is_refused(tmp_path: Path) -> None:
    """Rather than misread."""
    file = tmp_path / "known.json"
    file.write_text('{"baseline": 2, "findings": {}}')
    with pytest.raises(UsageError, match="this program knows 1"):
        baseline.load(file)


def test_a_report_has_a_summary_of_every_target() -> None:
    """And says how many there are without making them."""
    found = report(world(PUBLIC).audit())
    assert found.targets == 1
    assert [one.target.name for one in found.summaries] == [ORDERS]


def test_what_is_unproven_is_what_is_not_accepted() -> None:
    """Things that were not read count until somebody answers for their finding."""
    deny = Unread("organizations/1", Part.DENY, "403 denied")
    nothing = Unread("group:nobody@example.com", Part.MEMBERS, "403 denied")
    assert report(world(deny, nothing).audit()).unproven == (deny,)
    settings = _accepting(rule="not-read", resource="organizations/1")
    assert report(world(deny, settings=settings).audit(), settings).unproven == ()
