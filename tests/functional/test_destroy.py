"""`provision destroy`: what goes, what stays and why."""

from typing import TYPE_CHECKING

import pytest
from google.cloud import run_v2

if TYPE_CHECKING:
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine

REPOSITORY = "projects/demo-project/locations/asia-east1/repositories/services"
ORDERS = "projects/demo-project/locations/asia-east1/services/orders"


def subjects(removals: list[dict[str, object]], *, removed: bool) -> list[str]:
    """The things that went, or those that stayed."""
    return [str(item["subject"]) for item in removals if item["removed"] is removed]


def test_the_service_goes_with_its_bindings_and_nothing_else(project: "Project") -> None:
    """Account and repository stay unless asked for; a second destroy finds nothing."""
    project.up()
    done = project.run("destroy", "--yes", "--json")
    assert done.code == 0, done.err
    (removal,) = done.service["removals"]
    assert removal["subject"] == "service orders in asia-east1"
    assert removal["details"] == ["user:developer@example.com as roles/run.invoker"]
    assert removal["removed"] is True
    project.forget_requests()
    again = project.run("destroy", "--yes", "--json")
    assert again.code == 0
    assert again.service["removals"] == []
    assert project.writes() == []


def test_all_takes_the_account_and_the_repository_too(project: "Project") -> None:
    """Where both are ours and nobody else uses them; `up` then makes everything anew."""
    project.up()
    done = project.run("destroy", "--all", "--yes", "--json")
    assert done.code == 0, done.err
    assert subjects(done.service["removals"], removed=True) == [
        "service orders in asia-east1",
        "service account orders-run@demo-project.iam.gserviceaccount.com",
        "repository services in asia-east1",
    ]
    assert project.up().code == 0


def test_what_others_use_stays(project: "Project") -> None:
    """An account that another service runs as, a repository with another image."""
    project.up()
    project.declare(service="invoices", service_account="orders-run")
    project.up()
    project.declare(service="orders")
    done = project.run("destroy", "--all", "--yes", "--json")
    assert done.code == 0, done.err
    assert subjects(done.service["removals"], removed=False) == [
        "service account orders-run@demo-project.iam.gserviceaccount.com",
        "repository services in asia-east1",
    ]
    reasons = [str(item["reason"]) for item in done.service["removals"]]
    assert "invoices" in reasons[1]
    assert "invoices" in reasons[2]


def test_what_is_not_ours_stays(project: "Project") -> None:
    """A service without our label was made by somebody else."""
    project.up()
    services = project.pipeline().google.services
    bare = run_v2.Service(name=ORDERS, labels={})
    services.update_service(service=bare, update_mask={"paths": ["labels"]}).result()
    done = project.run("destroy", "--yes", "--json")
    assert done.code == 0
    assert subjects(done.service["removals"], removed=False) == ["service orders in asia-east1"]
    assert services.get_service(name=ORDERS).name == ORDERS


def test_a_repository_that_a_service_elsewhere_runs_from_stays(project: "Project") -> None:
    """Its images are what that service starts its next instance from."""
    project.up()
    project.declare(region="europe-west1", image={"context": ".", "repository": REPOSITORY})
    project.up()
    done = project.run("destroy", "--all", "--yes", "--json")
    assert done.code == 0, done.err
    assert "repository services in asia-east1" in subjects(done.service["removals"], removed=False)


def test_two_services_that_share_everything_go_together(project: "Project") -> None:
    """What only they used goes with them, once."""
    other = {**project.declared, "service": "invoices"}
    (project.path / "other.yaml").write_text(str({**other, "service_account": "orders-run"}))
    files = ("-f", "provision.yaml", "-f", "other.yaml")
    assert project.up(*files).code == 0
    done = project.run("destroy", "--all", "--yes", "--json", *files)
    assert done.code == 0, done.err
    gone = [
        one
        for told in done.document["services"]
        for one in subjects(told["removals"], removed=True)
    ]
    assert sorted(gone) == [
        "repository services in asia-east1",
        "service account orders-run@demo-project.iam.gserviceaccount.com",
        "service invoices in asia-east1",
        "service orders in asia-east1",
    ]


def test_what_is_shared_stays_when_one_service_does_not_go(project: "Project") -> None:
    """A deletion that fails leaves a service that still needs its account and its images."""
    other = {**project.declared, "service": "invoices", "service_account": "orders-run"}
    (project.path / "other.yaml").write_text(str(other))
    files = ("-f", "provision.yaml", "-f", "other.yaml")
    assert project.up(*files).code == 0
    fault = {"method": "google.cloud.run.v2.Services/DeleteService", "code": "PERMISSION_DENIED"}
    project.cloud.admin("POST", "/faults", **fault)
    done = project.run("destroy", "--all", "--yes", "--json", *files)
    assert done.code == 1
    gone = [
        one
        for told in done.document["services"]
        for one in subjects(told["removals"], removed=True)
    ]
    assert gone == ["service invoices in asia-east1"]
