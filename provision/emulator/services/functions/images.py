"""Making a function's image: a base with Python, functions-framework, and the source."""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Iterable

import aiohttp

from provision.emulator.function_seams import BuildError, ImageToBuild
from provision.emulator.services.functions import packages

_PACKAGES = "layers/google.python.pip/pip"
_WORKSPACE = "workspace"
_OCI = "application/vnd.oci.image"
_SECONDS = aiohttp.ClientTimeout(total=60)
_CREATED = 201


def context(base: str, files: dict[str, bytes], names: tuple[str, ...], entry_point: str) -> bytes:
    """The context of an engine's build, a tar archive with a Dockerfile.

    Args:
        base: the base image.
        files: the source.
        names: the packages that it needs.
        entry_point: the function in ``main.py``.
    """
    dockerfile = _dockerfile(base, entry_point, packages.compiled(names))
    content = {"Dockerfile": dockerfile.encode()}
    for path, file in packages.files(names):
        content[f"{_PACKAGES}/{path}"] = file.read_bytes()
    content.update((f"{_WORKSPACE}/{path}", text) for path, text in files.items())
    return _tar(content.items())


def _dockerfile(base: str, entry_point: str, compiled: list[str]) -> str:
    checks = "import functions_framework"
    if compiled:
        version = sys.version_info[:2]
        words = f"{', '.join(compiled)}: compiled for Python {version[0]}.{version[1]} alone"
        checks += f", sys; sys.version_info[:2] == {version} or sys.exit({words!r})"
    lines = (
        f"FROM {base}",
        f"COPY {_PACKAGES} /{_PACKAGES}",
        f"ENV PYTHONPATH=/{_PACKAGES} PYTHONUNBUFFERED=TRUE",
        f"RUN {json.dumps(['python3', '-c', checks])}",
        f"COPY {_WORKSPACE} /{_WORKSPACE}",
        f"WORKDIR /{_WORKSPACE}",
        f"ENV FUNCTION_TARGET={json.dumps(entry_point)} FUNCTION_SIGNATURE_TYPE=http",
        f"ENTRYPOINT {json.dumps(['python3', '-m', 'functions_framework'])}",
        "CMD []",
    )
    return "\n".join(lines) + "\n"


def _tar(files: Iterable[tuple[str, bytes]]) -> bytes:
    """An archive that is the same for the same files: the engine then finds what it built."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for path, content in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()


async def push_source(image: ImageToBuild, entry_point: str) -> None:
    """Push an image that holds the source alone, where no engine is there to build and run it.

    Args:
        image: where it goes; its context is the source's archive.
        entry_point: as the image's configuration tells it.

    Raises:
        BuildError: the registry refused it.
    """
    layer = gzip.compress(image.context, mtime=0)
    configuration = {
        "os": "linux",
        "architecture": "amd64",
        "config": {"Env": [f"FUNCTION_TARGET={entry_point}"]},
        "rootfs": {"type": "layers", "diff_ids": [_digest(image.context)]},
    }
    headers = {"Authorization": f"Bearer {image.token}"}
    async with aiohttp.ClientSession(headers=headers, timeout=_SECONDS) as session:
        parts = (
            (f"{_OCI}.config.v1+json", json.dumps(configuration).encode()),
            (f"{_OCI}.layer.v1.tar+gzip", layer),
        )
        pushed = [await _push_blob(session, image.reference, *part) for part in parts]
        await _push_manifest(session, image.reference, pushed)


def source_archive(files: dict[str, bytes]) -> bytes:
    """The source as a layer of an image."""
    return _tar((f"{_WORKSPACE}/{path}", content) for path, content in files.items())


async def _push_blob(
    session: aiohttp.ClientSession, reference: str, kind: str, content: bytes
) -> dict[str, object]:
    digest = _digest(content)
    url = f"{_repository(reference)}/blobs/uploads/?digest={digest}"
    async with session.post(url, data=content) as answer:
        await _check(answer)
    return {"mediaType": kind, "digest": digest, "size": len(content)}


async def _push_manifest(
    session: aiohttp.ClientSession, reference: str, parts: list[dict[str, object]]
) -> None:
    kind = f"{_OCI}.manifest.v1+json"
    document = {"schemaVersion": 2, "mediaType": kind, "config": parts[0], "layers": parts[1:]}
    url = f"{_repository(reference)}/manifests/{reference.rpartition(':')[2]}"
    headers = {"Content-Type": kind}
    async with session.put(url, data=json.dumps(document).encode(), headers=headers) as answer:
        await _check(answer)


async def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status != _CREATED:
        raise BuildError(f"the registry answered {answer.status}: {await answer.text()}")


def _repository(reference: str) -> str:
    host, _, path = reference.partition("/")
    return f"http://{host}/v2/{path.rpartition(':')[0]}"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
