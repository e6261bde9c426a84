"""What the engine streams, made readable."""

import pytest

from provision.clients.docker_engine.transcript import (
    BuildTranscript,
    CacheLostError,
    TransferTotals,
)
from provision.errors import BuildError, EngineError


def test_lines_are_put_together_and_freed_of_colours() -> None:
    """Events cut lines anywhere; the engine paints standard error red."""
    lines: list[str] = []
    transcript = BuildTranscript(lines.append)
    for piece in ("Step 1/1 : FROM scr", "atch\n", "\x1b[91mwarn", "ing\x1b[0m\n", "\n"):
        transcript.take({"stream": piece})
    transcript.take({"aux": {"ID": "sha256:1"}})
    assert transcript.image_id() == "sha256:1"
    assert lines == ["Step 1/1 : FROM scratch", "warning"]


def test_a_failed_step_is_shown_with_its_last_lines() -> None:
    """The error has the step, how it ended, and twenty lines of its own output."""
    transcript = BuildTranscript(lambda _: None)
    transcript.take({"stream": "Step 1/2 : FROM scratch\n ---> 123\nfrom before\n"})
    transcript.take({"stream": "Step 2/2 : RUN make\n ---> Running in 4\n"})
    transcript.take({"stream": "".join(f"line {number}\n" for number in range(30))})
    reason = "The command '/bin/sh -c make' returned a non-zero code: 2"
    with pytest.raises(BuildError) as caught:
        transcript.take({"errorDetail": {"code": 2, "message": reason}, "error": reason})
    first, *output = str(caught.value).splitlines()
    assert first == "Building the image failed at Step 2/2 : RUN make: it ended with exit code 2"
    assert output == [f"  line {number}" for number in range(10, 30)]


def test_a_cache_that_was_cleared_meanwhile_is_no_failed_step() -> None:
    """The engine trips over an image that another program removed: told apart, to build again."""
    transcript = BuildTranscript(lambda _: None)
    reason = f'unable to find image "sha256:{"0" * 64}"'
    with pytest.raises(CacheLostError):
        transcript.take({"errorDetail": {"message": reason}, "error": reason})


def test_a_stream_that_ends_early_is_the_engine_s_failure() -> None:
    """Without an image id nothing was built, whatever came before."""
    transcript = BuildTranscript(lambda _: None)
    transcript.take({"stream": "Step 1/2 : FROM scratch\n"})
    with pytest.raises(EngineError, match=r"broke off at Step 1/2"):
        transcript.image_id()


def test_layers_on_their_way_are_few_lines() -> None:
    """A thousand events make a dozen lines, and the last one says that all is done."""
    lines: list[str] = []
    totals = TransferTotals("pushing", lines.append)
    totals.take({"status": "The push refers to repository [x]"})
    totals.take({"status": "Preparing", "id": "a", "progressDetail": {}})
    for done in range(0, 5_000_001, 5000):
        detail = {"current": done, "total": 5_000_000}
        totals.take({"status": "Pushing", "id": "a", "progressDetail": detail})
    totals.take({"status": "Layer already exists", "id": "b"})
    totals.take({"status": "Pushed", "id": "a"})
    assert len(lines) <= 14
    assert lines[-1] == "pushing: 2 of 2 layers, 5.0 of 5.0 MB"
