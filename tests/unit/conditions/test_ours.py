"""The conditions that `provision grant` writes, and what is read from those of anybody."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.conditions import Request, compose, evaluate, parse_path, problems, read
from provision.conditions.ours import MAX_DESCRIPTION, MAX_TITLE
from provision.conditions.paths import quoted
from provision.conditions.standing import operators
from provision.conditions.syntax import Literal, parse
from provision.errors import UsageError
from provision.policy import Condition

END = datetime(2026, 12, 24, 18, tzinfo=UTC)
WHO = "ann@example.com"


def test_an_end_is_a_condition_on_the_time() -> None:
    """Title and description say until when, who asked and why."""
    assert compose(until=END, path=None, who=WHO, reason="TICKET-1") == Condition(
        'request.time < timestamp("2026-12-24T18:00:00Z")',
        "provision grant until 2026-12-24T18:00:00Z",
        "Asked by ann@example.com until 2026-12-24T18:00:00Z: TICKET-1",
    )


def test_a_path_with_an_end_is_a_condition_on_both() -> None:
    """The page itself and all below it, in brackets, or the end would hold for the page alone."""
    found = compose(until=END, path="/reports/*", who=WHO, reason="")
    assert found.expression == (
        'request.time < timestamp("2026-12-24T18:00:00Z") && '
        '(request.path == "/reports" || request.path.startsWith("/reports/"))'
    )
    assert found.title == "provision grant until 2026-12-24T18:00:00Z for /reports/*"


def test_one_page_is_that_page_alone() -> None:
    """Without an end there is nothing else in it."""
    found = compose(until=None, path="/reports", who=WHO, reason="")
    assert found.expression == 'request.path == "/reports"'
    assert found.description == "Asked by ann@example.com"


def test_a_grant_without_an_end_and_a_path_has_no_condition() -> None:
    """Whoever asks for one is mistaken."""
    with pytest.raises(ValueError, match="no condition"):
        compose(until=None, path=None, who=WHO, reason="")


@pytest.mark.parametrize(
    ("path", "taken", "refused"),
    [
        ("/reports/*", ("/reports", "/reports/", "/reports/a/b"), ("/", "/reportsx", "/Reports")),
        ("/reports/…", ("/reports", "/reports/x"), ("/report",)),
        ("/reports/...", ("/reports/x",), ("/reports.",)),
        ("/reports/**", ("/reports/x/y",), ("/",)),
        ("/reports", ("/reports",), ("/reports/", "/reports/a", "/")),
        ("/", ("/",), ("/reports", "")),
        ('/a"b\\c', ('/a"b\\c',), ('/a"b\\\\c', '/a"b')),
    ],
)
def test_a_path_means_what_it_says(
    path: str, taken: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    """A star or dots after the last slash take in all below; nothing else does."""
    condition = compose(until=None, path=path, who=WHO, reason="")
    for place in taken:
        assert evaluate(condition.expression, Request(path=place)).value is True
    for place in refused:
        assert evaluate(condition.expression, Request(path=place)).value is False


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "begins with a slash"),
        ("reports", "begins with a slash"),
        ("https://orders.example.com/reports", "begins with a slash"),
        ("/*", "leave --path out"),
        ("/…", "leave --path out"),
        ("/reports/", "slash at its end"),
        ("//reports", "empty part"),
        ("/reports*", "after a slash"),
        ("/reports/*/days", "after a slash"),
        ("/reports/../admin", "resolve . and .."),
        ("/reports/%2E%2e/admin", "resolve . and .."),
        ("/reports?day=1", "without what follows"),
        ("/reports#top", "without what follows"),
        ("/a b", "%20"),
        ("/a\nb", "%20"),
        ("/a\u202eb", "%20"),
        ("/" + "x" * 2001, "longer than"),
    ],
)
def test_a_path_that_can_be_misread_is_refused(path: str, words: str) -> None:
    """With how to write it instead."""
    with pytest.raises(UsageError, match=words.replace(".", "[.]")) as refused:
        parse_path(path)
    assert "/reports/*" in refused.value.hint


PARTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/?#*… "), min_size=1
).filter(lambda part: part.isprintable() and part not in {".", ".."})
PLACES = st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.datetimes(datetime.fromisoformat("2026-11-22"), datetime.fromisoformat("9999-12-30")),
    st.none() | st.tuples(PLACES, st.booleans()),
    st.sampled_from([WHO, "serviceAccount:ci@acme-prod.iam.gserviceaccount.com", "a b: c"]),
    st.text(max_size=30),
)
def test_what_was_written_is_read_back(
    end: datetime, place: tuple[str, bool] | None, who: str, reason: str
) -> None:
    """Until, path, who and why; and it is one of ours, of which nothing is left untold."""
    until = end.replace(tzinfo=UTC)
    path = None if place is None else f"{place[0]}/*" if place[1] else place[0]
    condition = compose(until=until, path=path, who=who, reason=reason)
    found = read(condition)
    assert found.until is not None
    assert timedelta() <= found.until - until < timedelta(seconds=1)
    assert (found.path, found.ours, found.expires, found.rest) == (path, True, True, ())
    assert found.who == "-".join(who.split())
    assert (
        found.reason.split()
        == "".join(one for one in " ".join(reason.split()) if one.isprintable()).split()
    )
    assert problems(condition.expression) == []
    assert operators(parse(condition.expression)) <= 2
    assert len(condition.title.encode()) <= MAX_TITLE
    assert len(condition.description.encode()) <= MAX_DESCRIPTION


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text())
def test_a_text_cannot_break_out_of_its_literal(text: str) -> None:
    """It is read back as itself, and as nothing else."""
    assert parse(quoted(text)).form == Literal(text) or any("\ud800" <= c <= "\udfff" for c in text)


@pytest.mark.parametrize(
    "path",
    [
        '/x" || true || "',
        "/x' || true || '",
        '/x\\" || true || \\"',
        '/x")||request.path.startsWith("',
        "/x\\",
        '/x"//',
        "/x\\u0022 || true",
    ],
)
def test_a_path_cannot_smuggle_anything_into_the_condition(path: str) -> None:
    """Those without blanks are taken as they stand, and open nothing but themselves."""
    squeezed = path.replace(" ", "")
    for below in ("", "/*"):
        place = (
            f"{squeezed}{below}" if not squeezed.endswith("//") else squeezed.rstrip("/") + below
        )
        condition = compose(until=END, path=place, who=WHO, reason=path)
        assert operators(parse(condition.expression)) == (2 if below else 1)
        elsewhere = evaluate(condition.expression, Request(END - timedelta(1), path="/other"))
        assert elsewhere.value is False


def test_the_end_is_never_before_what_was_asked() -> None:
    """Parts of a second are rounded up, other time zones turned into UTC."""
    zone = timezone(timedelta(hours=5, minutes=45))
    end = datetime(2026, 12, 24, 23, 44, 59, 1, tzinfo=zone)
    assert "2026-12-24T18:00:00Z" in compose(until=end, path=None, who=WHO, reason="").expression


def test_an_end_that_no_condition_can_name_is_refused() -> None:
    """The last second of the year 9999 is the latest."""
    end = datetime.max.replace(tzinfo=UTC)
    with pytest.raises(UsageError, match="later than a condition can name"):
        compose(until=end, path=None, who=WHO, reason="")
    assert compose(until=end.replace(microsecond=0), path=None, who=WHO, reason="")


def test_a_reason_that_does_not_fit_is_refused_with_the_room_there_is() -> None:
    """Cutting it might cut off the ticket's number."""
    with pytest.raises(UsageError, match="bytes too long") as refused:
        compose(until=END, path=None, who=WHO, reason="ä" * 200)
    room = int(refused.value.hint.split()[3].rstrip(","))
    found = compose(until=END, path=None, who=WHO, reason="x" * room)
    assert len(found.description.encode()) == MAX_DESCRIPTION


