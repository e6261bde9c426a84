"""`audit.yaml`: what a team accepts, until when and why, and what is its own. Reads files.

    internal: {domains: [example.com], customers: [C01234567], projects: [shared-ci]}
    specs: [provision.yaml]
    rules:
      stale-key: {days: 60, severity: high}
      narrower-role: {ignore: true}
    accept:
      - rule: public-by-binding
        resource: //run.googleapis.com/projects/shop/locations/*/services/window
        owner: ann@example.com
        reason: the shop's window
        until: 2027-06-30

Everything that is wrong is told at once, with its line; nothing unknown is passed over.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from provision.audit.settings import Settings
from provision.audit.settings_file import Reader
from provision.errors import UsageError

if TYPE_CHECKING:
    from provision.spec import Setting
    from provision.spec.nodes import Document

__all__ = ["Settings", "load"]


def load(
    path: Path, *, project: "Setting | None" = None, region: "Setting | None" = None
) -> Settings:
    """Read a team's settings.

    Args:
        path: of the file; specs that it names are found beside it.
        project: for specs that name none.
        region: likewise.

    Raises:
        UsageError: with all that is wrong in it.
        SpecError: with all that is wrong in specs that it names.
    """
    from provision.spec import load as load_specs

    reader = Reader(str(path))
    documents = _documents(path, reader)
    if len(documents) > 1:
        reader.say((documents[1].line, 1), (), "one document is enough: write it all in the first")
    settings = reader.settings(documents[0]) if documents else Settings(file=str(path))
    reader.check()
    files = []
    for index, pattern in enumerate(reader.specs):
        found = _matching(path.parent, pattern)
        files += found
        if not found:
            reader.say(documents[0].position(("specs", index)), ("specs", index), "matches no file")
    reader.check()
    if not files:
        return settings
    return replace(settings, specs=load_specs(files, project=project, region=region))


def _documents(path: Path, reader: Reader) -> list["Document"]:
    import yaml

    from provision.spec.nodes import read_documents

    try:
        text = path.read_bytes().decode("utf-8-sig")
        return list(read_documents(text, reader.say))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reader.say(at, (), f"not YAML: {error.problem or error.context}")
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        reader.say((1, 1), (), f"cannot be read: {' '.join(str(error).split())}")
    except OSError as error:
        raise UsageError(f"Reading {path}: {error.strerror}.") from error
    return []


def _matching(directory: Path, pattern: str) -> list[Path]:
    """The files that a pattern means; a name without ``*`` means itself, there or not."""
    if "*" not in pattern:
        return [directory / pattern]
    place = Path(pattern)
    base = Path(place.anchor) if place.is_absolute() else directory
    return sorted(base.glob(str(place.relative_to(place.anchor))))
