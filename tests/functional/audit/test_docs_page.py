"""docs/audit.md shows what the program prints."""

from pathlib import Path

from tests.functional.audit.docs_page import PAGE, rendered


def test_the_outputs_in_the_docs_are_those_of_the_program(tmp_path: Path) -> None:
    """`python -m tests.functional.audit.docs_page` writes them anew."""
    text = PAGE.read_text()
    assert text.count("--snapshot org.jsonl\n") >= 5
    assert rendered(text, tmp_path) == text
