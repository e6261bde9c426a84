"""The schema of the language: right for what Google's pages show, wrong for what is none."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from provision.workflows.about import About
from provision.workflows.document import parse
from provision.workflows.lint import lint

ROOT = Path(__file__).parents[3]
LANGUAGE = Draft202012Validator(
    json.loads((ROOT / "templates" / "workflows" / "schema.json").read_text())
)
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['case']}")
    for path in sorted((ROOT / "tests" / "emulator" / "language" / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
    if isinstance(case.get("source"), str) and "refused" not in case
]


def test_the_schema_is_one() -> None:
    """Of the draft that it names."""
    Draft202012Validator.check_schema(LANGUAGE.schema)


@pytest.mark.parametrize("case", CASES)
def test_every_example_of_the_language_passes(case: dict[str, Any]) -> None:
    """Those that the interpreter is checked by."""
    read = parse(case["source"]).tree.value
    assert list(LANGUAGE.iter_errors(read)) == []


def test_what_the_documentation_shows_passes() -> None:
    """The sources in docs/workflows.md, and the snippet; lint finds nothing in them either."""
    page = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    snippet = (ROOT / "templates" / "snippets" / "workflow.yaml").read_text(encoding="utf-8")
    root = "https://orders-123456789012.asia-east1.run.app"
    blocks = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "main:" in one]
    blocks.append(re.sub(r"__(?:ADDRESS|AUDIENCE)__", root, snippet))
    assert len(blocks) >= 2
    for source in blocks:
        document = parse(source)
        assert list(LANGUAGE.iter_errors(document.tree.value)) == []
        assert lint(document, source, About()).findings == ()


@pytest.mark.parametrize(
    "source",
    [
        "main: {}",
        "other: {steps: [{a: {return: 1}}]}",
        "[]",
        "- a: {}",
        "- a: {call: http.get}",
        "- a: {call: http.get, args: {}}",
        "- a: {call: http.get, args: {url: orders.example.com}}",
        "- a: {call: http.get, args: {url: 'https://x.example', audience: x}}",
        "- a: {call: http.get, args: {url: 'https://x.example', auth: {audience: x}}}",
        "- a: {call: http.get, args: {url: 'https://x.example', auth: {type: Basic}}}",
        "- a: {call: http.get, args: {url: 'https://x.example', timeout: 1801}}",
        "- a: {call: http.request, args: {url: 'https://x.example', method: FETCH}}",
        "- a: {return: 1, raise: 2}",
        "- a: {return: 1}\n  b: {return: 2}",
        "- a: {switch: []}",
        "- a: {switch: [{next: end}]}",
        "- a: {for: {in: [1], steps: [{b: {next: continue}}]}}",
        "- a: {for: {value: x, in: [1], range: [1, 2], steps: [{b: {next: continue}}]}}",
        "- a: {parallel: {branches: [{b: {steps: [{c: {return: 1}}]}}]}}",
        "- a: {try: {call: sys.now}, except: {steps: [{b: {return: 1}}]}}",
        "- a: {try: {call: sys.now}, retry: {max_retries: 3}}",
        "- 1a: {return: 1}",
        "main: {params: [a, b], steps: [{s: {return: 1}}]}",
        "- a: {parallel: {exception_policy: x, for: {value: v, in: [], steps: [{b: {raise: 1}}]}}}",
    ],
)
def test_what_is_no_workflow_does_not_pass(source: str) -> None:
    """Each for one reason."""
    assert list(LANGUAGE.iter_errors(yaml.safe_load(source)))
