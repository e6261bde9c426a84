"""`gcloud run jobs` as it comes, on Cloud Run v1 of the emulator."""

from tests.e2e.gcloud.run_service import REGION, RunServices


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
