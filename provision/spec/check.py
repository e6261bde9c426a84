"""One document against the border: what is wrong with it, or the spec that it declares."""

from collections.abc import Iterator, Mapping
from dataclasses import fields as dataclass_fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from provision.resources import ImageReference, ProjectName, RepositoryName, ServiceAccountName
from provision.spec import nodes
from provision.spec.border import ImageFields, JobFields, ServiceFields
from provision.spec.call_resolving import CALLERS, callers_of, workflows_of
from provision.spec.kinds import FOREIGN, MAX_TASKS, kind_of
from provision.spec.model import (
    BuiltImage,
    GivenImage,
    Ingress,
    JobSpec,
    Kind,
    SecretReference,
    ServiceSpec,
    Setting,
    Spec,
)
from provision.spec.rules import cross_problems, default_account
from provision.spec.values import MAX_RETRIES, split_secret

FIELDS: Mapping[Kind, type[ServiceFields | JobFields]] = {
    Kind.SERVICE: ServiceFields,
    Kind.JOB: JobFields,
}
"""The border of each kind."""


def problems_of(raw: Mapping[str, object]) -> Iterator[tuple[nodes.Path, str, bool]]:
    """Everything wrong with a document: path, message, and whether the key is what is wrong."""
    kind = kind_of(raw)
    if kind is None:
        yield ("kind",), _unknown_word(raw["kind"], list(Kind)), False
        return
    yield from ((path, message, True) for path, message in cross_problems(raw, kind))
    try:
        FIELDS[kind].model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            of_key = detail["loc"][-1:] == ("[key]",) or detail["type"] == "extra_forbidden"
            path = tuple(step for step in detail["loc"] if step != "[key]")
            message = _message(detail, path, kind)
            yield _in_the_file(path, detail["type"]), message, of_key


def _in_the_file(path: nodes.Path, fault: str) -> nodes.Path:
    """Where the file has it: what pydantic tells a caller's fields apart by is no step there."""
    if path[0] == "callers":
        path = (*path[:2], *path[3:])
    return (*path, "kind") if fault == "union_tag_invalid" else path


def _message(detail: ErrorDetails, path: nodes.Path, kind: Kind) -> str:
    fault, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    match fault:
        case "value_error":
            told = str(context["error"])
        case "missing":
            told = f"required; allowed: {_allowed(path, kind)}"
        case "extra_forbidden":
            told = _unknown_field(path, kind)
        case "union_tag_not_found":
            told = f"a caller needs a `kind`; allowed: {', '.join(CALLERS)}"
        case "union_tag_invalid":
            told = _unknown_word(context["tag"], list(CALLERS))
        case "literal_error":
            told = _unknown_word(given, _words(context["expected"]))
        case "greater_than_equal" | "less_than_equal":
            told = f"{given} is out of range; allowed: {_RANGES[path[-1]]}"
        case _ if fault in _TYPES:
            told = f"must be {_TYPES[fault]}, not {_shown(given)}{_quoting(fault, given)}"
        case _:
            told = detail["msg"]
    return told


_TYPES = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "list_type": "a list ([] for none)",
    "dict_type": "a mapping ({} for none)",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_RANGES: Mapping[str | int, str] = {
    name: f"{low} to {high}"
    for name, (low, high) in {
        "concurrency": (1, 1000),
        "min_instances": (0, 10_000),
        "max_instances": (1, 10_000),
        "port": (1, 65_535),
        "tasks": (1, MAX_TASKS),
        "parallelism": (0, MAX_TASKS),
        "max_retries": (0, MAX_RETRIES),
    }.items()
}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return text[:80]


def _quoting(kind: str, value: object) -> str:
    plain = kind == "string_type" and isinstance(value, bool | int | float)
    return f'; quote it: "{_shown(value)}"' if plain else ""


def _allowed(path: nodes.Path, kind: Kind) -> str:
    if path == ("ingress",):
        return ", ".join(Ingress)
    description = _model(path, kind).model_fields[str(path[-1])].description or ""
    return description[:1].lower() + description[1:].rstrip(".")


