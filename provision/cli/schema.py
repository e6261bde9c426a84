"""`provision schema`: the JSON Schema of provision.yaml, for editors."""

from provision.cli.console import print_json


def schema() -> None:
    """Print the JSON Schema of provision.yaml, for editors."""
    from provision.spec.schema import json_schema

    print_json(json_schema())
