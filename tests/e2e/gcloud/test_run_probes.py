"""Where gcloud fails its users, it fails them here too; and what `provision` does instead.

Each was tried with gcloud 528; an emulator on which gcloud does better is no measure of Cloud Run.
docs/compared.md is held to what comes of every case.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.emulator_shell import new_shell
from tests.e2e.gcloud.compared_page import PAGE, Pair, page, row, section
from tests.e2e.gcloud.probes import BOB, INVOKER, PROBES, SERVICES_INVOKER
from tests.e2e.gcloud.probing import (
    EVERYBODY,
    NOBODY,
    GcloudProgram,
    ProvisionProgram,
    outcome,
)
from tests.e2e.gcloud.run_service import ANN

if TYPE_CHECKING:
    from tests.e2e.gcloud.run_service import RunServices

Compare = Callable[[str], Pair]
NOTHING: tuple[str, ...] = ()
WRITTEN = ("SetIamPolicy",)


@pytest.fixture
def compare(run: "RunServices", tmp_path: Path) -> Compare:
    """Puts a case to both programs; docs/compared.md has to tell what comes of it."""
    told = PAGE.read_text(encoding="utf-8")
    ours = ProvisionProgram(run, tmp_path, new_shell(run.emulator.http, tmp_path))

    def compared(name: str) -> Pair:
        probe = PROBES[name]
        pair = Pair(outcome(run, GcloudProgram(run), probe), outcome(run, ours, probe))
        assert row(probe, pair) in told.splitlines()
        assert f"{section(probe, pair)}\n" in told
        return pair

    return compared


def test_the_page_holds_these_cases_and_no_more(run: "RunServices") -> None:
    """Without its rows and sections it is what is written around them."""
    told = PAGE.read_text(encoding="utf-8")
    before, _, cases = told.partition("## The cases\n")
    names = [line.removeprefix("### ") for line in cases.splitlines() if line.startswith("### ")]
    assert names == list(PROBES)
    around = [line for line in before.splitlines() if not line.startswith("| [P")]
    assert around == page(run.gcloud.version(), {}).partition("## The cases")[0].splitlines()


def test_binding_a_bound_member(compare: Compare) -> None:
    """P1: gcloud sends a write that changes nothing; provision sends none."""
    gcloud, provision = compare("P1")
    assert (gcloud.code, gcloud.writes) == (0, WRITTEN)
    assert (provision.code, provision.writes) == (0, NOTHING)
    assert gcloud.bindings == provision.bindings == (f"{INVOKER}: {ANN}",)


def test_a_conflict(compare: Compare) -> None:
    """P2: Google asks for a retry of the whole cycle; gcloud gives up, provision does it."""
    gcloud, provision = compare("P2")
    assert (gcloud.code, gcloud.writes, gcloud.bindings) == (
        1,
        ("SetIamPolicy (ABORTED)",),
        NOTHING,
    )
    assert provision.code == 0
    assert provision.writes == ("SetIamPolicy (ABORTED)", "SetIamPolicy")
    assert provision.bindings == (f"{INVOKER}: {ANN}",)


def test_a_policy_with_a_condition_and_no_terminal(compare: Compare) -> None:
    """P3: gcloud refuses to go on; provision binds beside the condition."""
    gcloud, provision = compare("P3")
    conditional = f"{INVOKER} under a condition: {BOB}"
    assert (gcloud.code, gcloud.bindings) == (1, (conditional,))
    assert (provision.code, provision.writes) == (0, WRITTEN)
    assert provision.bindings == (conditional, f"{INVOKER}: {ANN}")


def test_a_member_spelled_in_other_letters(compare: Compare) -> None:
    """P4: gcloud binds the second spelling; to provision it is the same member."""
    gcloud, provision = compare("P4")
    assert gcloud.bindings == (f"{INVOKER}: {ANN}, user:Ann@Example.com",)
    assert (provision.code, provision.writes) == (0, NOTHING)
    assert provision.bindings == (f"{INVOKER}: {ANN}",)


def test_a_role_that_does_not_exist(compare: Compare) -> None:
    """P4b: neither binds it; gcloud leaves it to the server."""
    gcloud, provision = compare("P4b")
    assert (gcloud.code, gcloud.writes) == (1, ("SetIamPolicy (INVALID_ARGUMENT)",))
    assert provision.code in {1, 2}
    assert gcloud.bindings == provision.bindings == NOTHING
    assert "roles/run.invokers" in provision.told[0]


def test_deploying_privately_where_others_are_public(compare: Compare) -> None:
    """P5: gcloud takes allUsers out of roles/run.invoker alone; provision takes out all."""
    gcloud, provision = compare("P5")
    assert (gcloud.code, gcloud.public) == (0, EVERYBODY)
    assert gcloud.bindings == (
        f"{INVOKER}: allAuthenticatedUsers, {ANN}",
        f"{SERVICES_INVOKER}: allUsers",
    )
    assert (provision.public, provision.bindings) == (NOBODY, (f"{INVOKER}: {ANN}",))


def test_closing_a_service_is_refused(compare: Compare) -> None:
    """P6: it stays public with both; gcloud's exit code is 0."""
    gcloud, provision = compare("P6")
    assert (gcloud.code, gcloud.public) == (0, EVERYBODY)
    assert "Setting IAM policy failed" in gcloud.told[0]
    assert (provision.code, provision.public) == (1, EVERYBODY)


