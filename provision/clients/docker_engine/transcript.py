"""What the engine says while it builds, pulls and pushes, made readable (pure)."""

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from provision.errors import BuildError, EngineError

Event = Mapping[str, Any]
Report = Callable[[str], None]

_SHOWN_LINES = 20
"""Lines of a failed step's output that its error repeats."""
_NEWER_BUILDER = ("requires BuildKit", "failed to parse platform")
"""What the engine's own builder says of options that only BuildKit has."""
_EXIT_CODE = re.compile(r"The command '.*' returned a non-zero code: (\d+)", re.DOTALL)
_CACHE_LOST = re.compile(r"unable to find image \"?sha256:")
_ENGINES_OWN = (" ---> ", "Removing intermediate container ")
"""Beginnings of lines that are the engine's own bookkeeping, and tell nothing of a failure."""
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
"""Colours (the engine paints standard error red) and whatever else would drive the terminal."""
_STEP_WIDTH = 200
_MEGABYTE = 1_000_000


class CacheLostError(BuildError):
    """An image that the engine meant to reuse was removed while it looked; the build can go again.

    The engine walks over all its images when it looks for a cached step, and gives up when one of
    them goes meanwhile (moby, image/cache, getLocalCachedImage).
    """


def said(event: Event) -> str:
    """The error of an event, in the engine's words."""
    detail = event.get("errorDetail") or {}
    return str(detail.get("message") or event.get("error") or "no reason given").strip()


def _shortened(step: str) -> str:
    return step if len(step) <= _STEP_WIDTH else f"{step[:_STEP_WIDTH]}…"


class BuildTranscript:
    """Follows a build: passes its lines on, and keeps those of the step at hand.

    Args:
        report: takes each line.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._step = ""
        self._lines: deque[str] = deque(maxlen=2 * _SHOWN_LINES)
        self._partial = ""
        self._id = ""

    def take(self, event: Event) -> None:
        """Take the next event.

        Raises:
            BuildError: it says that the build failed.
        """
        if "error" in event or "errorDetail" in event:
            self._flush()
            raise self._failure(said(event))
        aux = event.get("aux")
        if isinstance(aux, Mapping) and "ID" in aux:
            self._id = str(aux["ID"])
        *whole, self._partial = (self._partial + str(event.get("stream", ""))).split("\n")
        for line in whole:
            self._line(line)

    def image_id(self) -> str:
        """The id of the finished image.

        Raises:
            EngineError: the engine stopped speaking before there was one.
        """
        self._flush()
        if not self._id:
            at = f" at {self._step}" if self._step else ""
            raise EngineError(
                f"Building the image: the Docker engine broke off{at}.",
                hint="Look whether it still runs (`docker info`), then run the same command again.",
            )
        return self._id

    def _flush(self) -> None:
        rest, self._partial = self._partial, ""
        self._line(rest)

    def _line(self, line: str) -> None:
        text = _CONTROL.sub("", line).rstrip()
        if not text:
            return
        if text.startswith("Step ") and " : " in text:
            self._step = text
            self._lines.clear()
        else:
            self._lines.append(text)
        self._report(text)

    def _failure(self, reason: str) -> BuildError:
        at = f" at {_shortened(self._step)}" if self._step else ""
        ended = _EXIT_CODE.fullmatch(reason)
        why = f"it ended with exit code {ended[1]}" if ended else reason
        output = [line for line in self._lines if not line.startswith(_ENGINES_OWN)]
        shown = "".join(f"\n  {line}" for line in output[-_SHOWN_LINES:])
        hint = ""
        if any(words in reason for words in _NEWER_BUILDER):
            hint = (
                "The engine's own builder is used here; write the step without BuildKit's options."
            )
        kind = CacheLostError if _CACHE_LOST.match(reason) else BuildError
        return kind(f"Building the image failed{at}: {why}{shown}", hint=hint)


class TransferTotals:
    """Follows layers on their way, as one line now and then instead of hundreds.

    Args:
        verb: ``pushing`` or ``pulling``.
        report: takes a line whenever another tenth is done or a layer is finished.
    """

    _FINISHED = ("Pushed", "Pull complete", "Layer already exists", "Already exists")
    _MOVING = ("Pushing", "Downloading", "Mounted from")

    def __init__(self, verb: str, report: Report) -> None:
        self._verb = verb
        self._report = report
        self._layers: dict[str, tuple[int, int]] = {}
        self._finished: set[str] = set()
        self._last = ""

    def __str__(self) -> str:
        """How much is done, as in ``3 of 4 layers, 12.0 of 50.1 MB``."""
        done, total = self._bytes
        sizes = f", {done / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB" if total else ""
        return f"{len(self._finished)} of {len(self._layers)} layers{sizes}"

    @property
    def _bytes(self) -> tuple[int, int]:
        layers = self._layers.values()
        return sum(done for done, _ in layers), sum(total for _, total in layers)

    def take(self, event: Event) -> None:
        """Take the next event; what is not about a layer is passed over."""
        layer, status = str(event.get("id", "")), str(event.get("status", ""))
        if not layer or not status.startswith(
            (*self._FINISHED, *self._MOVING, "Preparing", "Waiting")
        ):
            return
        detail = event.get("progressDetail") or {}
        done, total = self._layers.get(layer, (0, 0))
        if status.startswith(self._MOVING):
            done = int(detail.get("current") or done)
            total = max(total, int(detail.get("total") or 0), done)
        if status.startswith((*self._FINISHED, "Mounted from")):
            done = total
            self._finished.add(layer)
        self._layers[layer] = (done, total)
        self._tell()

    def _tell(self) -> None:
        done, total = self._bytes
        tenths = done * 10 // total if total else 0
        mark = f"{len(self._finished)}/{tenths}"
        if mark == self._last or not (done >= _MEGABYTE or self._finished):
            return
        self._last = mark
        self._report(f"{self._verb}: {self}")