def test_long_names_and_paths_are_cut_to_google_s_limits() -> None:
    """Who asks and the path still stand in full in the log and the expression."""
    who = f"principal://iam.googleapis.com/{'p' * 300}"
    found = compose(until=END, path=f"/{'ä' * 200}/*", who=who, reason="T-1")
    assert len(found.title.encode()) <= MAX_TITLE
    assert len(found.description.encode()) <= MAX_DESCRIPTION
    assert read(found).reason == "T-1"
    assert read(found).path == f"/{'ä' * 200}/*"


def test_what_a_terminal_would_act_on_is_left_out() -> None:
    """A reason is one line of printable characters."""
    found = compose(until=END, path=None, who="a\x1b[31m\nb", reason="red \x1b[31m\r\nline\u202e")
    assert found.description == "Asked by a[31m-b until 2026-12-24T18:00:00Z: red [31m line"


@pytest.mark.parametrize(
    ("expression", "since", "until", "path", "rest"),
    [
        ("request.time < timestamp('2027-01-01T00:00:00Z')", None, 2027, None, ()),
        ("timestamp('2027-01-01T00:00:00Z') >= request.time", None, 2027, None, ()),
        (
            "request.time >= date('2026-01-01') && request.time < date('2027-01-01')",
            2026,
            2027,
            None,
            (),
        ),
        ("request.time.getFullYear() == 2026", 2026, 2027, None, None),
        ("request.time - duration('31536000s') < date('2026-01-01')", None, 2027, None, None),
        ("!(request.time >= date('2027-01-01'))", None, 2027, None, None),
        ("request.path == '/a'", None, None, "/a", ()),
        ("'/a' == request.path", None, None, "/a", ()),
        ("request.path.startsWith('/a/')", None, None, None, ("request.path.startsWith('/a/')",)),
        ("request.path.endsWith('.js')", None, None, None, ("request.path.endsWith('.js')",)),
        ("request.path == '/a?b'", None, None, None, ("request.path == '/a?b'",)),
        ("request.path == '/'", None, None, "/", ()),
        (
            "request.time < timestamp(request.path)",
            None,
            None,
            None,
            ("request.time < timestamp(request.path)",),
        ),
        ("request.path == '/a' || request.path.startsWith('/a/')", None, None, "/a/*", ()),
        ("request.path == '/a' || request.path.startsWith('/b/')", None, None, None, None),
        (
            "request.path == '/a' && request.path.startsWith('/')",
            None,
            None,
            "/a",
            ("request.path.startsWith('/')",),
        ),
        ("request.path == '/a' && request.path == '/b'", None, None, None, None),
        ("request.host == 'a' && request.path == '/a'", None, None, "/a", ("request.host == 'a'",)),
        ("request.time < date('2027-01-01') || request.path == '/a'", None, None, None, None),
        ("no condition", None, None, None, ("no condition",)),
    ],
)
def test_anybody_s_condition_is_read_as_far_as_it_can_be_told(
    expression: str,
    since: int | None,
    until: int | None,
    path: str | None,
    rest: tuple[str, ...] | None,
) -> None:
    """From when, until when, for which path; what that does not tell is shown as it stands."""
    found = read(Condition(expression, "somebody else's"))
    years = (found.since and found.since.year, found.until and found.until.year)
    assert (*years, found.path) == (since, until, path)
    assert not found.ours
    assert found.rest == rest if rest is not None else found.rest


@pytest.mark.parametrize(
    ("expression", "title", "ours"),
    [
        ('request.time < timestamp("2026-12-24T18:00:00Z")', "provision grant", True),
        ('request.time < timestamp("2026-12-24T18:00:00Z")', "provision granted", False),
        ('request.time < timestamp("2026-12-24T18:00:00Z")', "", False),
        ('request.time < timestamp("2026-12-24T18:00:00Z") || true', "provision grant x", False),
        ('request.host == "a"', "provision grant x", False),
        ("no condition", "provision grant x", False),
    ],
)
def test_ours_are_known_by_title_and_shape(expression: str, title: str, ours: bool) -> None:
    """A title alone makes nothing ours: anybody can write it."""
    assert read(Condition(expression, title)).ours is ours
