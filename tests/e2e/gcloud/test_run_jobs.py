"""`gcloud run jobs` as it comes, on Cloud Run v1 of the emulator."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.emulator_shell import evaluated, new_shell
from tests.e2e.gcloud.conftest import Gcloud, as_member
from tests.e2e.gcloud.run_service import ANN, REGION, RunServices
from tests.emulator.base_image import push_base

if TYPE_CHECKING:
    from tests.conftest import StartEmulator


def test_a_job_is_made_described_changed_and_deleted(run: RunServices) -> None:
    """Gcloud waits until the job is ready, reads back what it sent, and finds it gone."""
    image = run.image
    where = f"--region={REGION}"
    run.gcloud.told(f"run jobs create nightly {where} --image={image} --max-retries=1 --tasks=2")

    made = run.gcloud.json(f"run jobs describe nightly {where}")
    task = made["spec"]["template"]["spec"]
    assert (task["taskCount"], task["template"]["spec"]["maxRetries"]) == (2, 1)
    assert made["status"]["conditions"][0]["status"] == "True"

    run.gcloud.told(f"run jobs update nightly {where} --task-timeout=90s --labels=team=orders")
    changed = run.gcloud.json(f"run jobs describe nightly {where}")
    assert changed["spec"]["template"]["spec"]["template"]["spec"]["timeoutSeconds"] == "90"
    assert changed["metadata"]["generation"] == 2

    listed = run.gcloud.json(f"run jobs list {where}")
    assert [one["metadata"]["name"] for one in listed] == ["nightly"]
    run.gcloud.told(f"run jobs delete nightly {where} --quiet")
    assert "Cannot find job [nightly]" in run.gcloud.refused(f"run jobs describe nightly {where}")


def test_a_job_without_an_image_fails_in_google_s_words(run: RunServices) -> None:
    """The image that is missing is named, as recorded."""
    image = run.image.replace("@sha256", "-gone@sha256")
    told = run.gcloud.refused(f"run jobs create lost --region={REGION} --image={image}")

    assert f"Image '{image}' not found." in " ".join(told.split())


def test_a_job_is_executed_and_its_executions_are_told(run: RunServices) -> None:
    """Gcloud waits for the end, or does not; it lists, describes and deletes what came of it."""
    where = f"--region={REGION}"
    line = f"run jobs deploy hourly {where} --image={run.image} --execute-now --wait"
    assert "has successfully been deployed and completed execution" in run.gcloud.told(line)

    told = run.gcloud.told(f"run jobs execute hourly {where} --wait --tasks=2 --args=now")
    assert "has successfully completed." in told
    waited = told.partition("Execution [")[2].partition("]")[0]
    begun = run.gcloud.told(f"run jobs execute hourly {where}")
    assert "has successfully started running." in begun
    at_once = run.gcloud.told(f"run jobs execute hourly {where} --async")
    assert "is being started asynchronously." in at_once

    described = run.gcloud.json(f"run jobs executions describe {_plain(waited)} {where}")
    assert described["status"]["succeededCount"] == described["spec"]["taskCount"] == 2
    assert described["spec"]["template"]["spec"]["containers"][0]["args"] == ["now"]
    assert "2 tasks completed successfully" in run.gcloud(
        f"run jobs executions describe {_plain(waited)} {where}"
    )
    listed = run.gcloud.json(f"run jobs executions list --job=hourly {where}")
    assert len(listed) == 4
    tasks = run.gcloud(f"run jobs executions tasks list --execution={_plain(waited)} {where}")
    assert tasks.count("Succeeded") == 2
    task = run.gcloud(f"run jobs executions tasks describe {_plain(waited)}-task1 {where}")
    assert "Running state:   Succeeded" in task
    run.gcloud.told(f"run jobs executions delete {_plain(waited)} {where} --quiet")
    left = run.gcloud.json(f"run jobs executions list --job=hourly {where}")
    assert len(left) == 3


def _plain(name: str) -> str:
    """A name without the terminal's bold type around it."""
    return re.sub(r"\x1b\[[0-9;]*m", "", name)