def _unknown_field(path: nodes.Path, kind: Kind) -> str:
    told = FOREIGN[kind].get(str(path[0])) if len(path) == 1 else None
    if told is not None:
        return f"no field of a {kind}: {told}"
    return _unknown_word(path[-1], list(_model(path, kind).model_fields), what="no such field")


def _model(path: nodes.Path, kind: Kind) -> type[BaseModel]:
    """The part of the border that has the last step of `path` as a field, or should."""
    model: type[BaseModel] = FIELDS[kind]
    for step in path[:-1]:
        if step in CALLERS:
            model = CALLERS[str(step)]
        elif step in model.model_fields:
            model = _inner(model.model_fields[str(step)].annotation) or model
    return model


def _inner(annotation: object) -> type[BaseModel] | None:
    """The first model within an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_inner, get_args(annotation))), None)


def _unknown_word(value: object, words: list[str], what: str = "") -> str:
    close = get_close_matches(str(value), words, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{what or f'{_shown(value)} is not allowed'}{hint}; allowed: {', '.join(words)}"


def _words(expected: str) -> list[str]:
    return [part for part in expected.split("'") if part.strip() not in {"", ",", "or"}]


_MADE = frozenset(
    {
        *("project", "region", "image", "ingress", "service_account", "invokers", "probe_as"),
        *("secrets", "custom_audiences", "command", "args", "workflows", "callers"),
    }
)
"""Fields of a spec that are made of what the file says; all others are as the file has them."""


def resolved(
    raw: Mapping[str, object], project: Setting, region: Setting, *, source: str, directory: Path
) -> Spec:
    """The spec of a document that has no problems.

    Args:
        raw: the document.
        project: resolved, with its origin.
        region: likewise.
        source: ``FILE:LINE``.
        directory: what paths in it are relative to.
    """
    kind = kind_of(raw) or Kind.SERVICE
    fields = FIELDS[kind].model_validate(raw)
    name = str(getattr(fields, kind))
    account = fields.service_account or default_account(name)
    parts: dict[str, Any] = {
        "project": project,
        "region": region,
        "name": name,
        "image": _image(fields.image, name, project.value, region.value, directory),
        "service_account": ServiceAccountName.of(account, project=project.value),
        "invokers": tuple(fields.invokers),
        "source": source,
        "probe_as": fields.probe_as or "",
        "secrets": {name: _secret(text, project) for name, text in fields.secrets.items()},
        "workflows": workflows_of(fields.workflows, project.value, directory),
    }
    if isinstance(fields, JobFields):
        parts |= {"command": tuple(fields.command), "args": tuple(fields.args)}
        return JobSpec(**parts, **_copied(fields, JobSpec))
    parts |= {
        "ingress": Ingress(fields.ingress),
        "custom_audiences": tuple(fields.custom_audiences),
        "callers": callers_of(fields.callers, project.value),
    }
    return ServiceSpec(**parts, **_copied(fields, ServiceSpec))


def _copied(fields: ServiceFields | JobFields, spec: type[Spec]) -> dict[str, Any]:
    shared = type(fields).model_fields.keys() & {item.name for item in dataclass_fields(spec)}
    return {name: getattr(fields, name) for name in sorted(shared - _MADE)}


def _image(
    image: ImageFields, named: str, project: str, region: str, directory: Path
) -> BuiltImage | GivenImage:
    if image.reference is not None:
        return GivenImage(ImageReference.parse(image.reference))
    context = (directory / image.context).resolve()
    dockerfile = image.dockerfile
    return BuiltImage(
        context=context,
        dockerfile=(directory / dockerfile).resolve() if dockerfile else context / "Dockerfile",
        repository=_repository(image.repository or "", project, image.location or region),
        name=image.name or named,
        target=image.target,
        build_args=image.build_args,
    )


def _repository(text: str, project: str, location: str) -> RepositoryName:
    if "/" in text:
        return RepositoryName.parse(text)
    return RepositoryName.of(text, project=project, location=location)


def _secret(text: str, project: Setting) -> SecretReference:
    name, version = split_secret(text)
    full = name if "/" in name else f"{ProjectName(project.value)}/secrets/{name}"
    return SecretReference(full, version)
