"""What the options of the workflow commands take, and what they refuse in words."""

from pathlib import Path

import pytest

from provision.cli.workflow_calls import HttpOptions, JobOptions, json_argument
from provision.errors import UsageError

NOTHING = HttpOptions(None, "", None, None, None, None, None)
NO_JOB = JobOptions(None, None, None, None, "", "", "", wait=True)


def test_an_argument_is_json_given_or_in_a_file(tmp_path: Path) -> None:
    """Any value, null included."""
    file = tmp_path / "day.json"
    file.write_text('{"day": [1, null]}')
    assert json_argument(f"@{file}", "--data") == {"day": [1, None]}
    assert json_argument("null", "--data") is None


@pytest.mark.parametrize("text", ["{day: 1}", "", "NaN", "@/nowhere/day.json", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    """With the option's name."""
    with pytest.raises(UsageError, match="--data"):
        json_argument(text, "--data")


def test_options_of_the_other_kind_are_refused_by_name() -> None:
    """And where none is given nothing is refused."""
    NOTHING.refuse("why")
    NO_JOB.refuse("why")
    with pytest.raises(UsageError, match=r"--request, --data: why"):
        HttpOptions("POST", "", None, None, "1", None, None).refuse("why")
    with pytest.raises(UsageError, match=r"--env, --no-wait: why"):
        JobOptions(["A=1"], None, None, None, "", "", "", wait=False).refuse("why")
