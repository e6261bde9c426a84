"""The report as a page, in a browser: what it shows, by keyboard, in both lights, on paper."""

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provision.audit import Audit
from provision.audit.findings import report
from provision.audit.page import page_data
from provision.cli.views.audit_page import page
from provision.snapshot import Snapshot
from provision.snapshot.records import (
    VERSION,
    Account,
    AnyRecord,
    Binding,
    Container,
    Group,
    Header,
    Kind,
    Membership,
    Policy,
    Target,
)
from tests.audit_sizes import Size
from tests.audit_world import snapshot
from tests.e2e.audit.conftest import Shown

_HOSTILE = '</script><img src=x onerror="document.title=1">&<!--{{script}}'
_SERVICES = "//run.googleapis.com/projects/shop-prod/locations/europe-west1/services/"
_ROBOT = "robot@shop-prod.iam.gserviceaccount.com"
_ACCOUNT = f"//iam.googleapis.com/projects/shop-prod/serviceAccounts/{_ROBOT}"


def _service(name: str, *bindings: Binding, **fields: Any) -> list[AnyRecord]:  # noqa: ANN401 - of Target
    whole = _SERVICES + name
    target = Target(whole, Kind.SERVICE, "all", (f"https://{name}-1.run.app",), **fields)
    return [target, Policy(whole, bindings)]


def _shop() -> Snapshot:
    invoker = "roles/run.invoker"
    return Snapshot.of(
        [
            Container("organizations/1", customer="C01"),
            Container("projects/shop-prod", "organizations/1", "123", title=_HOSTILE),
            Policy("organizations/1"),
            Policy("projects/shop-prod", (Binding("roles/editor", ("user:eve@example.com",)),)),
            *_service("orders", Binding(invoker, ("group:oncall@example.com",))),
            *_service("front", Binding(invoker, ("allUsers",))),
            *_service("ledger", Binding(invoker, (f"serviceAccount:{_ROBOT}",))),
            *_service(
                "later",
                Binding(
                    invoker, ("user:ann@example.com",), 'request.path.startsWith("/a")', _HOSTILE
                ),
            ),
            Group("group:oncall@example.com", (Membership("user:ann@example.com"),)),
            Account(_ACCOUNT, _ROBOT, title=_HOSTILE),
            Policy(
                _ACCOUNT,
                (Binding("roles/iam.serviceAccountOpenIdTokenCreator", ("user:bob@example.com",)),),
            ),
        ],
        Header(VERSION, "organizations/1", datetime(2026, 3, 2, 9, tzinfo=UTC), reader=_HOSTILE),
    )


def _written(snapshot: Snapshot, path: Path) -> Path:
    audit = Audit(snapshot)
    path.write_text(page(page_data(report(audit), audit), f"Audit {_HOSTILE}"), encoding="utf-8")
    return path


