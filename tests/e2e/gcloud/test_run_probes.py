"""Where gcloud fails its users, it fails them here too: what `provision` is for.

Each was tried with gcloud 528; an emulator on which gcloud does better is no measure of Cloud Run.
"""

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.gcloud.run_service import ANN, REGION, RunServices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INVOKER = "roles/run.invoker"
ADD = f"run services add-iam-policy-binding --region={REGION} --role={INVOKER}"
REMOVE = f"run services remove-iam-policy-binding --region={REGION} --role={INVOKER}"
CONFLICT = (
    "There were concurrent policy changes. Please retry the whole read-modify-write with "
    "exponential backoff."
)
SET_POLICY = "google.cloud.run.v1.Services/SetIamPolicy"


@pytest.fixture
def failing(run: RunServices) -> "Iterator[RunServices]":
    """The same, with faults; they are cleared at the end."""
    yield run
    run.emulator.admin("DELETE", "/faults")


def fail(run: RunServices, code: str, message: str, times: int = 1) -> None:
    """Let the next policies not be set."""
    run.emulator.admin(
        "POST", "/faults", method=SET_POLICY, code=code, message=message, times=times
    )


def test_binding_a_bound_member_writes_the_policy_again(run: RunServices) -> None:
    """P1: a write that changes nothing is sent anyway."""
    run.deploy("p1", "--no-allow-unauthenticated")
    run.gcloud(f"{ADD} p1 --member={ANN}")
    run.forget()
    run.gcloud(f"{ADD} p1 --member={ANN}")
    assert run.asked() == ["Services/GetIamPolicy", "Services/SetIamPolicy"]


def test_a_conflict_is_not_retried(failing: RunServices) -> None:
    """P2: one attempt, exit code 1, although Google asks for a retry."""
    failing.deploy("p2", "--no-allow-unauthenticated")
    fail(failing, "ABORTED", CONFLICT)
    failing.forget()
    assert "concurrent policy changes" in failing.gcloud.refused(f"{ADD} p2 --member={ANN}")
    assert failing.asked().count("Services/SetIamPolicy") == 1
    assert failing.policy("p2") == {}


def test_a_policy_with_a_condition_stops_a_script(run: RunServices, tmp_path: "Path") -> None:
    """P3: without a prompt the next binding is refused until ``--condition`` is given."""
    run.deploy("p3", "--no-allow-unauthenticated")
    condition = tmp_path / "condition.json"
    condition.write_text(
        json.dumps(
            {"title": "soon", "expression": 'request.time < timestamp("2100-01-01T00:00:00Z")'}
        )
    )
    run.gcloud(f"{ADD} p3 --member={ANN} --condition-from-file={condition}")
    refusal = run.gcloud.refused(f"{ADD} p3 --member=user:bob@example.com")
    assert "--condition=None" in refusal


def test_deploying_privately_leaves_other_public_members(run: RunServices) -> None:
    """P5: only allUsers in roles/run.invoker goes; gcloud says that it is done."""
    run.deploy("p5", "--no-allow-unauthenticated")
    run.bind("p5", INVOKER, "allUsers", "allAuthenticatedUsers", ANN)
    run.bind("p5", "roles/run.servicesInvoker", "allUsers")
    told = run.deploy("p5", "--no-allow-unauthenticated")
    assert "Done." in told
    assert run.policy("p5") == {
        INVOKER: ["allAuthenticatedUsers", ANN],
        "roles/run.servicesInvoker": ["allUsers"],
    }


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("p6", "PERMISSION_DENIED", "Permission 'run.services.setIamPolicy' denied"),
        ("p10", "ABORTED", CONFLICT),
    ],
)
def test_a_service_that_could_not_be_closed_stays_public_with_a_warning(
    failing: RunServices, name: str, code: str, message: str
) -> None:
    """P6 and P10: exit code 0, and allUsers stays."""
    failing.deploy(name, "--allow-unauthenticated")
    fail(failing, code, message)
    told = failing.deploy(name, "--no-allow-unauthenticated")
    assert "Setting IAM policy failed" in told
    assert failing.policy(name) == {INVOKER: ["allUsers"]}


def test_a_service_that_could_not_be_opened_stays_private_with_a_warning(
    failing: RunServices,
) -> None:
    """P7: the deployment ends well, and nobody may call it."""
    fail(failing, "PERMISSION_DENIED", "Permission 'run.services.setIamPolicy' denied")
    told = failing.deploy("p7", "--allow-unauthenticated")
    assert "Setting IAM policy failed" in told
    assert failing.policy("p7") == {}


def test_a_role_that_does_not_exist_is_left_to_the_server(run: RunServices) -> None:
    """P4b: gcloud sends the typo, and Cloud Run refuses it."""
    run.deploy("p4b", "--no-allow-unauthenticated")
    line = f"run services add-iam-policy-binding p4b --region={REGION} --member={ANN}"
    assert "roles/run.invokers" in run.gcloud.refused(f"{line} --role=roles/run.invokers")


def test_deploying_the_same_again_makes_a_new_revision(run: RunServices) -> None:
    """P8: a fresh nonce changes the template, identical as all else is."""
    run.deploy("p8", "--no-allow-unauthenticated")
    first = run.get("p8")
    run.deploy("p8", "--no-allow-unauthenticated")
    second = run.get("p8")
    nonce = "client.knative.dev/nonce"
    assert first.template.labels[nonce] != second.template.labels[nonce]
    assert first.latest_ready_revision != second.latest_ready_revision
    assert second.template.containers == first.template.containers
    assert (first.generation, second.generation) == (1, 2)


def test_a_disabled_invoker_check_is_not_told_and_survives(run: RunServices) -> None:
    """P12 to P14: nothing shows that the service is open; deploying it privately keeps it so."""
    run.deploy("p13", "--no-invoker-iam-check")
    assert run.get("p13").invoker_iam_disabled is True
    shown = run.gcloud(f"run services describe p13 --region={REGION}")
    assert "uthenticat" not in shown
    assert run.policy("p13") == {}
    assert "Done." in run.deploy("p13", "--no-allow-unauthenticated")
    assert run.get("p13").invoker_iam_disabled is True


def test_removing_a_member_that_is_not_there_fails(run: RunServices) -> None:
    """P15: the end that was asked for is there already, and it is an error."""
    run.deploy("p15", "--no-allow-unauthenticated")
    assert "not found" in run.gcloud.refused(f"{REMOVE} p15 --member={ANN}")


def test_of_two_members_only_the_last_is_bound(run: RunServices) -> None:
    """P16: the first is dropped without a word."""
    run.deploy("p16", "--no-allow-unauthenticated")
    run.gcloud(f"{ADD} p16 --member={ANN} --member=user:bob@example.com")
    assert run.policy("p16") == {INVOKER: ["user:bob@example.com"]}