def test_an_execution_is_cancelled(run: RunServices) -> None:
    """Gcloud waits until it is, and shows its tasks as abandoned."""
    where = f"--region={REGION}"
    run.gcloud.told(f"run jobs deploy slow {where} --image={run.image}")
    run.emulator.admin("POST", "/settings", operationDelay=600)
    try:
        run.gcloud.told(f"run jobs execute slow {where} --async")
    finally:
        run.emulator.admin("POST", "/settings", operationDelay=0)
    [going] = run.gcloud.json(f"run jobs executions list --job=slow {where}")
    name = going["metadata"]["name"]

    told = run.gcloud.told(f"run jobs executions cancel {name} {where} --quiet")

    assert f"Cancelled execution [{name}]." in _plain(told)
    assert "1 task cancelled" in run.gcloud(f"run jobs executions describe {name} {where}")
    chosen = f"run jobs executions tasks list --execution={name} {where} --abandoned"
    assert f"{name}-task0" in run.gcloud(chosen)


def test_who_may_execute_a_job_is_said_by_its_policy(run: RunServices, tmp_path: Path) -> None:
    """Nobody in public, nothing under a condition; an invoker, but not with overrides."""
    where = f"--region={REGION}"
    run.gcloud.told(f"run jobs deploy private {where} --image={run.image}")
    bind = f"run jobs add-iam-policy-binding private {where} --role=roles/run.invoker"
    words = "Member allUsers is invalid due to membership type restrictions on the resource"
    assert words in run.gcloud.refused(f"{bind} --member=allUsers")
    ann = as_member(run.gcloud, run.emulator, ANN, tmp_path)
    assert "run.jobs.run" in ann.refused(f"run jobs execute private {where} --async")
    run.gcloud(f"{bind} --member={ANN}")
    policy = run.gcloud.json(f"run jobs get-iam-policy private {where}")
    assert policy["bindings"] == [{"members": [ANN], "role": "roles/run.invoker"}]

    ann.told(f"run jobs execute private {where} --async")
    viewer = f"projects/{run.emulator.project}"
    run.emulator.admin("POST", "/grants", resource=viewer, member=ANN, role="roles/run.viewer")
    told = ann.refused(f"run jobs execute private {where} --async --args=now")

    assert "Permission 'run.jobs.runWithOverrides' denied on resource" in told


@pytest.mark.engine
def test_why_a_task_failed_is_told(
    start_emulator: "StartEmulator", gcloud_program: str, tmp_path: Path
) -> None:
    """The exit code of the task that failed stands in the execution, and its state in the list."""
    emulator = start_emulator("--operation-delay", "0.05")
    image = push_base(emulator)
    gcloud = Gcloud(gcloud_program, evaluated(new_shell(emulator.http, tmp_path)))
    where = f"--region={REGION}"
    program = "import os; raise SystemExit(int(os.environ['CLOUD_RUN_TASK_INDEX']) * 3)"
    gcloud.told(
        f"run jobs deploy nightly {where} --image={image} --tasks=2 --max-retries=1",
        "--command=python3",
        f"--args=^:^-c:{program}",
    )

    told = gcloud.refused(f"run jobs execute nightly {where} --wait")

    assert "The execution failed." in told
    [failed] = gcloud.json(f"run jobs executions list --job=nightly {where}")
    name = failed["metadata"]["name"]
    words = f"Task {name}-task1 failed with exit code: 3 and message: The container exited with"
    shown = " ".join(gcloud(f"run jobs executions describe {name} {where}").split())
    assert words in shown
    tasks = f"run jobs executions tasks list --execution={name} {where} --failed"
    [task] = gcloud.json(tasks)
    assert (task["status"]["index"], task["status"]["retried"]) == (1, 1)
    described = gcloud(f"run jobs executions tasks describe {name}-task1 {where}")
    assert "Exit Code:     3" in described
    emulator.stop()
