"""Which base images a Dockerfile needs."""

import pytest

from provision.errors import BuildError, UsageError
from provision.image.dockerfile import Base, find_bases


def _images(text: str, target: str = "", **build_args: str) -> list[str]:
    return [base.image for base in find_bases(text, build_args, target)]


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM python:3.13-slim\n", ["python:3.13-slim"]),
        ("FROM scratch\nCOPY . /\n", []),
        ("from alpine as one\nfrom ONE\n", ["alpine"]),
        ("FROM a AS x\nFROM b\nCOPY --from=x /f /f\nCOPY --from=c:1 /f /f\n", ["a", "b", "c:1"]),
        ("FROM a\nFROM b\nCOPY --chown=1:1 --from=0 /f /f\n", ["a", "b"]),
        ("FROM a\nRUN --mount=type=bind,from=tools,target=/t true\n", ["a", "tools"]),
        ("# FROM no\nFROM --platform=linux/amd64 \\\n  a\n", ["a"]),
        ("FROM a\nRUN echo \\\n  FROM b\n", ["a"]),
        ("# escape=`\nFROM `\n a\n", ["a"]),
    ],
)
def test_stages_and_scratch_are_no_base_images(text: str, images: list[str]) -> None:
    """Only what comes from elsewhere is a base image, each once and sorted."""
    assert _images(text) == images


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("img:$V", "img:1"),
        ("img:${V}", "img:1"),
        ("img:${NONE:-2}", "img:2"),
        ("img:${V:-2}", "img:1"),
        ("img${V:+:plus}", "img:plus"),
        ("img${NONE:+:plus}", "img"),
        ('"img:$V"', "img:1"),
        ("img:$TARGETARCH", "img:amd64"),
    ],
)
def test_arguments_before_the_first_from_are_filled_in(image: str, expected: str) -> None:
    """Every form of substitution that Docker documents for FROM."""
    assert _images(f"ARG V=1\nARG NONE\nFROM {image}\n") == [expected]


def test_a_build_argument_goes_before_the_default() -> None:
    """``--build-arg`` fills in what ARG declares, and nothing that it does not."""
    assert _images("ARG BASE=a\nFROM $BASE\n", BASE="b") == ["b"]
    assert _images("ARG A=x\nARG B=${A}-y\nFROM $B\n", A="z") == ["z-y"]
    with pytest.raises(UsageError, match="comes out empty"):
        _images("FROM $BASE\n", BASE="b")


def test_an_argument_within_a_stage_does_not_reach_the_next_from() -> None:
    """Docker fills FROM in with what stands before the first FROM alone."""
    assert _images("ARG V=1\nFROM a:$V\nARG V=2\nFROM b:$V\n") == ["a:1", "b:1"]


@pytest.mark.parametrize("target", ["one", "ONE", "0"])
def test_stages_after_the_target_are_not_needed(target: str) -> None:
    """Bases of later stages change nothing in the image."""
    text = "FROM a AS one\nCOPY --from=x /f /f\nFROM b\nCOPY --from=c /f /f\n"
    assert _images(text, target) == ["a", "x"]


def test_a_target_that_is_not_there_is_named_with_those_that_are() -> None:
    """A misspelt target is an error that shows the choice."""
    with pytest.raises(UsageError, match=r"no stage 'tow'.*one, two"):
        _images("FROM a AS one\nFROM b AS two\n", "tow")


def test_a_dockerfile_without_from_is_refused() -> None:
    """There is nothing to build from."""
    with pytest.raises(BuildError, match="no FROM"):
        _images("RUN true\n")


def test_a_base_of_another_platform_says_so() -> None:
    """A stage that is built elsewhere on purpose is not held to linux/amd64."""
    assert find_bases("FROM --platform=linux/arm64 a\n", {}) == (Base("a", "linux/arm64"),)
    assert find_bases("FROM --platform=$BUILDPLATFORM a\n", {}) == (Base("a", "linux/amd64"),)
