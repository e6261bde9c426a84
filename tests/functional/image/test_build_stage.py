"""Build: once per set of inputs, for linux/amd64, and nothing half-done."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import docker
import pytest

from provision.errors import BuildError, EngineError, PlanOutdatedError
from provision.image.inputs import LABEL
from provision.plan import Action
from tests.functional.image.conftest import Shelf, Workshop

_WAITS_FOR_EVER = bytes.fromhex(
    # ELF header: 64 bits, little-endian, executable, x86-64, entry 0x400078, one program header.
    "7f454c4602010100000000000000000002003e0001000000780040000000000040000000000000000000000000000000"
    "0000000040003800010000000000000001000000050000000000000000000000000040000000000000004000000000"
    # Program header: load all of it; then `mov eax, 34; syscall` (pause).
    "0080000000000000008000000000000000001000000000000000b8220000000f05"
)
"""A program of 127 bytes that only waits: an image from scratch has no shell to run `sleep` in."""


@pytest.mark.engine
def test_an_image_is_built_with_the_hash_of_its_inputs(
    built_here: Workshop, engine: docker.DockerClient
) -> None:
    """The result is for linux/amd64, carries the hash, and is found by the next run."""
    known = built_here.up()
    image = engine.images.get(str(known.image_id))
    assert image.attrs["Architecture"] == "amd64"
    build = built_here.stages()[0]
    assert image.labels[LABEL] == build.desired(known).inputs
    assert any(line.startswith("Step 2/") for line in built_here.lines)
    assert {check.verdict for check in build.verify(build.observe())} == {"passed"}


@pytest.mark.engine
def test_what_the_engine_has_is_not_built_again(built_here: Workshop) -> None:
    """Built and not yet pushed: the second run finds it in the engine."""
    build = built_here.stages()[0]
    change = built_here.plan().changes[0]
    assert change.action is Action.CREATE
    built = build.apply(change)
    assert built_here.plan().changes[0].action is Action.NOTHING
    assert built_here.stages()[0].observe().image_id == built.image_id


@pytest.mark.engine
def test_a_machine_without_an_engine_needs_none_for_what_was_built(built_here: Workshop) -> None:
    """The tag of the inputs is looked up in the registry before anything else."""
    known = built_here.up()
    planned = built_here.elsewhere().plan()
    assert planned.is_empty
    assert planned.known == known


@pytest.mark.engine
def test_who_builds_on_top_of_an_image_does_not_pass_for_it(
    built_here: Workshop, engine: docker.DockerClient
) -> None:
    """Labels are inherited by images built from ours; such an image is another one."""
    build = built_here.stages()[0]
    built = build.apply(built_here.plan().changes[0])
    heir = f"{built_here.name}-heir:1"
    context = built_here.context.parent / "heir"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {built.image_id}\nENV MORE=1\n")
    engine.images.build(path=str(context), tag=heir)
    assert built_here.stages()[0].observe().image_id == built.image_id


@pytest.mark.engine
def test_build_arguments_reach_the_build_and_not_the_progress(
    built_here: Workshop, engine: docker.DockerClient
) -> None:
    """Whatever an argument holds, no line of ours repeats it."""
    built_here.build_args = {"TOKEN": "open-sesame"}
    built_here.write("Dockerfile", "FROM scratch\nARG TOKEN\nCOPY . /\nENV SEEN=$TOKEN\n")
    known = built_here.up()
    assert "SEEN=open-sesame" in engine.images.get(str(known.image_id)).attrs["Config"]["Env"]
    assert "open-sesame" not in "\n".join(built_here.lines)


@pytest.mark.engine
def test_a_dockerfile_that_is_left_out_is_used_and_not_copied(
    built_here: Workshop, engine: docker.DockerClient
) -> None:
    """The engine gets the Dockerfile, and the image does not."""
    built_here.write(".dockerignore", "Dockerfile\n.dockerignore\n")
    image = engine.images.get(str(built_here.up().image_id))
    container = engine.containers.create(image, "none")
    try:
        names = {item["Path"] for item in container.diff() or ()}
        stream, _ = container.get_archive("/app")
        packed = b"".join(stream)
    finally:
        container.remove()
    assert names == set()
    assert b"unique.txt" in packed
    assert b"Dockerfile" not in packed
    assert b".dockerignore" not in packed


@pytest.mark.engine
def test_a_step_that_fails_is_shown(built_here: Workshop) -> None:
    """The error names the step and what the engine said."""
    built_here.write("Dockerfile", "FROM scratch\nCOPY nowhere /\n")
    with pytest.raises(BuildError, match=r"at Step 2/\d : COPY nowhere /.*nowhere"):
        built_here.up()


@pytest.mark.engine
@pytest.mark.parametrize("step", ["COPY --chmod=755 . /", "RUN --mount=type=cache,target=/c true"])
def test_options_of_buildkit_alone_are_told_apart(built_here: Workshop, step: str) -> None:
    """The engine's own builder refuses them; the hint says what that means."""
    built_here.write("Dockerfile", f"FROM scratch\n{step}\n")
    with pytest.raises(BuildError, match="requires BuildKit") as caught:
        built_here.up()
    assert "without BuildKit's options" in caught.value.hint


