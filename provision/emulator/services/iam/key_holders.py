"""Whose a service account's key file is: what the registry takes as a password."""

import json
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from provision.emulator.iam.signing import SigningKey
from provision.emulator.seams import TokenError
from provision.emulator.services.iam.keys import Keys
from provision.emulator.store import Table


def holder_of(text: str, keys: Keys, accounts: Table[dict[str, Any]]) -> str | None:
    """The account whose valid key is in a key file; None when the file is nobody's.

    Args:
        text: a key file of type ``service_account``, JSON.
        keys: the keys that there are.
        accounts: by address.
    """
    try:
        file = json.loads(text)
        key = SigningKey.from_pem(file["private_key"])
        email = str(keys.verified(key.jwt({"iss": file["client_email"]}))["iss"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    except (TokenError, UnsupportedAlgorithm):
        return None
    account = accounts.get(email)
    return None if account is None or account.get("disabled") else f"serviceAccount:{email}"
