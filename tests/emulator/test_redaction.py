"""Tokens are not told again, wherever a caller puts them."""

import requests

from tests.conftest import RunningEmulator
from tests.golden.answers import AnswersFile


def test_a_token_in_a_path_is_in_no_record(
    emulator: RunningEmulator, rest_answers: AnswersFile
) -> None:
    """Neither the list of requests nor the file of answers has it."""
    token = emulator.token()
    headers = {"Authorization": f"Bearer {token}"}
    for path in (
        f"/v2/projects/{emulator.project}/locations/us-central1/services/{token}",
        f"/v1/projects/-/serviceAccounts/{token}",
        f"/v3/tagKeys?parent={token}",
    ):
        requests.get(emulator.http + path, headers=headers, timeout=30)
    assert token not in str(emulator.requests())
    assert "redacted" in str(emulator.requests())
    assert token not in rest_answers.path.read_text()
