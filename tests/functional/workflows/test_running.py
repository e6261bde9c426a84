"""`workflow run`: followed to its end, and the failing step explained as `call` does."""

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from provision.workflows import JobRun, render
from tests.emulator.callers.kit import grant
from tests.functional.workflows.conftest import PARENT

if TYPE_CHECKING:
    from tests.functional.workflows.conftest import Bench

NIGHTLY = ("job nightly", "demo-project", "asia-east1", "nightly")
SLEEPS = "- wait: {call: sys.sleep, args: {seconds: 600}}\n"


def test_it_reaches_a_service_with_internal_ingress(bench: "Bench") -> None:
    """As its account, step by step; the result is printed."""
    bench.let_in()
    bench.deploy(bench.call())
    done = bench.run("workflow/nightly", "--data", '{"day": 1}', "--json")
    assert done.code == 0, done.err
    told = done.document
    assert (told["state"], told["argument"]) == ("SUCCEEDED", {"day": 1})
    assert "The request was let in" in told["result"]
    assert [one["step"] for one in told["steps"]] == ["main.ask", "main.give_back"]
    assert "step main.give_back" in done.err


def test_an_account_without_the_role_is_told_with_what_gives_it(bench: "Bench") -> None:
    """Failing step, line, evidence and next step; on a terminal within 80 columns."""
    bench.deploy(bench.call())
    shown = bench.run("nightly")
    assert shown.code == 1
    lines = shown.out.splitlines()
    assert lines[0].startswith("Failed: execution ")
    assert lines[1:3] == ["  main.ask, line 5", "    call: http.get"]
    assert "HTTP 403" in shown.out
    assert f"`provision grant serviceAccount:{bench.caller} --on service/orders`" in shown.out
    assert all(len(line) <= 80 or "`" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "finding", "code", "mend"),
    [
        ({"audience": "{url}/day"}, "wrong-audience", 401, "`audience: {url}`"),
        ({"type": "OAuth2", "audience": ""}, "access-token", 401, "type: OIDC, audience: {url}"),
        ({"type": "", "audience": ""}, "anonymous", 403, "type: OIDC, audience: {url}"),
    ],
)
def test_an_auth_that_is_wrong_is_told_with_what_to_write(
    bench: "Bench", changes: dict[str, str], finding: str, code: int, mend: str
) -> None:
    """Whatever the account may do: the source is to blame."""
    bench.let_in()
    placed = {name: value.format(url=bench.url) for name, value in changes.items()}
    told = bench.told(bench.call(**placed))
    assert told.frame is not None
    assert (told.frame.step, told.frame.line, told.raised.code) == ("ask", 5, code)
    assert told.explanation is not None
    assert told.explanation.finding == finding
    assert mend.format(url=bench.url) in told.explanation.next


def test_another_name_than_its_own_leads_nowhere_from_a_workflow(bench: "Bench") -> None:
    """A 404 of an address that is off is no matter of the role."""
    bench.let_in()
    bench.switch_off()
    told = bench.told(bench.call())
    assert told.raised.code == 404
    assert told.explanation is not None
    assert told.explanation.finding == "default-address-off"


def test_a_job_that_is_refused_is_told_with_the_role_that_is_missing(
    bench: "Bench", job: str
) -> None:
    """To execute it, with what is otherwise this time, and to watch it; each in its turn."""
    member, on = f"serviceAccount:{bench.caller}", "--on job/nightly"
    for run, role, given in (
        (JobRun(*NIGHTLY), "", "run.invoker"),
        (JobRun(*NIGHTLY, tasks=2), "run.jobsExecutorWithOverrides", "run.jobsExecutor"),
        (JobRun(*NIGHTLY), "run.viewer", ""),
    ):
        told = bench.told(render(run))
        assert told.frame is not None
        assert (told.frame.step, told.raised.code) == ("run_job", 403)
        assert told.explanation is not None
        wanted = f"`provision grant {member} {on}" + f" --role roles/{role}" * bool(role)
        assert told.explanation.next.startswith(f"{wanted}`")
        if given:
            grant(bench.emulator, given, on=job, to=member)


def test_a_look_into_text_is_told_with_how_to_decode_it(bench: "Bench") -> None:
    """An answer is a map only where it says that it is JSON."""
    bench.let_in()
    told = bench.told(bench.call().replace("${answer.body}", "${answer.body.id}"))
    assert told.frame is not None
    assert told.frame.step == "give_back"
    assert "json.decode(text.encode(answer.body))" in told.next


def test_what_the_workflow_raised_itself_is_told_as_it_is(bench: "Bench") -> None:
    """Nothing is known beyond it, and nothing is made up."""
    told = bench.told("- stop:\n    raise: {code: 7, reason: enough}\n")
    assert told.raised.value == {"code": 7, "reason": "enough"}
    assert (told.explanation, told.next) == (None, "")


def test_one_that_still_runs_is_left_or_cancelled_as_was_said(bench: "Bench") -> None:
    """4 after --max-wait; Ctrl-C leaves it alone unless it was to cancel it."""
    bench.deploy(SLEEPS)
    waited = bench.run("nightly", "--max-wait", "0.5s")
    assert waited.code == 4
    assert "executions cancel" in waited.out
    with subprocess.Popen(
        [sys.executable, "-m", "provision", "workflow", "run", "nightly", "--cancel-on-interrupt"],
        env=dict(bench.provision.environ),
        cwd=bench.provision.directory,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "step main.wait" in line:
                running.send_signal(signal.SIGINT)
                break
        said = running.stderr.read()
        assert running.wait(timeout=60) == 130
    assert "is cancelled" in said
    states = {one.state.name for one in bench.executions(f"{PARENT}/workflows/nightly")}
    assert states == {"ACTIVE", "CANCELLED"}


def test_what_is_not_there_is_said(bench: "Bench") -> None:
    """With where it was looked for, and nothing was started."""
    done = bench.run("nowhere")
    assert done.code == 1
    assert "Looking for workflow nowhere in asia-east1 of demo-project" in done.err
