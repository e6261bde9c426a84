"""A function's source, read from its archive and looked at before anything is built; pure."""

import ast
import io
import stat
import zipfile
from pathlib import PurePosixPath

_MAX_BYTES = 512 * 1024 * 1024
_MAX_FILES = 20_000
_MAIN = "main.py"
_NO_MAIN = (
    "missing main.py and GOOGLE_FUNCTION_SOURCE not specified. Either create the function in "
    "main.py or specify GOOGLE_FUNCTION_SOURCE to point to the file that contains the function"
)


class SourceError(Exception):
    """The source cannot be built; the text says why."""


def read_archive(content: bytes) -> dict[str, bytes]:
    """The files of a zip archive by their paths. Raises `SourceError`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > _MAX_FILES or sum(one.file_size for one in entries) > _MAX_BYTES:
                raise SourceError("the source archive is too large")
            return {_path(one): archive.read(one) for one in entries}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise SourceError(f"the source archive cannot be read: {error}") from None


def _path(entry: zipfile.ZipInfo) -> str:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or stat.S_ISLNK(entry.external_attr >> 16):
        raise SourceError(f"the source archive has a path that leads elsewhere: {entry.filename}")
    return str(path)


def check_source(files: dict[str, bytes]) -> None:
    """Raise `SourceError` for what a build cannot use: no ``main.py``, or files with errors."""
    if _MAIN not in files:
        raise SourceError(_NO_MAIN)
    for path, content in sorted(files.items()):
        if path.endswith(".py"):
            _parse(path, content)


def _parse(path: str, content: bytes) -> ast.Module:
    try:
        return ast.parse(content, filename=path)
    except SyntaxError as error:
        line = (error.text or "").rstrip()
        shown = f"\n    {line.strip()}" if line else ""
        raise SourceError(
            f"*** Error compiling './{path}'...\n  File \"./{path}\", line {error.lineno}{shown}\n"
            f"{type(error).__name__}: {error.msg}"
        ) from None
    except ValueError as error:  # null bytes
        raise SourceError(f"*** Error compiling './{path}'...\n{error}") from None


def missing_function(files: dict[str, bytes], entry_point: str) -> str | None:
    """What is said when ``main.py`` has no such function; None when it has, or may have.

    It is looked for where a module's names are made; where they can come from elsewhere, nothing
    can be told without running it.
    """
    tree = _parse(_MAIN, files[_MAIN])
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((one.asname or one.name).partition(".")[0] for one in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Name) and node.id in ("globals", "exec", "setattr"):
            names.add("*")
    if entry_point in names or "*" in names:
        return None
    defined = [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]
    found = ", ".join(defined) or "no function"
    return (
        f"File main.py is expected to contain a function named '{entry_point}'. "
        f"Found: '{found}' instead"
    )
