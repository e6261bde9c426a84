"""The JSON Schema of `provision.yaml`, for editors; made from the border that checks the file."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from provision.spec.border import ServiceFields

_DIALECT = "http://json-schema.org/draft-07/schema#"


class _ForEditors(GenerateJsonSchema):
    """Draft 7, which editors know best; titles that only repeat the name are left out."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's
        return False


def json_schema() -> dict[str, Any]:
    """The schema of one document of the file."""
    schema = ServiceFields.model_json_schema(
        schema_generator=_ForEditors, ref_template="#/definitions/{model}"
    )
    schema["definitions"] = schema.pop("$defs", {})
    return {"$schema": _DIALECT, **schema, "title": "provision.yaml"}


def field_table(model: type[BaseModel] = ServiceFields) -> list[tuple[str, str]]:
    """Each field and what it is, as docs/spec.md lists them."""
    return [(name, item.description or "") for name, item in model.model_fields.items()]
