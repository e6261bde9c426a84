"""The token endpoint, token info, user info and public certificates, on the emulator's own port."""

import json
import time
from collections.abc import Callable, Mapping

from aiohttp import web

from provision.emulator.iam.identities import CLIENT_ID, CLIENT_IDS, TokenIssuer
from provision.emulator.iam.signing import unverified_claims
from provision.emulator.rpc.calls import bearer
from provision.emulator.seams import TokenError
from provision.emulator.services.iam.keys import Keys

HOSTS = ("oauth2", "www", "openidconnect", "accounts")
"""The hosts at Google that have these endpoints, by what stands before ``.googleapis.com``."""

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3599
_MAX_ASSERTION_LIFETIME = 3600
_CLOCK_SKEW = 600
_SCOPES = (
    "openid https://www.googleapis.com/auth/cloud-platform "
    "https://www.googleapis.com/auth/userinfo.email"
)


class OAuthError(Exception):
    """A refusal in OAuth's own form: ``{"error": …, "error_description": …}``."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class OAuth:
    """The endpoints that Google has at oauth2.googleapis.com and beside it.

    Args:
        identities: issues the tokens.
        keys: verifies what service accounts sign.
        base_url: where the emulator listens.
    """

    def __init__(self, identities: TokenIssuer, keys: Keys, base_url: Callable[[], str]) -> None:
        self._identities = identities
        self._keys = keys
        self._base_url = base_url

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        # The second is where credentials of long ago point to.
        for path in ("/token", "/oauth2/v4/token"):
            app.router.add_post(path, self._token)
        for path in ("/tokeninfo", "/oauth2/v1/tokeninfo", "/oauth2/v3/tokeninfo"):
            app.router.add_get(path, self._token_info)
            app.router.add_post(path, self._token_info)
        app.router.add_get("/oauth2/v1/certs", self._certificates)
        app.router.add_get("/oauth2/v3/certs", self._jwks)
        app.router.add_get("/robot/v1/metadata/x509/{email}", self._account_certificates)
        for path in ("/v1/userinfo", "/oauth2/v1/userinfo", "/oauth2/v3/userinfo"):
            app.router.add_get(path, self._user_info)

    async def _token(self, request: web.Request) -> web.Response:
        form = await _form(request)
        try:
            if form.get("grant_type") == "refresh_token":
                return web.json_response(self._refresh(form))
            if form.get("grant_type") == _JWT_BEARER:
                return web.json_response(self._exchange(form))
        except OAuthError as error:
            body = {"error": error.error, "error_description": error.description}
            return web.json_response(body, status=400)
        body = {
            "error": "unsupported_grant_type",
            "error_description": "Invalid grant_type: " + form.get("grant_type", ""),
        }
        return web.json_response(body, status=400)

    def _refresh(self, form: Mapping[str, str]) -> dict[str, object]:
        member = self._identities.refreshed_member(form.get("refresh_token", ""))
        client = form.get("client_id", "")
        if client not in CLIENT_IDS or form.get("client_secret") != self._identities.client_secret:
            raise OAuthError("invalid_client", "The OAuth client was not found.")
        if member is None:
            raise OAuthError("invalid_grant", "Bad Request")
        return {
            "access_token": self._identities.access_token(member, _LIFETIME),
            "expires_in": _LIFETIME,
            "scope": _SCOPES,
            "token_type": "Bearer",
            "id_token": self._identities.id_token(member, client),
        }

    def _exchange(self, form: Mapping[str, str]) -> dict[str, object]:
        assertion = form.get("assertion", "")
        try:
            member = f"serviceAccount:{unverified_claims(assertion).get('iss', '')}"
            if not self._identities.may_act(member):
                raise OAuthError("invalid_grant", "Invalid grant: account not found")
            claims = self._keys.verified(assertion)
        except TokenError as error:
            raise OAuthError("invalid_grant", "Invalid JWT Signature.") from error
        self._check(claims)
        if claims.get("sub", claims["iss"]) != claims["iss"]:
            # Delegation over a whole domain, which no account here has.
            raise OAuthError(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not "
                "authorized for any of the scopes requested.",
            )
        audience = claims.get("target_audience")
        if audience:
            return {"id_token": self._identities.id_token(member, str(audience))}
        scopes = str(claims.get("scope") or "").split()
        if not scopes:
            raise OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return {
            "access_token": self._identities.access_token(member, _LIFETIME, scopes),
            "expires_in": _LIFETIME,
            "token_type": "Bearer",
        }

    def _check(self, claims: Mapping[str, object]) -> None:
        now = time.time()
        issued, ends = _moment(claims.get("iat")), _moment(claims.get("exp"))
        if not issued - _CLOCK_SKEW <= now <= ends or ends - issued > _MAX_ASSERTION_LIFETIME:
            raise OAuthError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim.",
            )
        allowed = (f"{self._base_url()}/token", "https://oauth2.googleapis.com/token")
        if claims.get("aud") not in allowed:
            raise OAuthError("invalid_grant", "Invalid JWT: Failed audience check.")

    async def _token_info(self, request: web.Request) -> web.Response:
        form = await _form(request) if request.method == "POST" else {}
        values = {**form, **request.query}
        token = values.get("access_token", "")
        member, expiry = self._identities.member(token), self._identities.expiry(token)
        if member is not None and expiry is not None:
            told = _info(member, self._identities.subject(member), expiry)
            scopes = self._identities.scopes(token)
            limits = {} if scopes is None else {"scope": " ".join(sorted(scopes))}
            return web.json_response({**told, **limits})
        try:
            return web.json_response(dict(self._identities.claims(values.get("id_token", ""))))
        except TokenError:
            body = {"error": "invalid_token", "error_description": "Invalid Value"}
            return web.json_response(body, status=400)

    async def _user_info(self, request: web.Request) -> web.Response:
        token = bearer(request.headers.get("Authorization")) or ""
        member = self._identities.member(token)
        if member is None:
            return web.json_response({"error": "invalid_request"}, status=401)
        email = member.partition(":")[2]
        sub = self._identities.subject(member)
        return web.json_response({"sub": sub, "email": email, "email_verified": True})

    async def _certificates(self, _: web.Request) -> web.Response:
        key = self._identities.key
        certificate = key.certificate("federated-signon.system.gserviceaccount.com")
        return web.json_response({key.key_id: certificate})

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self._identities.key.to_jwk()]})

    async def _account_certificates(self, request: web.Request) -> web.Response:
        return web.json_response(self._keys.certificates(request.match_info["email"]))


def _moment(value: object) -> float:
    """Seconds since the epoch; long ago for what is no number."""
    try:
        return float(str(value))
    except ValueError:
        return 0.0


async def _form(request: web.Request) -> dict[str, str]:
    """The fields of a form or JSON body, whichever was sent."""
    if request.content_type == "application/json":
        try:
            loaded = json.loads(await request.read())
        except ValueError:
            loaded = {}
        fields = loaded if isinstance(loaded, dict) else {}
        return {str(key): str(value) for key, value in fields.items()}
    try:
        form = await request.post()
    except (LookupError, ValueError, ConnectionError):
        # Multipart without a boundary or an end, a character set that is none.
        return {}
    return {key: value for key, value in form.items() if isinstance(value, str)}


def _info(member: str, subject: str, expiry: float) -> dict[str, object]:
    return {
        "azp": subject,
        "aud": CLIENT_ID if member.startswith("user:") else subject,
        "sub": subject,
        "scope": _SCOPES,
        "exp": str(int(expiry)),
        "expires_in": str(int(expiry - time.time())),
        "email": member.partition(":")[2],
        "email_verified": "true",
        "access_type": "offline" if member.startswith("user:") else "online",
    }
