"""What a user writes for a target, a principal, a scope and a form, and what it means."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from provision.cli.audit_formats import Format, flagged, outputs
from provision.cli.audit_place import Place
from provision.cli.audit_principals import alike, find_principal, is_named
from provision.cli.audit_scope import narrowed, parse_scope
from provision.cli.audit_targets import find_target, names_told
from provision.conditions import at
from provision.errors import NotFoundError, NotProvenError, UsageError
from provision.snapshot import Snapshot, load
from provision.snapshot.records import Part, Unread
from tests.functional.audit import acme

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    """The small organisation, in a directory without a spec, with no region set."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLOUDSDK_RUN_REGION", "CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    return load(acme.write(tmp_path / "acme.jsonl"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shop", acme.SHOP),
        ("service/shop", acme.SHOP),
        ("services/shop", acme.SHOP),
        ("job/nightly", acme.NIGHTLY),
        ("function/reports", acme.REPORTS_FUNCTION),
        ("https://shop-111111111111.europe-west1.run.app/cart?x=1", acme.SHOP),
        ("https://canary---shop-111111111111.europe-west1.run.app", acme.SHOP),
        ("HTTPS://SHOP-111111111111.europe-west1.run.app".lower(), acme.SHOP),
        ("https://europe-west1-acme-prod.cloudfunctions.net/reports/x", acme.REPORTS_FUNCTION),
        (acme.SHOP, acme.SHOP),
        (acme.SHOP.removeprefix("//run.googleapis.com/"), acme.SHOP),
        ("projects/111111111111/locations/europe-west1/services/shop", acme.SHOP),
        ("https://run.googleapis.com/v2/projects/acme-prod/locations/europe-west1/jobs/nightly",
         acme.NIGHTLY),
    ],
)  # fmt: skip
def test_a_target_is_found_by_every_name_that_it_goes_by(
    read: Snapshot, text: str, name: str
) -> None:
    """Bare names, kinds, addresses with tags and paths, and full names mean the same target."""
    assert find_target(text, read, Place()).name == name


def test_a_function_and_its_service_are_one_target(read: Snapshot) -> None:
    """A bare name that both bear is not ambiguous; the service is meant when it is said."""
    assert find_target("reports", read, Place()).name == acme.REPORTS_FUNCTION
    assert find_target("service/reports", read, Place()).name == acme.REPORTS


def test_a_name_in_two_places_is_refused_until_one_is_said(read: Snapshot) -> None:
    """The message lists both; a project, a region or what is set in the environment decides."""
    with pytest.raises(UsageError, match=r"2 targets: projects/acme-lab/.*projects/acme-prod/"):
        find_target("service/orders", read, Place())
    assert find_target("orders", read, Place(project="acme-lab")).name == acme.LAB_ORDERS
    assert find_target("orders", read, Place(region="europe-west1")).name == acme.ORDERS


def test_the_region_that_is_set_decides_between_two(
    read: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every command, the environment says which region goes without saying."""
    monkeypatch.setenv("CLOUDSDK_RUN_REGION", "us-central1")
    assert find_target("orders", read, Place()).name == acme.LAB_ORDERS


SPEC = """
project: acme-lab
region: us-central1
service: orders
image: {context: ., repository: services}
ingress: all
invokers: [user:ann@example.com]
"""


def test_a_name_in_the_spec_is_the_one_that_is_meant(read: Snapshot, tmp_path: Path) -> None:
    """Wherever else a target of that name may be; a spec that cannot be used is passed over."""
    (tmp_path / "provision.yaml").write_text(SPEC)
    assert find_target("orders", read, Place()).name == acme.LAB_ORDERS
    assert find_target("service/orders", read, Place()).name == acme.LAB_ORDERS
    assert names_told("orders", Place()) == (acme.LAB_ORDERS,)
    (tmp_path / "provision.yaml").write_text("service: [\n")
    assert find_target("shop", read, Place()).name == acme.SHOP


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("service/shpo", "Did you mean service/shop"),
        ("job/shop", "not in organizations/123456789012"),
        ("https://elsewhere.example.com", "not in organizations/123456789012"),
    ],
)
def test_a_target_that_is_not_there_is_said_to_be_so(read: Snapshot, text: str, said: str) -> None:
    """With a name that is spelled nearly so, where there is one."""
    with pytest.raises(NotFoundError, match=said):
        find_target(text, read, Place())


def test_a_target_that_may_be_where_nobody_could_look_is_not_proven_missing(
    read: Snapshot,
) -> None:
    """What was not listed may hold it."""
    read.unread.append(Unread(acme.LAB, Part.TARGETS, "403 PERMISSION_DENIED"))
    with pytest.raises(NotProvenError, match="not everything could be read"):
        find_target("service/elsewhere", read, Place())


@pytest.mark.parametrize(
    "text",
    ["pool/x", "projects/acme-prod/services/x", "projects/a/locations/b/workerPools/c", "a/b/c"],
)
def test_what_is_no_target_is_refused(read: Snapshot, text: str) -> None:
    """Kinds that are not invoked, and names of other forms."""
    with pytest.raises(UsageError):
        find_target(text, read, Place())


def test_a_full_name_is_told_before_anything_is_read(
    read: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a live question reads that one target; what is not told is looked for."""
    monkeypatch.setenv("CLOUDSDK_RUN_REGION", "europe-west1")
    place = Place(project="acme-prod")
    assert len(read) > 0
    assert names_told("service/shop", place) == (acme.SHOP,)
    assert names_told("function/reports", place) == (acme.REPORTS_FUNCTION,)
    assert names_told(acme.NIGHTLY, place) == (acme.NIGHTLY,)
    assert names_told("shop", place) == ()
    assert names_told("https://shop-1.europe-west1.run.app", place) == ()


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("user:Ann@Example.com", "user:ann@example.com"),
        ("ann@example.com", "user:ann@example.com"),
        ("devs@example.com", "group:devs@example.com"),
        (acme.WEB, f"serviceAccount:{acme.WEB}"),
        ("allUsers", "allUsers"),
        ("domain:Example.com", "domain:example.com"),
    ],
)
def test_a_principal_is_completed_by_what_was_read(read: Snapshot, text: str, member: str) -> None:
    """A bare e-mail is a user or a group when only one of them is named."""
    assert find_principal(text, read) == member