@pytest.mark.engine
def test_a_result_of_another_architecture_goes_no_further(
    built_here: Workshop, shelf: Shelf, engine: docker.DockerClient
) -> None:
    """What the build brought forth is looked at, whatever was asked for."""
    base = shelf.name(f"{built_here.name}-arm")
    shelf.put(f"{built_here.name}-arm", "1", "arm64")
    login = {"username": "oauth2accesstoken", "password": built_here.google.access_token()}
    engine.images.pull(base, "1", platform="linux/arm64", auth_config=login)
    built_here.write("Dockerfile", f"FROM --platform=linux/arm64 {base}:1\nCOPY . /\n")
    with pytest.raises(
        BuildError, match=r"is for linux/arm64, and Cloud Run runs linux/amd64"
    ) as told:
        built_here.up()
    assert "--platform" in told.value.hint
    assert built_here.stages()[0].observe() is None


def test_a_base_without_linux_amd64_is_refused_before_the_build(
    workshop: Workshop, shelf: Shelf
) -> None:
    """An index without it, or a single image for ARM: told without an engine, with the fix."""
    shelf.put_index("base", "1", "arm64", "s390x")
    workshop.write("Dockerfile", f"FROM {shelf.name('base')}:1\n")
    with pytest.raises(
        BuildError, match=r"linux/arm64, linux/s390x, not for linux/amd64"
    ) as caught:
        workshop.plan()
    assert "Choose a base" in caught.value.hint
    shelf.put("base", "2", "arm64")
    workshop.write("Dockerfile", f"FROM {shelf.name('base')}:2\n")
    with pytest.raises(BuildError, match=r"linux/arm64, not for linux/amd64"):
        workshop.plan()


def test_a_base_that_moved_makes_another_image(workshop: Workshop, shelf: Shelf) -> None:
    """The tag stays and its digest changes: the inputs are other ones. No engine is needed."""
    workshop.write("Dockerfile", f"FROM {shelf.name('base')}:1\nCOPY . /\n")
    shelf.put_index("base", "1", "amd64", "arm64")
    first = workshop.plan().changes[0].desired
    assert workshop.plan().changes[0].desired == first
    shelf.put_index("base", "1", "amd64", "arm64")
    assert workshop.plan().changes[0].desired != first


@pytest.mark.engine
def test_the_base_that_was_hashed_is_the_one_that_is_built_on(
    built_here: Workshop, shelf: Shelf, engine: docker.DockerClient
) -> None:
    """An older copy under the same tag in the engine is replaced by what the registry has now."""
    base = f"{shelf.name('base')}:1"
    built_here.write("Dockerfile", f"FROM {base}\nCOPY . /app/\n")
    layers = []
    for content in ("old", "new"):
        shelf.put("base", "1", content=content)
        known = built_here.up()
        layers.append(engine.images.get(str(known.image_id)).attrs["RootFS"]["Layers"][0])
    engine.images.remove(base, force=True)
    assert layers[0] != layers[1]


@pytest.mark.engine
def test_a_base_that_only_the_engine_has_goes_by_its_id(
    built_here: Workshop, engine: docker.DockerClient
) -> None:
    """A base made here is in no registry; another one of the same name makes other inputs."""
    base = f"{built_here.name}-base"
    built_here.write("Dockerfile", f"FROM {built_here.host}/{base}:1\nCOPY . /\n")
    hashes = []
    for content in (b"\0" * 1024, b"\0" * 2048):
        engine.api.import_image_from_data(
            content, repository=f"{built_here.host}/{base}", tag="1", changes=["ENV A=1"]
        )
        hashes.append(built_here.plan().changes[0].desired.inputs)
    assert built_here.up().image_id
    assert hashes[0] != hashes[1]


