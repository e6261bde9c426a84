"""Which images a Dockerfile starts from (pure)."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provision.errors import BuildError, UsageError

PLATFORM = "linux/amd64"
"""The only platform that Cloud Run runs: https://cloud.google.com/run/docs/container-contract."""

_AUTOMATIC = {
    f"{side}{name}": value
    for side in ("TARGET", "BUILD")
    for name, value in (("PLATFORM", PLATFORM), ("OS", "linux"), ("ARCH", "amd64"), ("VARIANT", ""))
}
_VARIABLE = re.compile(
    r"\\(?P<escaped>.)|\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?::(?P<how>[-+?])(?P<word>[^}]*))?\})"
)
_FROM = re.compile(
    r"(?P<flags>(?:--\S+\s+)*)(?P<image>\S+)(?:\s+as\s+(?P<stage>\S+))?", re.IGNORECASE
)
_COPY_FROM = re.compile(r"--from=(?P<image>\S+)")
_MOUNT_FROM = re.compile(r"--mount=\S*?\bfrom=(?P<image>[^\s,]+)")


@dataclass(frozen=True, order=True)
class Base:
    """An image that a build starts from or copies out of.

    Args:
        image: as written, with arguments filled in.
        platform: ``os/architecture`` that must be there.
    """

    image: str
    platform: str = PLATFORM


def find_bases(text: str, build_args: Mapping[str, str], target: str = "") -> tuple[Base, ...]:
    """The images that the stages up to `target` need from elsewhere, each once, sorted.

    Earlier stages and ``scratch`` are not among them.

    Args:
        text: the Dockerfile.
        build_args: what fills in ``ARG``.
        target: name or number of the stage to stop at; empty for the last one.

    Raises:
        BuildError: nothing to start from, or no such stage.
        UsageError: an argument is needed and has no value.
    """
    reader = _Reader(dict(build_args), target.lower())
    for instruction, value in _instructions(text):
        reader.read(instruction, value)
    return reader.result(target)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    from dockerfile_parse.parser import DockerfileParser

    file = io.BytesIO(text.encode("utf-8", errors="surrogateescape"))
    parser = DockerfileParser(fileobj=file)  # type: ignore[no-untyped-call]
    for item in parser.structure:
        if item["instruction"] != "COMMENT":
            yield item["instruction"], item["value"].strip()


class _Reader:
    """Goes through the instructions, with what is known by then."""

    def __init__(self, given: dict[str, str], target: str) -> None:
        self._given = given
        self._target = target
        self._arguments = dict(_AUTOMATIC)
        self._stages: list[str] = []
        self._bases: set[Base] = set()

    @property
    def _done(self) -> bool:
        """Whether the target stage was read and another one began."""
        return self._names_stage(self._target, self._stages[:-1])

    def read(self, instruction: str, value: str) -> None:
        if instruction == "FROM":
            self._read_from(value)
        elif self._done:
            return
        elif instruction == "ARG" and not self._stages:
            self._read_arguments(value)
        elif instruction in {"COPY", "ADD"}:
            self._add_all(_COPY_FROM.findall(value))
        elif instruction == "RUN":
            self._add_all(_MOUNT_FROM.findall(value))

    def result(self, target: str) -> tuple[Base, ...]:
        if not self._stages:
            raise BuildError(
                "The Dockerfile has no FROM instruction, so there is nothing to build."
            )
        if target and not self._names_stage(self._target, self._stages):
            named = ", ".join(name for name in self._stages if name) or "none has a name"
            raise UsageError(f"The Dockerfile has no stage {target!r}; its stages: {named}.")
        return tuple(sorted(self._bases))

    def _read_arguments(self, value: str) -> None:
        """``ARG NAME[=DEFAULT] …`` before the first FROM; only these reach FROM."""
        for name, default in re.findall(r"(\w+)(?:=(\"[^\"]*\"|'[^']*'|\S*))?", value):
            filled = self._filled(default.strip("\"'"))
            if name in self._given or default or name not in self._arguments:
                self._arguments[name] = self._given.get(name, filled)

    def _read_from(self, value: str) -> None:
        parts = _FROM.fullmatch(value)
        if parts is None:
            raise BuildError(f"The Dockerfile's `FROM {value}` cannot be read.")
        done = self._names_stage(self._target, self._stages)
        image = self._filled(parts["image"])
        if not image:
            raise UsageError(
                f"The Dockerfile's `FROM {value}` comes out empty.",
                hint="Give the argument a default there, or a value in image.build_args.",
            )
        if not done:
            platform = re.search(r"--platform=(\S+)", parts["flags"])
            self._add(image, self._filled(platform[1]) if platform else PLATFORM)
        self._stages.append((parts["stage"] or "").lower())

    def _add_all(self, images: list[str]) -> None:
        for image in images:
            if not (image.isdigit() and int(image) < len(self._stages)):
                self._add(image, PLATFORM)

    def _add(self, image: str, platform: str) -> None:
        if image.lower() not in {*self._stages, "scratch"}:
            self._bases.add(Base(image, platform))

    @staticmethod
    def _names_stage(target: str, stages: list[str]) -> bool:
        if target.isdigit():
            return int(target) < len(stages)
        return bool(target) and target in stages

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(self._value, text.strip("\"'"))

    def _value(self, match: re.Match[str]) -> str:
        if match["escaped"]:
            return match["escaped"]
        value = self._arguments.get(match["bare"] or match["name"], "")
        if match["how"] == "+":
            return match["word"] if value else ""
        return value or (match["word"] if match["how"] == "-" else "")