@pytest.mark.parametrize("text", ["nobody@example.com", "usr:ann@example.com", "ann", ""])
def test_a_principal_that_cannot_be_told_is_refused(read: Snapshot, text: str) -> None:
    """A guess could answer for somebody else."""
    with pytest.raises(UsageError) as refused:
        find_principal(text, read)
    assert refused.value.hint


def test_a_slip_of_the_pen_is_noticed(read: Snapshot) -> None:
    """A principal that nothing names, and the one that is spelled nearly so."""
    assert not is_named("user:anm@example.com", read)
    assert alike("user:anm@example.com", read) == acme.ANN


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("project", "projects/acme-prod"),
        ("project/acme-lab", "projects/acme-lab"),
        ("projects/acme-lab", "projects/acme-lab"),
        ("folder/12", "folders/12"),
        ("folders/12", "folders/12"),
        ("organization/12", "organizations/12"),
        ("organizations/12", "organizations/12"),
        ("//cloudresourcemanager.googleapis.com/folders/12", "folders/12"),
    ],
)
def test_a_scope_has_many_spellings(text: str, scope: str) -> None:
    """As gcloud, Terraform and the API write it."""
    assert parse_scope(text, lambda: "acme-prod") == scope


@pytest.mark.parametrize("text", ["", "folder/prod", "organization/example.com", "project/", "x/1"])
def test_what_is_no_scope_is_refused(text: str) -> None:
    """Folders and organisations go by their numbers."""
    with pytest.raises(UsageError):
        parse_scope(text, lambda: "acme-prod")


def test_a_snapshot_is_narrowed_to_what_stands_below(read: Snapshot) -> None:
    """The targets of the scope alone; policies above them stay, for they decide."""
    found = narrowed(read, acme.FOLDER)
    assert acme.LAB_ORDERS not in {one.name for one in found.targets}
    assert acme.SHOP in {one.name for one in found.targets}
    assert found.policies == read.policies
    assert narrowed(read, "projects/222222222222").targets[0].name == acme.LAB_ORDERS
    assert narrowed(read, acme.ORG) is read


def test_a_scope_that_is_not_in_the_snapshot_is_refused(read: Snapshot) -> None:
    """Nothing found there would read as nothing wrong."""
    with pytest.raises(UsageError, match="is not in it"):
        narrowed(read, "projects/elsewhere-1")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("-2d", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("+1h30m", datetime(2026, 11, 22, 11, 0, tzinfo=UTC)),
        ("2020-01-01T00:00Z", datetime(2020, 1, 1, tzinfo=UTC)),
        ("2026-12-24T18:00+01:00", datetime(2026, 12, 24, 17, 0, tzinfo=UTC)),
    ],
)
def test_conditions_are_judged_at_any_time(text: str, moment: datetime) -> None:
    """Past or to come, absolute or relative."""
    assert at(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-12-24", "2026-12-24T18:00", "-0d", "-999999999w"]
)
def test_a_time_that_can_be_misread_is_refused(text: str) -> None:
    """The message speaks of the option that was given."""
    with pytest.raises(UsageError, match="--at"):
        at(text, NOW)


def test_one_form_goes_to_one_place(tmp_path: Path) -> None:
    """Several forms may be had at once when each has a file of its own."""
    page, log = tmp_path / "page.html", tmp_path / "audit.sarif"
    found = outputs({Format.HTML: str(page), Format.SARIF: str(log), Format.JSON: "-"}, None)
    assert found.files == {Format.HTML: page, Format.SARIF: log}
    assert found.printed is Format.JSON
    with pytest.raises(UsageError, match="--json and --csv"):
        flagged(None, json=True, csv=True)


def test_the_suffix_of_a_file_tells_its_form(tmp_path: Path) -> None:
    """As long as no option says another."""
    rows = tmp_path / "rows.csv"
    assert flagged(rows, json=False, csv=False).files == {Format.CSV: rows}
    assert flagged(rows, json=True, csv=False).files == {Format.JSON: rows}
    other = tmp_path / "rows.log"
    assert flagged(other, json=False, csv=False).files == {Format.TEXT: other}


def test_a_file_that_cannot_be_written_is_told_before_anything_is_read(tmp_path: Path) -> None:
    """A directory, or one in a directory that is not there."""
    for path in (tmp_path, tmp_path / "none" / "x.json"):
        with pytest.raises(UsageError):
            flagged(path, json=True, csv=False)
