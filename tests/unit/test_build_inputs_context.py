"""The files of a context: which, how they are hashed, and that exactly those are packed."""

import os
import socket
import tarfile
from pathlib import Path

import pytest

from provision.errors import BuildError, UsageError
from provision.image.archive import Archive, pack
from provision.image.context import find_entries, hash_entries, read_ignore


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A directory with a file, a directory and a Dockerfile."""
    root = tmp_path / "context"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_text("print()\n")
    (root / "notes.txt").write_text("notes\n")
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return root


def _hash(context: Path) -> str:
    return hash_entries(find_entries(context, read_ignore(context, context / "Dockerfile")))


def _pack(context: Path, dockerfile: Path | None = None) -> Archive:
    path = dockerfile or context / "Dockerfile"
    return pack(find_entries(context, read_ignore(context, path)), context, path, path.read_bytes())


def _packed(archive: Archive) -> dict[str, tarfile.TarInfo]:
    with archive.file, tarfile.open(fileobj=archive.file) as tar:
        return {member.name: member for member in tar}


def test_times_and_the_order_of_creation_do_not_change_the_hash(context: Path) -> None:
    """A fresh checkout of the same commit hashes alike."""
    before = _hash(context)
    os.utime(context / "notes.txt", (1, 1))
    (context / "src" / "app.py").rename(context / "moved")
    (context / "moved").rename(context / "src" / "app.py")
    assert _hash(context) == before


def test_every_thing_that_a_build_can_see_changes_the_hash(context: Path) -> None:
    """Contents, permissions, names, links, and an empty directory."""
    seen = [_hash(context)]
    (context / "notes.txt").write_text("other\n")
    seen.append(_hash(context))
    (context / "notes.txt").chmod(0o700)
    seen.append(_hash(context))
    (context / "notes.txt").rename(context / "notes.md")
    seen.append(_hash(context))
    (context / "link").symlink_to("notes.md")
    seen.append(_hash(context))
    (context / "link").unlink()
    (context / "link").symlink_to("src")
    seen.append(_hash(context))
    (context / "empty").mkdir()
    seen.append(_hash(context))
    assert len(set(seen)) == len(seen)


def test_a_file_that_is_left_out_does_not_change_the_hash(context: Path) -> None:
    """What is not sent cannot matter."""
    (context / ".dockerignore").write_text("*.log\n.dockerignore\n")
    before = _hash(context)
    (context / "run.log").write_text("noise")
    assert _hash(context) == before


def test_bytes_cannot_move_between_files_unseen(context: Path) -> None:
    """Two contexts whose bytes read alike one after another do not hash alike."""
    (context / "a").write_text("xy")
    (context / "b").write_text("")
    before = _hash(context)
    (context / "a").write_text("x")
    (context / "b").write_text("y")
    assert _hash(context) != before


def test_a_link_is_hashed_as_a_link(context: Path, tmp_path: Path) -> None:
    """What a link points at, outside the context above all, is never read."""
    outside = tmp_path / "outside"
    outside.write_text("secret")
    (context / "link").symlink_to(outside)
    before = _hash(context)
    outside.write_text("changed")
    assert _hash(context) == before
    assert _packed(_pack(context))["link"].issym()


def test_rules_beside_the_dockerfile_go_before_the_context_s(context: Path) -> None:
    """``Dockerfile.dockerignore`` is read instead of ``.dockerignore``."""
    (context / ".dockerignore").write_text("src\n")
    (context / "Dockerfile.dockerignore").write_text("notes.txt\n")
    names = set(_packed(_pack(context)))
    assert "notes.txt" not in names
    assert "src/app.py" in names


def test_an_exception_with_a_wildcard_reaches_into_what_is_left_out(context: Path) -> None:
    """As BuildKit reads it, directories on the way included."""
    (context / ".dockerignore").write_text("*\n!**/*.py\n")
    entries = find_entries(context, read_ignore(context, context / "Dockerfile"))
    assert [entry.path for entry in entries] == ["src", "src/app.py"]


def test_what_is_packed_is_what_was_hashed(context: Path) -> None:
    """The archive has the entries, owned by root, and tells the same hash."""
    (context / "hard").hardlink_to(context / "notes.txt")
    archive = _pack(context)
    assert archive.context_hash == _hash(context)
    packed = _packed(archive)
    assert sorted(packed) == ["Dockerfile", "hard", "notes.txt", "src", "src/app.py"]
    assert {(item.uid, item.gid, item.uname) for item in packed.values()} == {(0, 0, "")}
    assert packed["hard"].isreg()
    assert packed["notes.txt"].isreg()


def test_a_file_that_changes_before_packing_shows_in_the_hash(context: Path) -> None:
    """What was approved and what would be sent can be told apart."""
    entries = find_entries(context, read_ignore(context, context / "Dockerfile"))
    before = hash_entries(entries)
    (context / "notes.txt").write_text("later\n")
    archive = pack(entries, context, context / "Dockerfile", b"FROM scratch\n")
    archive.file.close()
    assert archive.context_hash != before


def test_a_dockerfile_that_is_left_out_travels_and_is_taken_away_by_the_engine(
    context: Path,
) -> None:
    """The engine needs it, and removes what the .dockerignore that comes along names."""
    (context / ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
    archive = _pack(context)
    with archive.file, tarfile.open(fileobj=archive.file) as tar:
        rules = tar.extractfile(".dockerignore")
        assert rules is not None
        assert rules.read().split() == [b".dockerignore", b"Dockerfile"]
        assert "Dockerfile" in tar.getnames()
    assert archive.dockerfile == "Dockerfile"


def test_a_dockerfile_outside_the_context_gets_a_name_of_its_own(
    context: Path, tmp_path: Path
) -> None:
    """``docker build -f ../Dockerfile .`` works, and the context's own is not taken for it."""
    elsewhere = tmp_path / "Other"
    elsewhere.write_text("FROM scratch\n")
    archive = _pack(context, elsewhere)
    assert archive.dockerfile.startswith(".dockerfile.")
    assert archive.dockerfile in _packed(archive)


def test_sockets_are_not_sent(context: Path) -> None:
    """As with Docker, a socket is passed over."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(context / "s"))
        assert "s" not in _packed(_pack(context))


def test_a_context_that_is_no_directory_is_a_mistake_in_the_spec(tmp_path: Path) -> None:
    """The error names the path and the field."""
    with pytest.raises(UsageError, match="not a directory") as caught:
        find_entries(tmp_path / "nowhere", read_ignore(tmp_path, tmp_path / "Dockerfile"))
    assert "image.context" in caught.value.hint


def test_a_file_that_goes_away_is_named(context: Path) -> None:
    """A file that cannot be read ends the run with its name, not with a traceback."""
    entries = find_entries(context, read_ignore(context, context / "Dockerfile"))
    (context / "notes.txt").unlink()
    with pytest.raises(BuildError, match=r"notes\.txt"):
        hash_entries(entries)


def test_another_umask_makes_no_other_image(context: Path) -> None:
    """The same checkout under umask 002 and 022 is the same input, and is packed alike."""
    notes = context / "notes.txt"
    notes.chmod(0o644)
    before, packed = _hash(context), _packed(_pack(context))["notes.txt"].mode
    notes.chmod(0o664)
    assert _hash(context) == before
    assert _packed(_pack(context))["notes.txt"].mode == packed
    notes.chmod(0o666)
    assert _hash(context) != before