@pytest.fixture
def shop(window: Shown, tmp_path: Path) -> Shown:
    """The page of a small organisation."""
    return window.open(_written(_shop(), tmp_path / "report.html"))


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an organisation with two thousand services."""
    size = Size(services=2000, jobs=50, functions=30, users=2500, groups=300, bindings=7000)
    return _written(snapshot(size, 7), tmp_path_factory.mktemp("page") / "crowd.html")


def _choose(shown: Shown, tab: str, search: str) -> str:
    """Find something on a tab and choose the first row, by keyboard; what is told of it."""
    shown.window.focus(f"#tab-{tab}")
    shown.press("Enter", "/")
    shown.window.keyboard.type(search)
    shown.has_rows(tab, 1)
    shown.window.focus(f"#{tab} .list")
    shown.press("Home")
    return shown.text(f"#{tab} .detail")


def test_the_page_asks_for_nothing_and_complains_of_nothing(shop: Shown) -> None:
    """One file is read, whatever is clicked; its own policy forbids everything else."""
    for tab in ("targets", "principals", "matrix", "findings"):
        shop.window.click(f"#tab-{tab}")
    asked = shop.window.evaluate(
        "fetch('https://example.com').then(() => 'answered', () => 'refused')"
    )
    assert asked == "refused"
    assert [one for one in shop.asked if not one.startswith("file://")] == []
    assert all("Content Security Policy" in one or "fetch" in one for one in shop.complaints)
    assert any("example.com" in one for one in shop.complaints)


def test_names_from_the_cloud_are_text_and_never_markup(shop: Shown) -> None:
    """A display name, title or reader that ends the script is shown as it is."""
    assert shop.window.title() == f"Audit {_HOSTILE}"
    assert _HOSTILE in shop.text("#footer")
    assert shop.window.locator("img").count() == 0
    assert shop.complaints == []


def test_findings_come_first_with_what_mends_them(shop: Shown) -> None:
    """The public service is at the top, with the command to paste."""
    first = shop.window.locator("#findings details").first
    assert "front" in first.inner_text()
    assert "HIGH" in first.inner_text().upper()
    first.locator("summary").press("Enter")
    assert "provision revoke allUsers" in first.locator("pre code").inner_text()


def test_a_target_tells_who_and_by_what(shop: Shown) -> None:
    """Groups are opened, and each path is one line."""
    told = _choose(shop, "targets", "orders")
    assert "Not public" in told
    assert "user:ann@example.com is in group:oncall@example.com, holds roles/run.invoker" in told
    assert "user:eve@example.com holds roles/editor" in told


@pytest.mark.parametrize(
    ("start", "told"),
    [(f"{_SERVICES}ledger", "ledger (europe-west1)"), ("user:bob@example.com", "it can invoke as")],
)
def test_a_page_of_a_question_opens_on_what_was_asked(
    window: Shown, tmp_path: Path, start: str, told: str
) -> None:
    """On the target of `who` and `why`, on the principal of `what`."""
    audit = Audit(_shop())
    path = tmp_path / "asked.html"
    path.write_text(page({**page_data(report(audit), audit), "start": start}, "Asked"), "utf-8")
    window.open(path)
    tab = window.window.get_attribute("[role=tab][aria-selected=true]", "aria-controls")
    assert told in window.text(f"#{tab} .detail")


def test_a_path_is_drawn_hop_by_hop(shop: Shown) -> None:
    """Whoever mints ID tokens of an invoker is drawn with the account between."""
    assert "as somebody else" in _choose(shop, "targets", "ledger")
    shop.window.click("#targets .detail button:text-is('user:bob@example.com')")
    drawn = shop.window.locator("#targets .drawing svg").last
    assert drawn.get_attribute("aria-label") == "From user:bob@example.com to ledger (europe-west1)"
    words = drawn.locator("text").all_text_contents()
    assert "mints ID tokens of" in words
    assert "roles/run.invoker" in words
    shown = shop.window.locator("#targets .detail code").first.inner_text()
    assert shown.startswith("provision audit why 'user:bob@example.com'")


def test_a_condition_is_shown_with_its_text(shop: Shown) -> None:
    """A path that opens a part of a service says which."""
    told = _choose(shop, "targets", "later")
    assert "can, while a condition holds" in told
    assert 'request.path.startsWith("/a")' in told


def test_a_principal_tells_what_it_can_invoke(shop: Shown) -> None:
    """Targets by verdict, with the groups it is in."""
    told = _choose(shop, "principals", "ann@example.com")
    assert "In group:oncall@example.com" in told
    assert re.search(r"1 target it can invoke\n+orders", told)
    assert re.search(r"1 target it can invoke while a condition holds\n+later", told)


def test_the_matrix_works_by_keyboard(shop: Shown) -> None:
    """Arrows move the cell, its verdict is told in words, Enter draws the path."""
    shop.window.focus("#tab-findings")
    shop.press("ArrowLeft")
    assert shop.window.get_attribute("#tab-matrix", "aria-selected") == "true"
    shop.window.focus("#matrix .sheet")
    told = set()
    shop.press("ArrowDown", "ArrowUp")
    for _ in range(4):
        for _ in range(12):
            told.add(shop.text("#cell"))
            shop.press("ArrowRight")
        shop.press("Home", "ArrowDown")
    assert "user:ann@example.com · orders (europe-west1): can invoke it" in told
    assert "user:bob@example.com · ledger (europe-west1): can, as somebody else" in told
    assert "user:bob@example.com · orders (europe-west1): cannot invoke it" in told
    shop.press("Enter")
    assert "provision audit why" in shop.text("#matrix .detail")


def _brightness(shown: Shown) -> float:
    """How bright a screenshot is on average: 0 is black, 1 white."""
    picture = base64.b64encode(shown.window.screenshot()).decode()
    other = shown.window.context.new_page()
    found = other.evaluate(
        """async (picture) => {
          const image = new Image();
          image.src = `data:image/png;base64,${picture}`;
          await image.decode();
          const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
          pen.drawImage(image, 0, 0);
          const bytes = pen.getImageData(0, 0, image.width, image.height).data;
          return bytes.reduce((sum, one) => sum + one, 0) / bytes.length / 255;
        }""",
        picture,
    )
    other.close()
    return float(found) * 4 / 3 - 1 / 3  # a fourth channel is opaque everywhere


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_page_is_readable_in_both_lights(shop: Shown, scheme: str, dark: bool) -> None:
    """It follows the system, can be turned over, and keeps text apart from its ground."""
    shop.window.emulate_media(color_scheme=scheme)
    assert (_brightness(shop) < 0.5) is dark
    for one in ("body", "#about", ".badge", "#tab-findings"):
        assert _contrast(shop, one) >= 4.5, one
    shop.window.click("#theme")
    assert (_brightness(shop) < 0.5) is not dark


def _contrast(shown: Shown, selector: str) -> float:
    """The ratio of WCAG 2.1 between an element's text and what is behind it."""
    pair = shown.window.evaluate(
        """(selector) => {
          const element = document.querySelector(selector);
          let behind = element;
          const ground = (one) => getComputedStyle(one).backgroundColor;
          while (behind.parentElement && ground(behind).startsWith("rgba(0, 0, 0, 0")) {
            behind = behind.parentElement;
          }
          return [getComputedStyle(element).color, ground(behind)];
        }""",
        selector,
    )
    light, dark = sorted((_luminance(color) for color in pair), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    channels = [int(one) / 255 for one in re.findall(r"\d+", color)[:3]]
    linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_paper_gets_every_finding_opened_and_every_target(shop: Shown, tmp_path: Path) -> None:
    """Printing opens the findings and adds the targets as a table."""
    path = tmp_path / "report.pdf"
    shop.window.pdf(path=path)
    assert path.stat().st_size > 10_000
    shop.window.emulate_media(media="print")
    shop.window.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shop.window.locator("#findings details:not([open])").count() == 0
    rows = shop.window.locator("#printed tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == [
        f"{name} (europe-west1)" for name in ("orders", "front", "ledger", "later")
    ]
    assert not shop.window.is_visible("#filters")


def test_a_narrow_screen_shows_the_same(shop: Shown) -> None:
    """Nothing sticks out at the width of a telephone."""
    shop.window.set_viewport_size({"width": 390, "height": 800})
    for tab in ("findings", "targets", "principals"):
        shop.window.click(f"#tab-{tab}")
        assert shop.window.evaluate("document.documentElement.scrollWidth") <= 390, tab


def test_two_thousand_targets_draw_only_what_is_seen(window: Shown, crowd: Path) -> None:
    """The document stays small however long the lists are, and the search finds any of them."""
    window.open(crowd)
    for tab in ("targets", "principals", "matrix"):
        window.window.click(f"#tab-{tab}")
        assert window.window.evaluate("document.querySelectorAll('*').length") < 6000, tab
    assert "2,000 targets" not in window.text("#shown")
    window.window.click("#tab-targets")
    window.press("/")
    window.window.keyboard.type("svc1999")
    window.has_rows("targets", 1)
    window.window.focus("#targets .list")
    window.press("End")
    assert "svc1999" in window.text("#targets .detail h2")
    assert window.complaints == []


def test_the_page_says_what_the_audit_says(window: Shown, crowd: Path) -> None:
    """Every verdict that the page looks up is the one that the evaluator gives."""
    window.open(crowd)
    data = json.loads(window.window.inner_text("#data") or window.window.text_content("#data"))
    size = Size(services=2000, jobs=50, functions=30, users=2500, groups=300, bindings=7000)
    audit = Audit(snapshot(size, 7))
    kept = ("can", "while_", "via", "unknown", "granting")
    for place in range(0, len(data["targets"]), 37):
        target = data["targets"][place]
        found = audit.sets(target["name"])
        for at, name in enumerate(kept):
            told = target["sets"][at]
            expected = list(audit.judge.universe.members(getattr(found, name)))
            shown = [] if told < 0 else _members(data, told)
            assert shown == expected, (target["name"], name)


def _members(data: dict[str, Any], number: int) -> list[str]:
    packed = data["sets"][number]
    if isinstance(packed, str):
        bits = int.from_bytes(base64.b64decode(packed), "little")
        places = [at for at in range(bits.bit_length()) if bits >> at & 1]
    else:
        places, last = [], -1
        for gap in packed:
            last += gap + 1
            places.append(last)
    return [data["principals"][at] for at in places]
