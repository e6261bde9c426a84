"""Push: into a repository of ours, once, and what arrived is what was built."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from provision.clients.artifact_registry import ArtifactRegistry, Repository
from provision.errors import (
    BuildError,
    NotFoundError,
    PermissionDeniedError,
    PushError,
    UnavailableError,
)
from provision.pipeline import Pipeline
from provision.plan import Action, Known, Verdict
from tests.conftest import RunningEmulator
from tests.functional.image.conftest import Shelf, Workshop

READER = "roles/artifactregistry.reader"


def _repositories(workshop: Workshop) -> ArtifactRegistry:
    return Pipeline(workshop.google, {}, workshop.lines.append).artifacts


def _repository(workshop: Workshop) -> Repository:
    found = _repositories(workshop).find_repository(workshop.repository_name)
    assert found is not None
    return found


def _create(workshop: Workshop, *, kind: str = "DOCKER", immutable: bool = False) -> None:
    from google.cloud.artifactregistry_v1 import Repository as Message

    name = workshop.repository_name
    message = Message(
        format_=getattr(Message.Format, kind),
        docker_config=Message.DockerRepositoryConfig(immutable_tags=immutable),
    )
    client = workshop.google.repositories
    made = client.create_repository(
        parent=name.parent, repository_id=name.repository, repository=message
    )
    made.result(timeout=30)


def _verdicts(workshop: Workshop) -> dict[str, Verdict]:
    push = workshop.stages()[1]
    return {check.name: check.verdict for check in push.verify(push.observe())}


@pytest.mark.engine
def test_the_repository_is_created_as_ours_and_the_image_is_there(built_here: Workshop) -> None:
    """From nothing to an image by digest, proven from scratch with evidence."""
    known = built_here.up()
    repository = _repository(built_here)
    assert (repository.format, repository.is_ours) == ("DOCKER", True)
    assert str(known.image).startswith(f"{repository.registry_uri}/{built_here.name}@sha256:")
    push = built_here.stages()[1]
    checks = list(push.verify(push.observe()))
    assert [check.name for check in checks] == ["image-in-registry", "image-architecture"]
    assert {check.verdict for check in checks} == {Verdict.PASSED}
    assert all(item.at.endswith("Z") and item.answered for c in checks for item in c.evidence)


@pytest.mark.engine
def test_a_second_run_writes_nothing(built_here: Workshop, writes: Callable[[], list[str]]) -> None:
    """Neither to Artifact Registry nor to the registry, and the image stays the same."""
    known = built_here.up()
    assert writes()
    assert built_here.up() == known
    assert writes() == []


@pytest.mark.engine
def test_what_somebody_else_pushed_meanwhile_is_used(
    built_here: Workshop, writes: Callable[[], list[str]]
) -> None:
    """Applied a second time over an old plan, as two machines at once would: no upload."""
    build, push = built_here.stages()
    planned = built_here.plan()
    known = build.learn(planned.known, build.apply(planned.changes[0]))
    desired = push.desired(known)
    change = type(planned.changes[1])("push", push.subject, None, desired, ())
    first = push.apply(change)
    writes()
    assert push.apply(change) == first
    assert push.apply(change).image == first.image
    assert writes() == []


@pytest.mark.engine
def test_immutable_tags_are_no_obstacle(
    built_here: Workshop, writes: Callable[[], list[str]]
) -> None:
    """The tag of the inputs is written once, and found ever after."""
    _create(built_here, immutable=True)
    known = built_here.up()
    writes()
    assert built_here.up() == known
    assert writes() == []


@pytest.mark.engine
def test_a_tag_that_was_moved_is_found_and_moved_back(built_here: Workshop, shelf: Shelf) -> None:
    """Somebody lets the tag name another image: verify fails, and the next run pushes again."""
    known = built_here.up()
    push = built_here.stages()[1]
    state = push.observe()
    shelf.put(built_here.name, state.tag)
    moved = {check.name: check.verdict for check in push.verify(state)}
    assert moved["image-in-registry"] is Verdict.FAILED
    assert built_here.up().image == known.image
    assert set(_verdicts(built_here).values()) == {Verdict.PASSED}


@pytest.mark.engine
def test_an_immutable_tag_of_something_else_is_told(built_here: Workshop, shelf: Shelf) -> None:
    """It cannot be moved, so the error says what stands in the way."""
    built_here.repository = "fixed"
    _create(built_here, immutable=True)
    shelf.put(built_here.name, built_here.stages()[0].reader.inputs.tag)
    with pytest.raises(PushError, match="immutable"):
        built_here.up()


@pytest.mark.engine
def test_a_denied_push_names_permission_resource_and_role(
    built_here: Workshop, emulator: RunningEmulator
) -> None:
    """A reader may look, and not push."""
    _create(built_here)
    _bind(built_here, READER, "user:reader@example.com")
    adc = emulator.admin("POST", "/identities", member="user:reader@example.com")["adc"]
    reader = built_here.acting_as(adc)
    with pytest.raises(PermissionDeniedError) as caught:
        reader.up()
    assert "artifactregistry.repositories.uploadArtifacts" in caught.value.hint
    assert built_here.repository_name.name in caught.value.hint
    assert "roles/artifactregistry.writer" in caught.value.hint
    assert "user:reader@example.com" in caught.value.hint


@pytest.mark.engine
def test_the_access_token_stays_out_of_sight(
    built_here: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes to the engine for this push; no line shows it and no file keeps it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    stages = built_here.stages()
    token = stages[1].destination.registry.http.access_token()
    built_here.up()
    assert token not in "\n".join(built_here.lines)
    assert token not in repr(stages)
    assert not (tmp_path / "home").exists()


@pytest.mark.engine
def test_progress_is_a_few_lines(built_here: Workshop) -> None:
    """Layers are told as a total, not byte by byte."""
    (built_here.context / "big").write_bytes(bytes(range(256)) * 80_000)
    built_here.up()
    told = [line for line in built_here.lines if line.startswith("pushing: ")]
    assert 1 <= len(told) <= 15
    assert told[-1].startswith("pushing: 1 of 1 layers")


@pytest.mark.engine
def test_a_registry_that_the_engine_cannot_reach_is_named(built_here: Workshop) -> None:
    """Whatever we can reach: the push comes from the engine, and its words name the host."""
    build = built_here.stages()[0]
    built = build.apply(built_here.plan().changes[0])
    name = f"127.0.0.1:1/a/{built_here.name}"
    build.engine.tag(built.image_id, name, "1")
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1") as caught:
        build.engine.push(name, "1", login={}, report=built_here.lines.append)
    assert "where the Docker engine runs" in caught.value.hint


def test_a_repository_of_another_format_is_refused(workshop: Workshop) -> None:
    """Before anything is built, and without an engine."""
    _create(workshop, kind="MAVEN")
    with pytest.raises(PushError, match="maven packages"):
        workshop.plan()


def test_a_repository_that_may_not_be_read_says_what_it_takes(
    workshop: Workshop, emulator: RunningEmulator
) -> None:
    """A stranger is told which permission is missing on what."""
    _create(workshop)
    adc = emulator.admin("POST", "/identities", member="user:stranger@example.com")["adc"]
    with pytest.raises(PermissionDeniedError) as caught:
        workshop.acting_as(adc).plan()
    assert "artifactregistry.repositories.get" in f"{caught.value} {caught.value.hint}"


def test_our_repositories_can_be_told_listed_and_deleted(workshop: Workshop, shelf: Shelf) -> None:
    """What `destroy --all` needs: whose it is, what is in it, and gone."""
    repositories = _repositories(workshop)
    shelf.put("one", "1")
    name = workshop.repository_name
    assert _repository(workshop).is_ours
    (image,) = repositories.list_images(name)
    assert "/one@sha256:" in image.uri
    assert image.tags == ("1",)
    repositories.delete_repository(name, workshop.lines.append)
    assert repositories.find_repository(name) is None


def test_a_foreign_repository_is_not_ours(workshop: Workshop) -> None:
    """Only the label that we set makes it ours."""
    _create(workshop)
    assert not _repository(workshop).is_ours


def test_a_given_image_is_resolved_and_nothing_is_done(
    workshop: Workshop, shelf: Shelf, writes: Callable[[], list[str]]
) -> None:
    """An index keeps its own digest, and linux/amd64 is looked for in it."""
    digest = shelf.put_index("given", "v1", "arm64", "amd64")
    writes()
    build, push = workshop.stages(f"{shelf.name('given')}:v1")
    known = push.learn(build.learn(Known(), build.observe()), push.observe())
    assert known.image == f"{shelf.name('given')}@{digest}"
    assert build.observe() == build.desired(known)
    assert {check.verdict for check in push.verify(push.observe())} == {Verdict.PASSED}
    assert writes() == []


@pytest.mark.parametrize("architectures", [("arm64",), ("arm64", "s390x")])
def test_a_given_image_without_linux_amd64_is_refused(
    workshop: Workshop, shelf: Shelf, architectures: tuple[str, ...]
) -> None:
    """The error lists what the index is there for."""
    shelf.put_index("given", "v1", *architectures)
    build, _ = workshop.stages(f"{shelf.name('given')}:v1")
    with pytest.raises(BuildError, match=f"linux/{architectures[-1]}, not for linux/amd64"):
        build.observe()


def test_a_given_image_that_is_not_there_is_named(workshop: Workshop, shelf: Shelf) -> None:
    """A wrong tag is an error about the spec's field."""
    build, _ = workshop.stages(f"{shelf.name('given')}:v9")
    with pytest.raises(NotFoundError, match="given:v9") as caught:
        build.observe()
    assert "image.reference" in caught.value.hint


