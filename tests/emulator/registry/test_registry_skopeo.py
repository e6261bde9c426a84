"""skopeo, which nobody here wrote, copies to the emulator's registry and from it."""

import json
import random
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.registry.conftest import PREFIX, add_repositories
from tests.emulator.registry.layout import Layout
from tests.emulator.registry.talk import INDEX, MANIFEST, OCI

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.emulator.registry.conftest import FindTool

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Skopeo:
    """skopeo, signed in to an emulator.

    Args:
        program: where it is.
        emulator: whose registry.
        folder: for its credentials.
    """

    def __init__(self, program: Path, emulator: "RunningEmulator", folder: Path) -> None:
        self._program, self._folder = program, folder
        self.host = str(emulator.about["registry"])
        self._token = emulator.token()

    def login(self, user: str = "oauth2accesstoken", password: str = "") -> str:
        """Sign in; what it complained of, if it did."""
        command = ["login", "--tls-verify=false", f"--username={user}", "--password-stdin"]
        return self._run(*command, self.host, text=password or self._token).stderr

    def call(self, command: str, *arguments: str) -> str:
        """A command that has to work; what it printed."""
        done = self._run(command, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, command: str, *arguments: str) -> str:
        """A command that must not work; what it said."""
        done = self._run(command, *arguments)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def image(self, name: str) -> str:
        """An image of the emulator's, as skopeo names it."""
        return f"docker://{self.host}/{PREFIX}/{name}"

    def raw(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """The manifest or index."""
        return json.loads(self.call("inspect", "--raw", "--tls-verify=false", self.image(name)))

    def copy(self, source: str, target: str, *options: str) -> None:
        """Copy an image, to the emulator or from it."""
        flags = ("--src-tls-verify=false", "--dest-tls-verify=false")
        self.call("copy", *flags, *options, source, target)

    def _run(
        self, command: str, *arguments: str, text: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        credentials = f"--authfile={self._folder / 'auth.json'}"
        return subprocess.run(
            [self._program, "--insecure-policy", command, credentials, *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def skopeo(tool: "FindTool", judged_emulator: "RunningEmulator", tmp_path: Path) -> Skopeo:
    """skopeo, signed in as the developer."""
    found = Skopeo(tool("skopeo"), judged_emulator, tmp_path)
    assert found.login() == ""
    return found


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An image layout without images."""
    return Layout(tmp_path / "layout")


def _blobs(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("blobs/sha256/*")}


def test_an_image_comes_back_as_it_was_pushed(
    skopeo: Skopeo, layout: Layout, tmp_path: Path
) -> None:
    """Byte for byte: every blob and the manifest."""
    made = layout.image([{"a": b"one"}, {"b": b"two"}], "amd64")
    skopeo.copy(layout.name(made, "v1"), skopeo.image("one/skopeo:v1"))
    skopeo.copy(skopeo.image(f"one/skopeo@{made['digest']}"), f"oci:{tmp_path / 'back'}:v1")
    assert _blobs(tmp_path / "back") == _blobs(layout.folder)


def test_an_index_comes_back_with_all_its_images(
    skopeo: Skopeo, layout: Layout, tmp_path: Path
) -> None:
    """With ``--all`` every platform; without, the one that is asked for."""
    images = [layout.image([{"a": name.encode()}], name) for name in ("amd64", "arm64")]
    source = layout.name(layout.index(images), "all")
    skopeo.copy(source, skopeo.image("one/index:all"), "--all")
    assert skopeo.raw("one/index:all")["mediaType"] == INDEX
    skopeo.copy(skopeo.image("one/index:all"), f"oci:{tmp_path / 'back'}:all", "--all")
    assert _blobs(tmp_path / "back") == _blobs(layout.folder)
    arm = ("inspect", "--override-arch=arm64", "--tls-verify=false")
    told = json.loads(skopeo.call(*arm, skopeo.image("one/index:all")))
    assert told["Architecture"] == "arm64"


@pytest.mark.parametrize(("form", "media_type"), [("oci", MANIFEST), ("v2s2", DOCKER_MANIFEST)])
def test_both_forms_of_manifests_are_taken(
    skopeo: Skopeo, layout: Layout, form: str, media_type: str
) -> None:
    """OCI's and Docker's, each kept as it was sent."""
    source = layout.name(layout.image([{"a": form.encode()}], "amd64"), "v1")
    skopeo.copy(source, skopeo.image(f"one/form:{form}"), f"--format={form}")
    assert skopeo.raw(f"one/form:{form}")["mediaType"] == media_type


def test_layers_may_be_compressed_with_zstd(skopeo: Skopeo, layout: Layout, tmp_path: Path) -> None:
    """Their media type is kept, and they unpack to the same."""
    source = layout.name(layout.image([{"a": b"zstd" * 4096}], "amd64"), "v1")
    target = skopeo.image("one/zstd:v1")
    skopeo.copy(source, target, "--dest-compress-format=zstd", "--format=oci")
    (layer,) = skopeo.raw("one/zstd:v1")["layers"]
    assert layer["mediaType"] == f"{OCI}.layer.v1.tar+zstd"
    skopeo.copy(target, f"dir:{tmp_path / 'unpacked'}", "--dest-decompress")
    unpacked = [file.read_bytes() for file in (tmp_path / "unpacked").iterdir()]
    assert any(b"zstd" * 4096 in content for content in unpacked)


def test_many_layers_are_pushed_side_by_side(
    skopeo: Skopeo, layout: Layout, tmp_path: Path
) -> None:
    """Forty layers of a megabyte that cannot be compressed, six at a time."""
    noise = random.Random(1)  # noqa: S311 - content that does not compress
    layers = [{f"file-{number}": noise.randbytes(1 << 20)} for number in range(40)]
    made = layout.image(layers, "amd64")
    skopeo.copy(layout.name(made, "v1"), skopeo.image("one/many:v1"))
    skopeo.copy(skopeo.image("one/many:v1"), f"oci:{tmp_path / 'back'}:v1")
    assert _blobs(tmp_path / "back") == _blobs(layout.folder)


def test_blobs_are_mounted_between_repositories(
    skopeo: Skopeo, layout: Layout, judged_emulator: "RunningEmulator"
) -> None:
    """A copy within the registry sends the config again, and no layer."""
    source = layout.name(layout.image([{"a": b"mounted"}], "amd64"), "v1")
    skopeo.copy(source, skopeo.image("one/from:v1"))
    judged_emulator.admin("DELETE", "/requests")
    skopeo.copy(skopeo.image("one/from:v1"), skopeo.image("two/to:v1"))
    told = [(one["method"], one["status"]) for one in judged_emulator.requests()]
    assert told.count(("registry/POST uploads", "201")) == 1
    assert told.count(("registry/PUT uploads", "201")) == 1


def test_tags_are_listed_and_synced(skopeo: Skopeo, layout: Layout, tmp_path: Path) -> None:
    """All tags of an image, in order, and all its images into a folder."""
    made = layout.image([{"a": b"tags"}], "amd64")
    for tag in ("v2", "v1"):
        skopeo.copy(layout.name(made, tag), skopeo.image(f"one/synced:{tag}"))
    told = json.loads(skopeo.call("list-tags", "--tls-verify=false", skopeo.image("one/synced")))
    assert told["Tags"] == ["v1", "v2"]
    flags = ("--src=docker", "--dest=dir", "--src-tls-verify=false")
    name = skopeo.image("one/synced").removeprefix("docker://")
    skopeo.call("sync", *flags, name, str(tmp_path / "synced"))
    assert sorted(one.name for one in (tmp_path / "synced").iterdir()) == ["synced:v1", "synced:v2"]


def test_a_manifest_is_deleted_once_no_tag_points_at_it(skopeo: Skopeo, layout: Layout) -> None:
    """As with Artifact Registry: skopeo deletes by digest, which a tag prevents."""
    old, new = (layout.image([{"a": text}], "amd64") for text in (b"old", b"new"))
    for name, made in (("old", old), ("new", new)):
        skopeo.copy(layout.name(made, name), skopeo.image("one/deleted:v1"))
    tagged = skopeo.refused("delete", "--tls-verify=false", skopeo.image("one/deleted:v1"))
    assert "GOOGLE_MANIFEST_DANGLING_TAG" in tagged
    untagged = skopeo.image(f"one/deleted@{old['digest']}")
    skopeo.call("delete", "--tls-verify=false", untagged)
    assert "manifest unknown" in skopeo.refused("inspect", "--tls-verify=false", untagged)


@pytest.mark.parametrize("user", ["oauth2accesstoken", "_dcgcloud_token"])
def test_an_access_token_signs_in(
    tool: "FindTool", judged_emulator: "RunningEmulator", tmp_path: Path, user: str
) -> None:
    """Under the names that Google's helpers use."""
    skopeo = Skopeo(tool("skopeo"), judged_emulator, tmp_path)
    assert skopeo.login(user) == ""


def test_a_wrong_password_signs_nobody_in(
    tool: "FindTool", judged_emulator: "RunningEmulator", tmp_path: Path
) -> None:
    """And a push without signing in is refused, with the permission that was missing."""
    skopeo = Skopeo(tool("skopeo"), judged_emulator, tmp_path)
    assert "invalid username/password" in skopeo.login(password="made up")
    made = Layout(tmp_path / "layout")
    source = made.name(made.image([{"a": b"x"}], "amd64"), "v1")
    flags = ("--dest-tls-verify=false", "--src-tls-verify=false")
    refused = skopeo.refused("copy", *flags, source, skopeo.image("one/anonymous:v1"))
    assert "403" in refused or "denied" in refused.lower() or "unauthorized" in refused.lower()


def test_an_immutable_tag_is_not_pushed_again(
    skopeo: Skopeo, layout: Layout, judged_emulator: "RunningEmulator"
) -> None:
    """The same image may be pushed again, another not."""
    add_repositories(judged_emulator, "fixed", immutable=True)
    one, other = (layout.image([{"a": text}], "amd64") for text in (b"one", b"other"))
    for _ in range(2):
        skopeo.copy(layout.name(one, "v1"), skopeo.image("fixed/app:v1"))
    source = layout.name(other, "other")
    flags = ("--dest-tls-verify=false", "--src-tls-verify=false")
    refused = skopeo.refused("copy", *flags, source, skopeo.image("fixed/app:v1"))
    assert "tag immutability" in refused
