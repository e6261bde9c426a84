"""Tokens: the emulator is its own Google identity provider.

Access and refresh tokens carry what they say, sealed with a secret, so that none has to be
remembered and all survive a restart. ID tokens are signed (RS256), as Google's are.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property

from provision.emulator.database import NotKeptError
from provision.emulator.iam.members import kind_of_address
from provision.emulator.iam.signing import SigningKey
from provision.emulator.seams import TokenError
from provision.emulator.store import Store, Table

ISSUER = "https://accounts.google.com"
CLIENT_ID = "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com"
GCLOUD_CLIENT_ID = "32555940559.apps.googleusercontent.com"
CLIENT_IDS = frozenset({CLIENT_ID, GCLOUD_CLIENT_ID})
"""The OAuth clients there are: that of application default credentials, and gcloud's own."""

_ACCESS_PREFIX = "ya29."
_REFRESH_PREFIX = "1//"
_CLOCK_SKEW = 10
ID_TOKEN_LIFETIME = 3600.0
"""Seconds; Google's ID tokens are good for an hour, whoever asks."""


class TokenIssuer:
    """Issues and verifies tokens (`provision.emulator.seams.Identities`).

    Args:
        store: where the secret and the signing key live.
        disabled: tells whether a member may not act any more (a disabled or deleted account).
        unique_id: tells the numeric id of a service account, by its e-mail; empty for none.
    """

    def __init__(
        self,
        store: Store,
        disabled: Callable[[str], bool],
        unique_id: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._disabled = disabled
        self._unique_id = unique_id
        self._store = store
        self._secrets: Table[dict[str, str]] = store.table("secrets", kept_on_reset=True)
        kept = self._secrets.get("tokens")
        if kept is None:
            kept = {
                "hmac": secrets.token_hex(32),
                "client_secret": secrets.token_urlsafe(24),
            }
            self._secrets.put("tokens", kept)
        self._kept = kept
        self.id_token_lifetime = ID_TOKEN_LIFETIME
        """Seconds that ID tokens are good for, which tests may turn."""
        self.self_signed: Callable[[str, str], str | None] = lambda _token, _api: None
        """Whose token something is that was not issued here but signed by an account itself."""
        self._seal_key = bytes.fromhex(kept["hmac"])
        self.client_secret: str = kept["client_secret"]

    @cached_property
    def key(self) -> SigningKey:
        """What signs ID tokens; made when it is first needed, which no start waits for."""
        pem = self._kept.get("key")
        if pem is not None:
            return SigningKey.from_pem(pem)
        made = SigningKey.generate()
        self._secrets.put("tokens", {**self._kept, "key": made.to_pem()})
        with suppress(NotKeptError):  # on a full disk; it was told, and is tried again
            self._store.flush()  # a read may be what asks, after which nothing else would
        return made

    def access_token(
        self, member: str, lifetime: float = 3600, scopes: Sequence[str] | None = None
    ) -> str:
        """An OAuth access token for ``user:…`` or ``serviceAccount:…``.

        Args:
            member: whose.
            lifetime: seconds.
            scopes: what it is good for; everything when None.
        """
        content = {"m": member, "s": self.subject(member), "e": time.time() + lifetime, "k": "a"}
        limits = {} if scopes is None else {"c": list(scopes)}
        return _ACCESS_PREFIX + self._seal({**content, **limits})

    def scopes(self, access_token: str) -> frozenset[str] | None:
        """What a valid access token is good for; None for all."""
        content = self._open(access_token, _ACCESS_PREFIX, "a") or {}
        found = content.get("c")
        return frozenset(map(str, found)) if isinstance(found, list) else None

    def subject(self, member: str) -> str:
        """The numeric id that tokens of a member carry as ``sub``; an account's own where known."""
        kind, _, email = member.partition(":")
        own = self._unique_id(email) if kind == "serviceAccount" else ""
        return own or subject(member)

    def refresh_token(self, member: str) -> str:
        """A refresh token; it does not expire."""
        return _REFRESH_PREFIX + self._seal({"m": member, "k": "r"})

    def member(self, access_token: str, api: str = "") -> str | None:
        """Whose access token this is; None when it is unknown, expired or its account disabled.

        Args:
            access_token: as it was sent.
            api: the API that is asked, as ``run``; empty where that is not told.
        """
        content = self._open(access_token, _ACCESS_PREFIX, "a")
        if content is None:
            member = self.self_signed(access_token, api)
        elif float(str(content["e"])) < time.time():
            return None
        else:
            member = str(content["m"])
            if not self._is_still(member, content.get("s")):
                return None
        return None if member is None or self._disabled(member) else member

    def may_act(self, member: str) -> bool:
        """Whether a member gets tokens: not when its account is disabled or deleted."""
        return not self._disabled(member)

    def _is_still(self, member: str, subject: object) -> bool:
        """Whether a member is who it was: an account made anew under an old name is another."""
        return subject == self.subject(member)

    def expiry(self, access_token: str) -> float | None:
        """When an access token ends, in seconds since the epoch; None when it is not valid."""
        content = self._open(access_token, _ACCESS_PREFIX, "a")
        return None if content is None else float(str(content["e"]))

    def refreshed_member(self, refresh_token: str) -> str | None:
        """Whose refresh token this is; None when it is unknown."""
        content = self._open(refresh_token, _REFRESH_PREFIX, "r")
        return None if content is None else str(content["m"])

    def id_token(
        self, member: str, audience: str, lifetime: float | None = None, *, with_email: bool = True
    ) -> str:
        """A signed ID token; lifetime in seconds, an hour where nothing else is set."""
        now = int(time.time())
        email = member.partition(":")[2]
        claims: dict[str, object] = {
            "iss": ISSUER,
            "azp": (audience if audience in CLIENT_IDS else CLIENT_ID)
            if member.startswith("user:")
            else self.subject(member),
            "aud": audience,
            "sub": self.subject(member),
            "iat": now,
            "exp": now + int(self.id_token_lifetime if lifetime is None else lifetime),
        }
        if with_email:
            claims |= {"email": email, "email_verified": True}
        return self.key.jwt(claims)

    def claims(self, id_token: str) -> Mapping[str, object]:
        """The verified claims of an ID token. Raises `TokenError`.

        Tokens of accounts that are disabled, deleted or were made anew since are none any more.
        """
        found = self.key.verified(id_token)
        now = time.time()
        if found.get("iss") != ISSUER:
            raise TokenError("the token has another issuer")
        if not float(found.get("iat", 0)) - _CLOCK_SKEW <= now <= float(found.get("exp", 0)):
            raise TokenError("the token is expired or not yet valid")
        self._check_holder(found)
        return found

    def _check_holder(self, claims: Mapping[str, object]) -> None:
        email = str(claims.get("email", ""))
        if kind_of_address(email) != "serviceAccount":
            return
        member = f"serviceAccount:{email}"
        if not self._is_still(member, claims.get("sub")) or self._disabled(member):
            raise TokenError("the account is not what it was")

    def _seal(self, content: dict[str, object]) -> str:
        raw = json.dumps({**content, "n": secrets.token_hex(6)}).encode()
        text = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        return f"{text}-{self._mac(text)}"

    def _mac(self, text: str) -> str:
        return hmac.new(self._seal_key, text.encode(), hashlib.sha256).hexdigest()

    def _open(self, token: str, prefix: str, kind: str) -> dict[str, object] | None:
        text, _, mac = token.removeprefix(prefix).rpartition("-")
        if not token.startswith(prefix) or not hmac.compare_digest(
            mac.encode(), self._mac(text).encode()
        ):
            return None
        content: dict[str, object] = json.loads(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        )
        return content if content.get("k") == kind else None


def subject(member: str) -> str:
    """The stable numeric id of a member, 21 digits as Google's are."""
    digest = hashlib.sha256(member.lower().encode()).digest()
    return "1" + str(int.from_bytes(digest[:10], "big") % 10**20).zfill(20)
