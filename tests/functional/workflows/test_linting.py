"""`workflow lint` beside an emulator: what is there, whom it lets in, and what may not be seen."""

import json
from typing import TYPE_CHECKING

import pytest

from provision.invoke.callees import Callees
from provision.workflows.document import parse
from provision.workflows.findings import Rule
from provision.workflows.lint import lint
from provision.workflows.outgoing import calls

if TYPE_CHECKING:
    from tests.functional.workflows.conftest import Bench

DOMAIN = "https://orders.example.com"
GONE = "https://gone-abcdefghij-de.a.run.app"
JOB = """
run:
  steps:
    - run_it:
        call: googleapis.run.v1.namespaces.jobs.run
        args:
          name: namespaces/demo-project/jobs/{job}
          location: asia-east1
"""


def test_role_and_service_are_looked_up(bench: "Bench") -> None:
    """Each finding with its line, in words and as JSON; none is left once all is right."""
    flow = bench.call() + bench.call(url=GONE, audience=GONE).replace("main:", "other:")
    told = bench.lint(flow, "--json")
    assert told.code == 3, told.err
    found = told.document["files"][0]["findings"]
    assert [(one["rule"], one["line"], one["step"]) for one in found] == [
        ("account-without-role", 7, "main.ask"),
        ("no-such-service", 20, "other.ask"),
    ]
    grant = f"provision grant serviceAccount:{bench.caller} --on service/orders"
    assert grant in found[0]["mend"]
    words = bench.provision(*grant.split()[1:])
    assert words.code == 0, words.err
    shown = bench.lint(bench.call())
    assert (shown.code, shown.out) == (0, "flow.yaml: nothing found, 1 call\n")


@pytest.mark.usefixtures("job")
def test_jobs_are_looked_up(bench: "Bench") -> None:
    """The role to execute, and that to watch, of a job; and one that is not there."""
    main = "main: {steps: [{a: {call: run}}, {b: {call: other}}]}"
    other = JOB.format(job="gone").replace("run:\n", "other:\n", 1)
    told = bench.lint(main + JOB.format(job="nightly") + other, "--json")
    assert told.code == 3, told.err
    assert [one["rule"] for one in told.document["files"][0]["findings"]] == [
        "account-cannot-watch",
        "account-without-role",
        "no-such-job",
    ]


@pytest.mark.parametrize("known_by", ["audience", "custom audience"])
def test_a_custom_domain_is_led_to_its_service(bench: "Bench", known_by: str) -> None:
    """By what the token is for, whichever the service accepts; and its ingress is internal."""
    bench.let_in()
    if known_by == "custom audience":
        bench.accept(DOMAIN)
    audience = DOMAIN if known_by == "custom audience" else bench.url
    source = bench.call(url=f"{DOMAIN}/day", audience=audience)
    document = parse(source)
    callees = Callees(bench.google, bench.emulator.project, lambda _: None, bench.caller)
    (found,) = lint(document, source, callees.about(calls(document))).findings
    assert found.rule is Rule.CUSTOM_DOMAIN
    assert bench.url.rpartition(":")[2] in found.mend


def test_a_workflow_that_is_there_is_judged_as_its_account(bench: "Bench") -> None:
    """Source and account are read from it."""
    bench.deploy(bench.call())
    shown = bench.provision("workflow", "lint", "--deployed", "nightly")
    assert shown.code == 3
    assert shown.out.startswith("workflow/nightly:7:16: account-without-role  main.ask\n")
    assert all(len(line) <= 80 or "`" in line for line in shown.out.splitlines())


def test_what_may_not_be_seen_is_not_known(bench: "Bench") -> None:
    """4, and it is said what stood in the way; offline nobody is asked."""
    stranger = bench.act_as("user:ann@example.com")
    refused = bench.provision("workflow", "lint", bench.file(bench.call()).name, **stranger)
    assert refused.code == 4
    assert "not known" in refused.out
    offline = bench.provision("workflow", "lint", "flow.yaml", "--offline", "--json", **stranger)
    assert (offline.code, json.loads(offline.out)["offline"]) == (0, True)
