"""The JSON Schema of `provision.yaml`, for editors; made from the border that checks the file."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from provision.spec.check import FIELDS
from provision.spec.model import Kind

_DIALECT = "http://json-schema.org/draft-07/schema#"


class _ForEditors(GenerateJsonSchema):
    """Draft 7, which editors know best; titles that only repeat the name are left out."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's
        return False


def json_schema() -> dict[str, Any]:
    """The schema of one document of the file, of either kind: `kind` decides which."""
    _, found = models_json_schema(
        [(model, "validation") for model in FIELDS.values()],
        schema_generator=_ForEditors,
        ref_template="#/definitions/{model}",
    )
    of_kind = {kind: {"$ref": f"#/definitions/{FIELDS[kind].__name__}"} for kind in Kind}
    return {
        "$schema": _DIALECT,
        "title": "provision.yaml",
        "type": "object",
        "if": {"properties": {"kind": {"const": Kind.JOB.value}}, "required": ["kind"]},
        "then": of_kind[Kind.JOB],
        "else": of_kind[Kind.SERVICE],
        "definitions": found["$defs"],
    }


def field_table(model: type[BaseModel]) -> list[tuple[str, str]]:
    """Each field and what it is, as docs/spec.md lists them."""
    return [(name, item.description or "") for name, item in model.model_fields.items()]
