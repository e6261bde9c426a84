"""From files to specs: every document checked, every problem told at once."""

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from provision.resources import InvalidNameError, check_project_id, check_region
from provision.spec import nodes
from provision.spec.model import Setting, Spec
from provision.spec.nodes import Document
from provision.spec.problems import Problem, SpecError

STDIN = Path("-")


def load(
    paths: Sequence[Path], *, project: Setting | None = None, region: Setting | None = None
) -> tuple[Spec, ...]:
    """Read and check every service and job that the files declare.

    Args:
        paths: YAML files, in the order given; ``-`` is standard input.
        project: used where a document names none; one that `overrides` goes before the file.
        region: likewise.

    Returns:
        At least one spec, in the order of the files.

    Raises:
        SpecError: with all that is wrong in all files.
    """
    loader = _Loader(project, region)
    for path in dict.fromkeys(paths):
        loader.read(path)
    if not loader.problems and not loader.specs:
        named = ", ".join(str(path) for path in paths) or "no file was named"
        loader.problems.append(Problem(named, 0, 0, "", "no service or job is declared"))
    if loader.problems:
        raise SpecError(loader.problems)
    return tuple(loader.specs)


class _Loader:
    """Collects specs and problems over several files."""

    def __init__(self, project: Setting | None, region: Setting | None) -> None:
        self.problems: list[Problem] = []
        self.specs: list[Spec] = []
        self._settings = {"project": project, "region": region}
        self._places: dict[str, str] = {}

    def read(self, path: Path) -> None:
        """Read one file."""
        file = "<stdin>" if path == STDIN else str(path)
        begun = len(self.problems)
        documents: list[Document] = []
        self._read_into(documents, file, path)
        for document in documents:
            self._document(document, file, path)
        self.problems[begun:] = sorted(dict.fromkeys(self.problems[begun:]))

    def _read_into(self, documents: list[Document], file: str, path: Path) -> None:
        """Add the file's documents; those before a syntax error are checked all the same."""
        report = _Reporter(file, self.problems)
        try:
            for document in nodes.read_documents(_text(path), report):
                documents.append(document)  # noqa: PERF402 - keeps those before an error
        except yaml.MarkedYAMLError as error:
            self.problems.append(_yaml_problem(file, error))
        except yaml.YAMLError as error:
            self.problems.append(Problem(file, 1, 1, "", f"not YAML: {_flat(str(error))}"))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self.problems.append(Problem(file, 0, 0, "", f"cannot be read: {reason}"))
        except (ValueError, OverflowError) as error:
            self.problems.append(Problem(file, 1, 1, "", f"cannot be read: {_flat(str(error))}"))

    def _document(self, document: Document, file: str, path: Path) -> None:
        from provision.spec.check import problems_of, resolved

        report = _Reporter(file, self.problems)
        if not isinstance(document.value, dict):
            report((document.line, 1), (), "must be a mapping such as `service: orders`")
            return
        begun = len(self.problems)
        settings = {name: self._setting(name, document, report) for name in self._settings}
        for place, message, of_key in problems_of(document.value):
            if place not in document.refused:
                report(document.position(place, of_key=of_key), place, message)
        project, region = settings["project"], settings["region"]
        sound = len(self.problems) == begun and not document.refused
        if sound and project and region:
            directory = Path.cwd() if path == STDIN else path.resolve().parent
            source = f"{file}:{document.line}"
            spec = resolved(document.value, project, region, source=source, directory=directory)
            self._once(spec, document, report)

    def _setting(self, name: str, document: Document, report: "_Reporter") -> Setting | None:
        """Flag, then file, then what the environment and gcloud say."""
        raw = document.value
        inside = raw.get(name) if isinstance(raw, dict) else None
        outside = self._settings[name]
        line = document.position((name,))[0]
        if inside is not None and not (outside and outside.overrides):
            return Setting(str(inside), f"{report.file}:{line}")
        if outside is None:
            report((document.line, 1), (name,), _MISSING_SETTING.format(name=name))
            return None
        try:
            _SETTING_CHECKS[name](outside.value)
        except InvalidNameError as error:
            report((document.line, 1), (name,), f"{error} (from {outside.origin})")
        return outside

    def _once(self, spec: Spec, document: Document, report: "_Reporter") -> None:
        """Keep the spec, unless the same service or job was declared before."""
        position = document.position((spec.kind,), of_key=True)
        name = spec.resource_name.name
        if name in self._places:
            told = f"{spec.name} in {spec.region.value} is declared already"
            report(position, (spec.kind,), f"{told}, at {self._places[name]}")
            return
        self._places[name] = f"{report.file}:{position[0]}"
        if self._callers_once(spec, document, report):
            self.specs.append(spec)

    def _callers_once(self, spec: Spec, document: Document, report: "_Reporter") -> bool:
        """Whether what calls it is declared nowhere else: two would undo each other's work."""
        sound = True
        for path, caller in spec.placed_callers:
            position, name = document.position((*path, "name")), spec.full_name(caller)
            if name in self._places:
                told = f"{caller.name} is declared already, at {self._places[name]}"
                report(position, (*path, "name"), told)
                sound = False
            self._places.setdefault(name, f"{report.file}:{position[0]}")
        return sound


_SETTING_CHECKS = {"project": check_project_id, "region": check_region}
_MISSING_SETTING = (
    "required; name it here, with --{name}, in the environment, or in gcloud's configuration "
    "(gcloud config set …)"
)


class _Reporter:
    """Adds problems of one file."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self._problems = problems

    def __call__(self, position: nodes.Position, path: nodes.Path, message: str) -> None:
        self._problems.append(Problem(self.file, *position, dotted(path), message))


def dotted(path: nodes.Path) -> str:
    """A path as messages show it: ``invokers[1]``, ``image.build_args.VERSION``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _text(path: Path) -> str:
    limit = nodes.MAX_BYTES + 1
    if path == STDIN:
        data = sys.stdin.buffer.read(limit)
    else:
        with path.open("rb") as file:
            data = file.read(limit)
    if len(data) == limit:
        raise nodes.TooMuchError(f"longer than {nodes.MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from None


def _yaml_problem(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    told = " ".join(part for part in (error.context, error.problem) if part)
    return Problem(file, line, column, "", f"not YAML: {_flat(told)}")


def _flat(text: str) -> str:
    return " ".join(text.split())[:300]