def test_a_registry_that_cannot_be_reached_is_named(workshop: Workshop) -> None:
    """Nothing listens there: the host is told."""
    build, _ = workshop.stages("127.0.0.1:1/a/b/c:v1")
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1.*Connection refused"):
        build.observe()


@pytest.mark.engine
def test_a_fault_between_repository_and_push_is_made_good_by_the_next_run(
    built_here: Workshop, emulator: RunningEmulator
) -> None:
    """The repository was created and the answer lost: the next run goes on from there."""
    _fail_after_creating(emulator, "UNAVAILABLE")
    with pytest.raises(UnavailableError):
        built_here.up()
    assert _repository(built_here).is_ours
    assert "@sha256:" in str(built_here.up().image)
    assert built_here.plan().is_empty


@pytest.mark.engine
def test_a_repository_that_another_run_created_meanwhile_is_taken(
    built_here: Workshop, emulator: RunningEmulator
) -> None:
    """Two first runs at once: the slower one is told that it exists, and pushes to it."""
    _fail_after_creating(emulator, "ALREADY_EXISTS")
    assert "@sha256:" in str(built_here.up().image)


def test_the_plan_tells_whether_the_repository_is_created_too(workshop: Workshop) -> None:
    """A repository that is there is not among what would change; an image that is not, is."""
    push = workshop.plan().changes[1]
    assert push.action is Action.CREATE
    assert push.fields[0].path == "repository"
    _create(workshop)
    push = workshop.plan().changes[1]
    assert push.action is Action.UPDATE
    assert [item.path for item in push.fields] == ["image_name", "tag", "inputs", "platform"]


def test_a_repository_without_the_image_is_found_by_verify(workshop: Workshop) -> None:
    """What is not there is a failed check with its evidence, not an error."""
    _create(workshop)
    push = workshop.stages()[1]
    (check,) = push.verify(push.observe())
    assert (check.name, check.verdict) == ("image-in-registry", Verdict.FAILED)
    assert check.evidence[0].answered == "not there"


def _fail_after_creating(emulator: RunningEmulator, code: str) -> None:
    method = "google.devtools.artifactregistry.v1.ArtifactRegistry/CreateRepository"
    fault = {"method": method, "code": code, "when": "after"}
    requests.post(f"{emulator.http}/_emulator/faults", json=fault, timeout=30).raise_for_status()


def _bind(workshop: Workshop, role: str, member: str) -> None:
    from google.iam.v1 import policy_pb2

    resource = workshop.repository_name.name
    binding = policy_pb2.Binding(role=role, members=[member])
    policy = policy_pb2.Policy(bindings=[binding], version=3)
    client = workshop.google.repositories
    client.set_iam_policy(request={"resource": resource, "policy": policy})
