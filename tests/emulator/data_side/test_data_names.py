"""Image names and references, as they are read before anything touches a disk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.emulator.registry.names import is_digest, parse_name, parse_reference
from provision.emulator.registry.refusals import Refusal
from provision.emulator.seams import RepositoryKey

OWN = ("127.0.0.1:5000", "localhost:5000")
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "key", "package", "target"),
    [
        ("127.0.0.1:5000/eu/p/r/a/b", ("p", "eu", "r"), "a/b", "latest"),
        ("localhost:5000/eu/p/r/a:v1", ("p", "eu", "r"), "a", "v1"),
        ("eu-docker.pkg.dev/p/r/a", ("p", "eu", "r"), "a", "latest"),
        (f"asia-east1-docker.pkg.dev/p/r/a:v1@{DIGEST}", ("p", "asia-east1", "r"), "a", DIGEST),
        ("gcr.io/p/a", ("p", "us", "gcr.io"), "a", "latest"),
        ("us.gcr.io/p/a/b:v1", ("p", "us", "us.gcr.io"), "a/b", "v1"),
        ("eu.gcr.io/p/a", ("p", "europe", "eu.gcr.io"), "a", "latest"),
        ("asia.gcr.io/p/a", ("p", "asia", "asia.gcr.io"), "a", "latest"),
        ("127.0.0.1:5000/us/p/gcr.io/a", ("p", "us", "gcr.io"), "a", "latest"),
    ],
)
def test_every_form_is_read(
    reference: str, key: tuple[str, str, str], package: str, target: str
) -> None:
    """Google's forms and the emulator's own lead to repository, package and tag or digest."""
    found = parse_reference(reference, OWN)
    assert found is not None
    assert found.name.repository == RepositoryKey(*key)
    assert (found.name.package, found.target) == (package, target)


@pytest.mark.parametrize(
    "reference",
    [
        "docker.io/library/app",
        "127.0.0.1:5001/eu/p/r/a",
        "evil-docker.pkg.dev.example.com/p/r/a",
        "127.0.0.1:5000/eu/p/r",
        "127.0.0.1:5000/eu/p/r/../a",
        "127.0.0.1:5000/eu/p/r/a:",
        "127.0.0.1:5000/eu/p/r/a@sha256:1",
        "127.0.0.1:5000/eu/p/r/a:x/y",
        "gcr.io/p",
    ],
)
def test_what_is_not_ours_is_nothing(reference: str) -> None:
    """Other hosts, incomplete names and malformed tags or digests are no image of ours."""
    assert parse_reference(reference, OWN) is None


@given(st.text(max_size=60))
def test_no_name_can_climb(name: str) -> None:
    """Whatever the text, it is refused or its parts are plain names."""
    try:
        found = parse_name("127.0.0.1:5000", name)
    except Refusal:
        return
    parts = [*vars(found.repository).values(), *found.package.split("/")]
    assert all(part and not part.startswith(".") for part in parts)


@given(st.text(max_size=80))
def test_only_a_digest_is_a_digest(text: str) -> None:
    """What is taken for a digest has nothing in it but hex digits after its prefix."""
    assert is_digest(text) is (
        text.startswith("sha256:") and len(text) == 71 and set(text[7:]) <= set("0123456789abcdef")
    )
