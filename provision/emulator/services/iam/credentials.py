"""IAM Credentials v1: tokens and signatures of service accounts, for callers who may have them."""

import json
import re
import time
from typing import Any

from google.cloud import iam_admin_v1, iam_credentials_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.services.iam.accounts import SERVICE as ADMIN
from provision.emulator.services.iam.accounts import account_name, full_name, resolve
from provision.emulator.services.iam.keys import Keys
from provision.emulator.services.permissions import iam_refusal, require
from provision.emulator.times import micros, timestamp
from provision.emulator.world import World

_SERVICE = "google.iam.credentials.v1.IAMCredentials"
_DEFAULT_LIFETIME = 3600
_MAX_LIFETIME = 3600
_EXTENDED_LIFETIME = 12 * 3600
_EXTENSION = "iam.allowServiceAccountCredentialLifetimeExtension"
_MICRO = 1_000_000
_NAME = re.compile(r"projects/-/serviceAccounts/[^/]+")


class Credentials:
    """The RPCs of IAM Credentials, and the older ones of IAM that sign.

    Args:
        world: accounts, policies, tokens.
        keys: each account's signing key.
    """

    def __init__(self, world: World, keys: Keys) -> None:
        self._world = world
        self._keys = keys

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/GenerateAccessToken": self._access_token,
            f"{_SERVICE}/GenerateIdToken": self._id_token,
            f"{_SERVICE}/SignBlob": self._sign_blob,
            f"{_SERVICE}/SignJwt": self._sign_jwt,
            f"{ADMIN}/SignBlob": self._admin_sign_blob,
            f"{ADMIN}/SignJwt": self._admin_sign_jwt,
        }

    async def _access_token(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        if not request.scope or not all(request.scope):
            raise _bad("scope", "at least one scope is needed")
        email = self._allowed(call, "getAccessToken")
        lifetime = request.lifetime.seconds if request.HasField("lifetime") else _DEFAULT_LIFETIME
        most = _EXTENDED_LIFETIME if self._is_extended(email) else _MAX_LIFETIME
        if not 0 < lifetime <= most:
            raise _bad("lifetime", f"must be between 1 and {most} seconds")
        member = f"serviceAccount:{email}"
        token = self._world.identities.access_token(member, lifetime, tuple(request.scope))
        # Whole seconds: Google's own auth library reads no others.
        expires = (micros() // _MICRO + lifetime) * _MICRO
        return iam_credentials_v1.GenerateAccessTokenResponse.pb()(
            access_token=token, expire_time=timestamp(expires)
        )

    def _is_extended(self, email: str) -> bool:
        """Whether the organisation lets tokens of this account last 12 hours (documented)."""
        return email.lower() in self._world.settings.org_policies.get(_EXTENSION, ())

    async def _id_token(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        if not call.request.audience:
            raise _bad("audience", "an audience is needed")
        email = self._allowed(call, "getOpenIdToken")
        token = self._world.identities.id_token(
            f"serviceAccount:{email}",
            call.request.audience,
            with_email=call.request.include_email,
        )
        return iam_credentials_v1.GenerateIdTokenResponse.pb()(token=token)

    async def _sign_blob(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        key = self._keys.managed(self._allowed(call, "signBlob"))
        return iam_credentials_v1.SignBlobResponse.pb()(
            key_id=key.key_id, signed_blob=key.sign(call.request.payload)
        )

    async def _sign_jwt(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        claims = _claims(call.request.payload)
        key = self._keys.managed(self._allowed(call, "signJwt"))
        return iam_credentials_v1.SignJwtResponse.pb()(
            key_id=key.key_id, signed_jwt=key.jwt(claims)
        )

    async def _admin_sign_blob(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        key = self._keys.managed(self._admin_allowed(call, "signBlob"))
        signature = key.sign(call.request.bytes_to_sign)
        return iam_admin_v1.SignBlobResponse.pb()(key_id=key.key_id, signature=signature)

    async def _admin_sign_jwt(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        claims = _claims(call.request.payload)
        # Without an expiry it gets one an hour away (documented for this older form alone).
        claims.setdefault("exp", int(time.time()) + _MAX_LIFETIME)
        key = self._keys.managed(self._admin_allowed(call, "signJwt"))
        return iam_admin_v1.SignJwtResponse.pb()(key_id=key.key_id, signed_jwt=key.jwt(claims))

    def _admin_allowed(self, call: Call, verb: str) -> str:
        name = call.request.name
        permission, resource = f"iam.serviceAccounts.{verb}", full_name(self._world, name)
        require(self._world, call, permission, resource, iam_refusal)
        return _active(resolve(self._world, name))

    def _allowed(self, call: Call, verb: str) -> str:
        """The account's e-mail, once every link of the delegation chain holds (documented).

        Each account must be token creator (``implicitDelegation``) on the next; the last one, or
        the caller without delegates, needs the permission itself.
        """
        actor = call.principal
        for delegate in call.request.delegates:
            email = self._link(actor, "implicitDelegation", delegate)
            actor = f"serviceAccount:{email}"
        return self._link(actor, verb, call.request.name)

    def _link(self, actor: str, verb: str, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise _bad("name", "must be projects/-/serviceAccounts/EMAIL_OR_UNIQUE_ID")
        permission, resource = f"iam.serviceAccounts.{verb}", full_name(self._world, name)
        if account_name(self._world, name) is None:
            wanted = name.rpartition("/")[2]
            raise not_found(f"Not found; Gaia id not found for email {wanted}")
        if not self._world.access.allowed(actor, permission, resource):
            raise iam_refusal(permission, resource)
        return _active(resolve(self._world, name))


def _active(account: dict[str, Any]) -> str:
    """The e-mail of an account that is not disabled. Raises `ApiError`."""
    if account.get("disabled"):
        raise ApiError("FAILED_PRECONDITION", "Precondition check failed.")
    return str(account["email"])


def _claims(payload: str) -> dict[str, Any]:
    """The claims that are to be signed; they may end 12 hours from now at most (documented)."""
    try:
        claims = json.loads(payload)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise _bad("payload", "must be a JSON object")
    expiry = claims.get("exp")
    if expiry is None:
        return claims
    if not isinstance(expiry, int | float) or expiry > time.time() + _EXTENDED_LIFETIME:
        raise _bad("payload", "exp must be a number, no more than 12 hours in the future")
    return claims


def _bad(field: str, problem: str) -> ApiError:
    return invalid("Request contains an invalid argument.", (field, problem))