def test_a_base_that_is_nowhere_is_named(workshop: Workshop, shelf: Shelf) -> None:
    """Neither its registry nor an engine has it: both are told."""
    workshop.write("Dockerfile", f"FROM {shelf.name('nothing')}:1\n")
    with pytest.raises(BuildError, match=r"nothing:1.*nonexistent") as caught:
        workshop.plan()
    assert "docker login" in caught.value.hint


def test_without_a_dockerfile_the_way_to_one_is_told(workshop: Workshop) -> None:
    """A newcomer is sent to `provision init`."""
    (workshop.context / "Dockerfile").unlink()
    with pytest.raises(BuildError, match="no Dockerfile") as caught:
        workshop.plan()
    assert "provision init" in caught.value.hint


def test_without_an_engine_a_plan_is_made_and_a_build_is_not(workshop: Workshop) -> None:
    """Only building needs an engine; the error says where it was looked for and what to install."""
    assert workshop.plan().changes[0].action is Action.CREATE
    with pytest.raises(EngineError, match="nonexistent") as caught:
        workshop.up()
    assert "docker.io" in caught.value.hint


def test_files_that_change_after_the_plan_stop_the_build(workshop: Workshop) -> None:
    """What was approved is what is built, or nothing is."""
    build = workshop.stages()[0]
    change = workshop.plan().changes[0]
    assert build.desired(workshop.plan().known) == change.desired
    workshop.write("unique.txt", "changed meanwhile")
    with pytest.raises(PlanOutdatedError, match="changed meanwhile"):
        build.apply(change)


@pytest.mark.engine
def test_an_interrupted_build_leaves_nothing_running(
    built_here: Workshop, engine: docker.DockerClient
) -> None:
    """Ctrl-C in the middle of a step: its container goes, and `up` again builds."""
    _write_waiting(built_here)
    seen: list[str] = []

    class InterruptingLines(list[str]):
        def append(self, line: str) -> None:
            seen.append(line)
            if " ---> Running in " in line:
                raise KeyboardInterrupt

    built_here.lines = InterruptingLines()
    with pytest.raises(KeyboardInterrupt):
        built_here.up()
    container = seen[-1].rpartition(" ")[2]
    _wait_until_gone(engine, container)
    built_here.lines = []
    built_here.write("Dockerfile", "FROM scratch\nCOPY . /app/\n")
    assert built_here.up().image_id


@pytest.mark.engine
def test_an_engine_that_dies_during_the_build_is_told(
    built_here: Workshop, engine_host: str, tmp_path: Path
) -> None:
    """The connection breaks in the middle of a step: an error of ours, and the way on."""
    _write_waiting(built_here)
    with _Relay(engine_host, tmp_path / "engine.sock") as relay:
        built_here.engine = relay.address

        class CuttingLines(list[str]):
            def append(self, line: str) -> None:
                super().append(line)
                if " ---> Running in " in line:
                    relay.cut()

        built_here.lines = CuttingLines()
        with pytest.raises(EngineError, match="broke off") as caught:
            built_here.up()
    assert "docker info" in caught.value.hint


def _write_waiting(workshop: Workshop) -> None:
    (workshop.context / "wait").write_bytes(_WAITS_FOR_EVER)
    (workshop.context / "wait").chmod(0o755)
    workshop.write("Dockerfile", 'FROM scratch\nCOPY . /\nRUN ["/wait"]\n')


def _wait_until_gone(engine: docker.DockerClient, container: str) -> None:
    """The engine stops a build a moment after its client has gone."""
    from docker.errors import NotFound

    pause = threading.Event()
    for _ in range(100):
        try:
            engine.containers.get(container)
        except NotFound:
            return
        pause.wait(0.1)
    raise AssertionError(f"the build's container {container} is still there")


class _Relay:
    """Passes bytes between a socket of its own and the engine's, until it is cut."""

    def __init__(self, engine_host: str, path: Path) -> None:
        self._engine = engine_host.removeprefix("unix://")
        self.address = f"unix://{path}"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def cut(self) -> None:
        """Break everything off."""
        for one in (self._listening, *self._open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
            finally:
                one.close()

    def _accept(self) -> None:
        for client in self._clients():
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(self._engine)
            self._open += [client, upstream]
            for pair in ((client, upstream), (upstream, client)):
                threading.Thread(target=_pump, args=pair, daemon=True).start()

    def _clients(self) -> Iterator[socket.socket]:
        while True:
            try:
                yield self._listening.accept()[0]
            except OSError:
                return


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
