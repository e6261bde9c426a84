"""ID tokens for a service account's key: a signed request, exchanged at the token endpoint.

https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests, with
``target_audience`` in the place of scopes.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from provision.clients.clock import Clock
from provision.clients.token_refusals import Refusal, refused, skew_of
from provision.errors import UnavailableError
from provision.tokens.audiences import is_loopback

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3600
_TIMEOUT = 30.0
_PAUSES = (0.5, 1.5)
"""Seconds before each further try, where the endpoint says that it is not well."""
_BROKEN = 500
_OK = 200


@dataclass(frozen=True)
class KeyExchange:
    """Exchanges what a key signs for ID tokens.

    Args:
        credentials: google-auth's, of a service account's key.
        clock: tells the times that are signed.
    """

    credentials: Any
    clock: Clock

    def id_token(self, audience: str) -> str:
        """An ID token of the key's account; secret.

        Raises:
            UsageError: the key is not good any more, or this machine's clock is wrong.
            UnavailableError: the token endpoint does not answer, or says that it is not well.
        """
        email = self.credentials.service_account_email
        doing = f"Minting an ID token with a key of {email}"
        answer = self._answer(audience, doing)
        told = _object(answer)
        token = told.get("id_token")
        if answer.status_code == _OK and token:
            return str(token)
        refusal = Refusal(
            answer.status_code,
            str(told.get("error", "")),
            str(told.get("error_description", ""))[:300],
            skew_of(answer.headers, self.clock.now()),
        )
        raise refused(doing, email, str(self.credentials.signer.key_id), refusal)

    def _answer(self, audience: str, doing: str) -> Any:  # noqa: ANN401 - requests' own type
        import requests

        for pause in _PAUSES:
            try:
                answer = self._ask(audience)
            except requests.RequestException:
                self.clock.sleep(pause)
                continue
            if answer.status_code < _BROKEN:
                return answer
            self.clock.sleep(pause)
        try:
            return self._ask(audience)
        except requests.RequestException as error:
            raise UnavailableError(
                f"{doing}: {self._endpoint} does not answer ({type(error).__name__}).",
                hint="Nothing is lost: run the same command again.",
            ) from None  # what was sent is in the original

    def _ask(self, audience: str) -> Any:  # noqa: ANN401 - requests' own type
        import requests

        with requests.Session() as session:
            session.trust_env = not is_loopback(urlsplit(self._endpoint).hostname or "")
            return session.post(
                self._endpoint,
                data={"grant_type": _GRANT, "assertion": self._assertion(audience)},
                timeout=_TIMEOUT,
                allow_redirects=False,
                auth=_nobody,
            )

    def _assertion(self, audience: str) -> str:
        from google.auth import jwt

        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.credentials.service_account_email,
            "aud": self._endpoint,
            "iat": now,
            "exp": now + _LIFETIME,
            "target_audience": audience,
        }
        return bytes(jwt.encode(self.credentials.signer, claims)).decode("ascii")

    @property
    def _endpoint(self) -> str:
        return str(self.credentials._token_uri)  # noqa: SLF001 - google-auth has no public way


def _nobody(request: Any) -> Any:  # noqa: ANN401 - requests' own type
    """No netrc file has a say in this."""
    return request


def _object(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - requests' own type
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
