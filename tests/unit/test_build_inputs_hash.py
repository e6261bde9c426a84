"""The hash of the inputs: everything that goes into an image is in it."""

import pytest

from provision.image.bases import ResolvedBase
from provision.image.dockerfile import Base
from provision.image.inputs import hash_inputs, inputs_tag
from provision.resources import ImageReference

_BASE = ResolvedBase(Base("python:3"), "sha256:" + "1" * 64)
_SAME = {
    "dockerfile": b"FROM python:3\n",
    "target": "",
    "build_args": {"A": "1", "B": "2"},
    "bases": [_BASE],
    "context_hash": "0" * 64,
}


def _hash(**changes: object) -> str:
    return hash_inputs(**(_SAME | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"dockerfile": b"FROM python:3\nRUN true\n"},
        {"target": "test"},
        {"build_args": {"A": "1"}},
        {"build_args": {"A": "2", "B": "2"}},
        {"bases": []},
        {"bases": [ResolvedBase(Base("python:3"), "sha256:" + "2" * 64)]},
        {"context_hash": "1" * 64},
    ],
)
def test_a_change_in_any_input_changes_the_hash(change: dict[str, object]) -> None:
    """A base that moved, an argument, a target: each makes another image."""
    assert _hash(**change) != _hash()


def test_the_order_of_arguments_and_where_a_base_was_found_do_not_matter() -> None:
    """What makes no other image makes no other hash."""
    assert _hash(build_args={"B": "2", "A": "1"}) == _hash()
    assert _hash(bases=[ResolvedBase(_BASE.base, _BASE.digest, local=True)]) == _hash()


def test_the_tag_is_one_that_registries_accept() -> None:
    """``inputs-`` and the first 40 digits, within the 128 characters of a tag."""
    tag = inputs_tag(_hash())
    assert tag == f"inputs-{_hash()[:40]}"
    assert ImageReference.parse(f"127.0.0.1:5000/a/b:{tag}").tag == tag
