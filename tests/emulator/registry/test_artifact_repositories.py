"""What Artifact Registry keeps of a repository, refuses in one, and tells of a project."""

import signal
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import artifactregistry_v1 as artifacts

from tests.conftest import DEVELOPER, Clients, ImagePusher, make_repository
from tests.emulator.registry.talk import Peer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunningEmulator, StartEmulator

PARENT = "projects/demo-project/locations/asia-east1"
NAME = f"{PARENT}/repositories/services"
Repository = artifacts.Repository


def _make(clients: Clients, name: str = "services", **fields: Any) -> Repository:  # noqa: ANN401 - fields of a repository
    repository = Repository(**{"format_": "DOCKER", **fields})
    made: Repository = clients.repositories.create_repository(
        parent=PARENT, repository_id=name, repository=repository
    ).result(timeout=30)
    return made


def _update(clients: Clients, repository: Repository, *paths: str) -> Repository:
    updated: Repository = clients.repositories.update_repository(
        repository=repository, update_mask={"paths": list(paths)}
    )
    return updated


def _policy(**fields: object) -> artifacts.CleanupPolicy:
    return artifacts.CleanupPolicy(**fields)


def test_what_was_asked_for_is_kept(clients: Clients) -> None:
    """Description, labels, immutable tags and cleanup policies."""
    keep = _policy(id="keep", action="KEEP", most_recent_versions={"keep_count": 5})
    fields: dict[str, Any] = {
        "description": "of the services",
        "labels": {"team": "orders"},
        "docker_config": {"immutable_tags": True},
        "cleanup_policies": {"keep": keep},
        "cleanup_policy_dry_run": True,
    }
    _make(clients, **fields)
    kept = clients.repositories.get_repository(name=NAME)
    assert kept.description == fields["description"]
    assert dict(kept.labels) == fields["labels"]
    assert kept.docker_config.immutable_tags
    assert kept.cleanup_policies["keep"] == keep
    assert kept.cleanup_policy_dry_run


def test_an_update_changes_what_the_mask_names(clients: Clients) -> None:
    """Other fields stay, also where something else was sent."""
    _make(clients, description="before", labels={"team": "orders"})
    updated = _update(clients, Repository(name=NAME, description="after"), "description")
    assert (updated.description, dict(updated.labels)) == ("after", {"team": "orders"})
    assert updated.update_time > updated.create_time


@pytest.mark.parametrize(
    ("changes", "mask"),
    [
        ({"format_": "MAVEN"}, "format"),
        ({"mode": "REMOTE_REPOSITORY"}, "mode"),
        ({"labels": {"Team": "orders"}}, "labels"),
        ({"cleanup_policies": {"a": _policy(id="b", action="KEEP")}}, "cleanup_policies"),
        (
            {"cleanup_policies": {str(number): _policy(action="KEEP") for number in range(11)}},
            "cleanup_policies",
        ),
        (
            {
                "cleanup_policies": {
                    "a": _policy(action="DELETE", most_recent_versions={"keep_count": 5})
                }
            },
            "cleanup_policies",
        ),
    ],
    ids=["format", "mode", "label", "policy id", "eleven policies", "deletes most recent"],
)
def test_an_update_that_cannot_be_is_refused(
    grpc_clients: Clients, changes: dict[str, object], mask: str
) -> None:
    """And changes nothing."""
    _make(grpc_clients)
    path = "format_" if mask == "format" else mask
    with pytest.raises(exceptions.InvalidArgument):
        _update(grpc_clients, Repository(name=NAME, **changes), path)
    kept = grpc_clients.repositories.get_repository(name=NAME)
    assert (kept.format_, kept.mode) == (Repository.Format.DOCKER, Repository.Mode(1))
    assert not kept.labels
    assert not kept.cleanup_policies


@pytest.mark.parametrize("name", ["Services", "1services", "services-", "s" * 64, "a_b", ""])
def test_a_name_that_cannot_be_is_refused(grpc_clients: Clients, name: str) -> None:
    """Lower case, digits and dashes, 63 of them at most, a letter first."""
    with pytest.raises(exceptions.InvalidArgument):
        _make(grpc_clients, name)


def test_a_repository_needs_a_format(grpc_clients: Clients) -> None:
    """There is no default."""
    with pytest.raises(exceptions.InvalidArgument, match="format is required"):
        _make(grpc_clients, format_="FORMAT_UNSPECIFIED")


def test_a_virtual_repository_is_kept_but_takes_no_images(
    clients: Clients, emulator: "RunningEmulator"
) -> None:
    """It has no content of its own."""
    _make(clients, "all", mode="VIRTUAL_REPOSITORY")
    headers = {"Authorization": f"Bearer {emulator.token()}"}
    peer = Peer(str(emulator.about["registry"]), "asia-east1/demo-project", headers)
    answer = peer.call("POST", f"/v2/{peer.name('app', 'all')}/blobs/uploads/")
    assert answer.outcome == "404 NAME_UNKNOWN"


def test_repositories_are_filtered_and_ordered(clients: Clients) -> None:
    """By name with a wildcard, and backwards."""
    for name in ("one", "other", "two"):
        _make(clients, name)
    request = {"parent": PARENT, "filter": f'name="{PARENT}/repositories/o*"'}
    found = clients.repositories.list_repositories(request={**request, "order_by": "name desc"})
    assert [one.name.rpartition("/")[2] for one in found] == ["other", "one"]


def test_the_size_is_told_in_lists_too_also_after_a_kill(
    start_emulator: "StartEmulator", tmp_path: "Path"
) -> None:
    """What was pushed counts, whoever asks and whenever the emulator was started."""
    running = start_emulator("--engine", "none", "--data", str(tmp_path))
    clients = Clients(running, "grpc", DEVELOPER)
    make_repository(clients, running.project)
    ImagePusher(running).push("asia-east1/demo-project/services/app", "v1")
    running.stop(signal.SIGKILL)
    again = start_emulator("--engine", "none", "--data", str(tmp_path))
    registry = Clients(again, "grpc", DEVELOPER).repositories
    (listed,) = registry.list_repositories(parent=PARENT)
    assert listed.size_bytes == registry.get_repository(name=NAME).size_bytes > 0
    again.stop()


def test_project_settings_are_kept(clients: Clients) -> None:
    """gcr.io leads to Artifact Registry unless that was switched off."""
    registry, name = clients.repositories, "projects/demo-project/projectSettings"
    states = artifacts.ProjectSettings.RedirectionState
    settings = registry.get_project_settings(name=name)
    assert settings.legacy_redirection_state == states.REDIRECTION_FROM_GCR_IO_ENABLED
    wanted = states.REDIRECTION_FROM_GCR_IO_DISABLED
    registry.update_project_settings(
        project_settings=artifacts.ProjectSettings(name=name, legacy_redirection_state=wanted),
        update_mask={"paths": ["legacy_redirection_state"]},
    )
    assert registry.get_project_settings(name=name).legacy_redirection_state == wanted


def test_locations_are_listed(grpc_clients: Clients) -> None:
    """Regions and multi-regions, each by its own name."""
    registry = grpc_clients.repositories
    found = registry.list_locations({"name": "projects/demo-project"}).locations
    assert {"asia-east1", "us"} < {one.location_id for one in found}
    assert registry.get_location({"name": PARENT}).location_id == "asia-east1"
    with pytest.raises(exceptions.NotFound):
        registry.get_location({"name": "projects/demo-project/locations/atlantis"})