def test_opening_a_service_is_refused(compare: Compare) -> None:
    """P7: nobody may call it; gcloud's exit code is 0."""
    gcloud, provision = compare("P7")
    assert (gcloud.code, gcloud.bindings) == (0, NOTHING)
    assert "Setting IAM policy failed" in gcloud.told[0]
    assert (provision.code, provision.bindings) == (1, NOTHING)


def test_deploying_the_same_again(compare: Compare) -> None:
    """P8: a fresh nonce makes a new revision for gcloud; provision finds nothing to do."""
    gcloud, provision = compare("P8")
    assert (gcloud.revisions, gcloud.writes[0]) == (2, "ReplaceService")
    assert (provision.code, provision.writes, provision.revisions) == (0, NOTHING, 1)


def test_a_conflict_while_a_service_is_closed(compare: Compare) -> None:
    """P10: with gcloud it stays public, exit code 0; provision writes again."""
    gcloud, provision = compare("P10")
    assert (gcloud.code, gcloud.public) == (0, EVERYBODY)
    assert (provision.code, provision.public) == (0, NOBODY)
    assert "SetIamPolicy (ABORTED)" in provision.writes


def test_looking_at_a_service_without_an_invoker_check(compare: Compare) -> None:
    """P12: gcloud's description does not tell that it is open; provision says it."""
    gcloud, provision = compare("P12")
    assert (gcloud.code, gcloud.public, gcloud.told) == (0, EVERYBODY, NOTHING)
    assert (provision.code, bool(provision.told)) == (1, True)


def test_deploying_a_service_without_an_invoker_check_privately(compare: Compare) -> None:
    """P13: gcloud says that it is done, and it is public; provision switches the check on."""
    gcloud, provision = compare("P13")
    assert (gcloud.code, gcloud.public) == (0, EVERYBODY)
    assert "Done." in gcloud.told
    assert (provision.code, provision.public) == (0, NOBODY)


def test_the_policy_of_a_service_without_an_invoker_check(compare: Compare) -> None:
    """P14: it is empty, as if nobody got in; provision says that everybody does."""
    gcloud, provision = compare("P14")
    assert (gcloud.code, gcloud.public, gcloud.told) == (0, EVERYBODY, NOTHING)
    assert provision.told


def test_removing_a_member_that_is_not_there(compare: Compare) -> None:
    """P15: what was asked for is true already; to gcloud it is an error."""
    gcloud, provision = compare("P15")
    assert "not found" in gcloud.told[0]
    assert (gcloud.code, provision.code, provision.writes) == (1, 0, NOTHING)


def test_two_members_at_once(compare: Compare) -> None:
    """P16: gcloud drops the first without a word; provision binds both in one write."""
    gcloud, provision = compare("P16")
    assert (gcloud.code, gcloud.bindings) == (0, (f"{INVOKER}: {BOB}",))
    assert (provision.code, provision.writes) == (0, WRITTEN)
    assert provision.bindings == (f"{INVOKER}: {ANN}, {BOB}",)
