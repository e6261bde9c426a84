"""Who asks the registry for what, and whether they may.

Clients get here as with Artifact Registry: they are answered 401 with a Bearer challenge, fetch a
token from ``/v2/token`` with an OAuth access token as the password, and come back with it. An
access token is also taken directly, as a password or as a Bearer token, and a service account's key
file as a password.
"""

import base64
import secrets
import time
from collections.abc import Callable, Mapping

from aiohttp import web

from provision.emulator.registry.names import ImageName, parse_name
from provision.emulator.registry.refusals import Refusal
from provision.emulator.rpc.calls import bearer
from provision.emulator.seams import Access, Identities

ANONYMOUS = "allUsers"
UPLOAD = "artifactregistry.repositories.uploadArtifacts"
DOWNLOAD = "artifactregistry.repositories.downloadArtifacts"
DELETE = "artifactregistry.repositories.deleteArtifacts"
_ACTIONS = {UPLOAD: "push,pull", DOWNLOAD: "pull", DELETE: "delete"}
_PERMISSIONS = {"push": UPLOAD, "pull": DOWNLOAD, "delete": DELETE}
_USERS = frozenset({"oauth2accesstoken", "_dcgcloud_token"})
# https://cloud.google.com/artifact-registry/docs/docker/authentication#json-key
_KEY_USER, _ENCODED_KEY_USER = "_json_key", "_json_key_base64"
_LIFETIME = 3600.0


class Gatekeeper:
    """Authenticates requests and asks the policies.

    Args:
        access: the policies.
        identities: knows access tokens.
        key_holder: whose account's a key file is, if it is anybody's.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        access: Access,
        identities: Identities,
        key_holder: Callable[[str], str | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._access = access
        self._identities = identities
        self._key_holder = key_holder
        self._clock = clock
        # Each with an access token of whoever it was issued to, so that it ends with the account.
        self._issued: dict[str, tuple[str, float]] = {}

    def member(self, request: web.Request) -> str:
        """Who asks; ``allUsers`` without credentials.

        Raises:
            Refusal: 401 when there are credentials, and they are not valid.
        """
        header = request.headers.get("Authorization")
        if header is None:
            return ANONYMOUS
        scheme, _, value = header.partition(" ")
        member = None
        if scheme.lower() == "basic":
            member = self._basic(value)
        elif scheme.lower() == "bearer":
            member = self._issued_to(value) or self._identities.member(value)
        if member is None:
            raise unauthorized(request, "The request has invalid authentication credentials.")
        return member

    def _basic(self, value: str) -> str | None:
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
            if user == _ENCODED_KEY_USER:
                user, password = _KEY_USER, base64.b64decode(password).decode()
        except ValueError:
            return None
        if user == _KEY_USER:
            return self._key_holder(password)
        return self._identities.member(password) if user in _USERS else None

    def _issued_to(self, token: str) -> str | None:
        access_token, expires = self._issued.get(token, ("", 0.0))
        if expires <= self._clock():
            return None
        return self._identities.member(access_token) if access_token else ANONYMOUS

    def require(self, request: web.Request, member: str, permission: str, name: ImageName) -> None:
        """Refuse unless the member holds the permission on the repository.

        Raises:
            Refusal: 401 with a challenge for those who sent nothing, else 403 DENIED.
        """
        if self._access.allowed(member, permission, name.repository.name):
            return
        if "Authorization" in request.headers:
            raise denied(member, permission, name)
        scope = f"repository:{request.match_info['name']}:{_ACTIONS[permission]}"
        raise unauthorized(request, _denial(member, permission, name), scope)

    def may(self, member: str, permission: str, name: ImageName) -> bool:
        """Whether the member holds the permission on the repository."""
        return self._access.allowed(member, permission, name.repository.name)

    def issue(self, request: web.Request) -> Mapping[str, object]:
        """Answer a token request: a token for whoever the Basic credentials are.

        Somebody anonymous gets one only for what everybody may do; that the token itself is
        refused was seen in https://github.com/docker/login-action/issues/606.
        """
        member = self.member(request)
        if member == ANONYMOUS:
            self._refuse_anonymous(request)
        now = self._clock()
        self._issued = {token: held for token, held in self._issued.items() if held[1] > now}
        # A token that was had for another such token ends with it.
        before = bearer(request.headers.get("Authorization")) or ""
        expires = min(now + _LIFETIME, self._issued.get(before, ("", now + _LIFETIME))[1])
        access_token = ""
        if member != ANONYMOUS:
            access_token = self._identities.access_token(member, expires - now)
        token = secrets.token_urlsafe(32)
        self._issued[token] = (access_token, expires)
        return {"token": token, "access_token": token, "expires_in": int(expires - now)}

    def _refuse_anonymous(self, request: web.Request) -> None:
        for scope in " ".join(request.query.getall("scope", [])).split():
            kind, _, rest = scope.partition(":")
            path, _, actions = rest.rpartition(":")
            if kind != "repository":
                continue
            name = parse_name(request.host, path)
            for action in actions.split(","):
                permission = _PERMISSIONS.get(action, DELETE)
                if not self.may(ANONYMOUS, permission, name):
                    raise denied(ANONYMOUS, permission, name)


def unauthorized(request: web.Request, message: str, scope: str = "") -> Refusal:
    """401, with the challenge that sends clients to the token endpoint."""
    challenge = (
        f'Bearer realm="{request.scheme}://{request.host}/v2/token",service="{request.host}"'
    )
    if scope:
        challenge += f',scope="{scope}"'
    return Refusal(401, "UNAUTHORIZED", message, {"WWW-Authenticate": challenge})


def denied(member: str, permission: str, name: ImageName) -> Refusal:
    """403 in Artifact Registry's words; Docker puts ``denied:`` before them."""
    return Refusal(403, "DENIED", _denial(member, permission, name))


def _denial(member: str, permission: str, name: ImageName) -> str:
    where = f'on resource "{name.repository.name}" (or it may not exist)'
    if member == ANONYMOUS:
        return (
            "Unauthenticated request. Unauthenticated requests do not have permission "
            f'"{permission}" {where}'
        )
    return f'Permission "{permission}" denied {where}'
