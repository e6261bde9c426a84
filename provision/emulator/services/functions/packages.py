"""What a function's image gets from the emulator's own environment, so that no network is needed.

Google's builds run pip; here functions-framework and whatever ``requirements.txt`` asks for are
copied as they are installed beside the emulator.
"""

import base64
import hashlib
import importlib.metadata as installed
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from provision.emulator.services.functions.archive import SourceError

FRAMEWORK = "functions-framework"


@cache
def framework() -> tuple[str, ...]:
    """functions-framework and all that it needs, by their names."""
    return closure([Requirement(FRAMEWORK)])


def needed(text: str) -> tuple[str, ...]:
    """functions-framework, what a ``requirements.txt`` asks for, and all that they need.

    Raises:
        SourceError: something of it is not there.
    """
    asked = closure([_requirement(line) for line in _lines(text)])
    return tuple(sorted({*framework(), *asked}))


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        plain = line.partition(" #")[0].strip()
        if plain and not plain.startswith("#"):
            # Hashes say what pip may download; nothing is downloaded here.
            yield plain.partition(" --hash")[0].strip()


def _requirement(line: str) -> Requirement:
    try:
        found = Requirement(line)
    except InvalidRequirement:
        found = None
    if found is None or found.url:
        raise SourceError(
            f"requirements.txt: this emulator installs nothing, and cannot do what '{line}' asks "
            "for; packages by name and version that are installed beside it are copied"
        )
    return found


def closure(wanted: list[Requirement]) -> tuple[str, ...]:
    """Names of installed packages that fulfil requirements, and of what those need, sorted.

    Raises:
        SourceError: one is not installed beside the emulator, or in another version.
    """
    found: dict[str, set[str]] = {}
    waiting = [one for one in wanted if one.marker is None or one.marker.evaluate()]
    while waiting:
        one = waiting.pop()
        name, package = _installed(one)
        extras = set(one.extras) | {""}
        if extras <= found.get(name, set()):
            continue
        found.setdefault(name, set()).update(extras)
        for line in package.requires or ():
            needed = Requirement(line)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return tuple(sorted(found))


def _installed(wanted: Requirement) -> tuple[str, installed.Distribution]:
    try:
        package = installed.distribution(wanted.name)
    except installed.PackageNotFoundError:
        version = None
    else:
        version = package.version
        if wanted.specifier.contains(version, prereleases=True):
            return str(package.metadata["Name"]), package
    there = f"{version} is there" if version else "it is not there"
    raise SourceError(
        f"requirements.txt: this emulator installs nothing; it copies what is installed beside it, "
        f"and of '{wanted}' {there}. Install it into the emulator's environment "
        f"({sys.prefix}) and deploy again"
    )


def files(names: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Every file of the packages that belongs into a folder of packages, with its path there."""
    for name in names:
        for one in installed.distribution(name).files or ():
            path = Path(str(one.locate()))
            own = ".." not in one.parts and "__pycache__" not in one.parts
            if own and path.is_file() and not _overwritten(one, path):
                yield str(one), path


def _overwritten(one: installed.PackagePath, path: Path) -> bool:
    """Whether another package put a file of its own there.

    ``google/cloud/functions/__init__.py`` is of functions-framework and of Google's client alike.
    """
    if one.hash is None:
        return False
    found = hashlib.new(one.hash.mode, path.read_bytes()).digest()
    return base64.urlsafe_b64encode(found).decode().rstrip("=") != one.hash.value


def compiled(names: tuple[str, ...]) -> list[str]:
    """Packages that work with this very version of Python alone: those with compiled modules.

    What functions-framework needs has a form in plain Python beside any compiled one.
    """
    own = set(framework())
    return sorted(
        name
        for name in names
        if name not in own and any(path.endswith(".so") for path, _ in files((name,)))
    )
