"""What must not be told: every secret that a run had in its hands, and all that looks like one."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LOOKS_SECRET = re.compile(
    r"ya29\.[\w.-]{8,}"  # an access token
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"  # a JSON Web Token, or one without its signature
    r"|1//[\w.-]{8,}"  # a refresh token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_LEAST = 12
"""Characters: what is shorter is found by chance."""


@dataclass
class SecretsInPlay:
    """The secrets that a test handed out."""

    known: set[str] = field(default_factory=set, repr=False)

    def add(self, *secrets: str) -> None:
        """Remember secrets as they are."""
        self.known.update(secret for secret in secrets if len(secret) >= _LEAST)

    def add_token(self, token: str) -> None:
        """Remember a token, and its parts: a signature alone is as secret."""
        self.add(token, *token.split(".")[2:])

    def add_file(self, text: str) -> None:
        """Remember what is secret in a credentials file: its secrets, a key line by line."""
        for name, value in json.loads(text).items():
            if name in {"private_key", "refresh_token", "client_secret"}:
                lines = [line for line in str(value).splitlines() if not line.startswith("-----")]
                self.add(*lines)

    def told_in(self, texts: Iterable[tuple[str, str]]) -> list[str]:
        """Where one of them is told: what said it, and the beginning of the secret.

        Args:
            texts: what said it, and what it said.
        """
        return sorted(
            {f"{who}: {secret[:12]}…" for who, text in texts for secret in self._in(text)}
        )

    def _in(self, text: str) -> Iterator[str]:
        # Lines are joined as well: a terminal's width hides nothing.
        for form in (text, re.sub(r"\s+", "", text)):
            yield from (secret for secret in self.known if secret in form)
        yield from LOOKS_SECRET.findall(text)
