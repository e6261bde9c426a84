"""The hash of everything that goes into an image: the same inputs need no second build.

What a step fetches while it runs (`RUN apt-get …`, `ADD https://…`) is not among the inputs, as
little as for Docker's own cache: pin it in the Dockerfile where it matters.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from provision.errors import BuildError, PlanOutdatedError
from provision.image.archive import Archive, pack
from provision.image.bases import Bases, ResolvedBase
from provision.image.context import Entry, FileIds, find_entries, hash_entries, read_ignore
from provision.image.dockerfile import PLATFORM, find_bases
from provision.spec import BuiltImage

SCHEME = 1
"""Counts up whenever the hash is made of something else, so that no old image is taken for new."""

LABEL = "provision.inputs"
"""The label that says of an image what it was built from."""

_TAG_LENGTH = 40


@dataclass(frozen=True)
class Inputs:
    """What goes into an image.

    Args:
        hash: SHA-256 of it all, in hexadecimal.
        context_hash: of the files alone.
        dockerfile: the Dockerfile's text.
        bases: the images it starts from.
        entries: the files.
    """

    hash: str
    context_hash: str
    dockerfile: bytes
    bases: tuple[ResolvedBase, ...]
    entries: tuple[Entry, ...]

    @property
    def tag(self) -> str:
        """The tag under which an image of these inputs is looked for in its repository."""
        return inputs_tag(self.hash)


def inputs_tag(digest: str) -> str:
    """The tag for a hash of inputs: a tag may have 128 characters, and a person reads it."""
    return f"inputs-{digest[:_TAG_LENGTH]}"


def hash_inputs(
    *,
    dockerfile: bytes,
    target: str,
    build_args: Mapping[str, str],
    bases: Sequence[ResolvedBase],
    context_hash: str,
) -> str:
    """SHA-256 over everything that an image is built from, in hexadecimal."""
    parts = {
        "scheme": SCHEME,
        "platform": PLATFORM,
        "dockerfile": hashlib.sha256(dockerfile).hexdigest(),
        "target": target,
        "build_args": dict(build_args),
        "bases": sorted([item.base.image, item.base.platform, item.digest] for item in bases),
        "context": context_hash,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class InputsReader:
    """Reads the inputs of one image, once: every stage of a run speaks of the same ones.

    Args:
        image: what the spec says.
        bases: resolves base images.
        report: takes a line of what is being done.
        own_output: files that this command's output goes to; they are not sent.
    """

    image: BuiltImage
    bases: Bases
    report: Callable[[str], None]
    own_output: FileIds = frozenset()

    @cached_property
    def inputs(self) -> Inputs:
        """The inputs as they are.

        Raises:
            UsageError: the context or a pattern in .dockerignore cannot be used.
            BuildError: no Dockerfile, an unreadable file, or a base that cannot be had.
        """
        image = self.image
        dockerfile = self._read_dockerfile()
        self.report(f"reading the build context {image.context}")
        ignore = read_ignore(image.context, image.dockerfile)
        entries = find_entries(image.context, ignore, self.own_output)
        context_hash = hash_entries(entries)
        text = dockerfile.decode("utf-8-sig", errors="surrogateescape")
        found = find_bases(text, image.build_args, image.target)
        bases = tuple(self.bases.resolve(base) for base in found)
        digest = hash_inputs(
            dockerfile=dockerfile,
            target=image.target,
            build_args=image.build_args,
            bases=bases,
            context_hash=context_hash,
        )
        return Inputs(digest, context_hash, dockerfile, bases, entries)

    @property
    def local_name(self) -> str:
        """What the image is called in the engine."""
        return f"{self.image.name}:{self.inputs.tag}"

    def pack(self) -> Archive:
        """The context as an archive for the engine.

        Raises:
            PlanOutdatedError: files have changed since they were hashed.
            BuildError: one cannot be read.
        """
        image, inputs = self.image, self.inputs
        archive = pack(inputs.entries, image.context, image.dockerfile, inputs.dockerfile)
        if archive.context_hash != inputs.context_hash:
            archive.file.close()
            raise PlanOutdatedError(
                f"Packing the build context {image.context}: files in it changed meanwhile.",
                hint="Run the same command again when nothing writes to it.",
            )
        return archive

    def _read_dockerfile(self) -> bytes:
        path = self.image.dockerfile
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise BuildError(
                f"There is no Dockerfile at {path}.",
                hint="`provision init` writes one to begin with; `image.dockerfile` names another.",
            ) from None
        except OSError as error:
            raise BuildError(f"Reading {path}: {error.strerror}.") from error
