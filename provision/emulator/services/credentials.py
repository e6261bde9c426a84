"""IAM Credentials v1: tokens and signatures of service accounts, for callers who may have them."""

import json
import re
from typing import Any

from google.cloud import iam_credentials_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import invalid
from provision.emulator.services.accounts import resolve
from provision.emulator.services.keys import Keys
from provision.emulator.services.permissions import iam_refusal
from provision.emulator.times import micros, timestamp
from provision.emulator.world import World

_SERVICE = "google.iam.credentials.v1.IAMCredentials"
_DEFAULT_LIFETIME = 3600
_MAX_LIFETIME = 3600
_MICRO = 1_000_000
_NAME = re.compile(r"projects/[^/]+/serviceAccounts/[^/]+")


class Credentials:
    """The RPCs of IAM Credentials.

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
        }

    async def _access_token(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        email = self._allowed(call, "getAccessToken")
        if not call.request.scope:
            raise invalid("Request must have at least one scope.", ("scope", "required"))
        lifetime = call.request.lifetime.seconds or _DEFAULT_LIFETIME
        if not 0 < lifetime <= _MAX_LIFETIME:
            raise invalid("The lifetime must be at most 3600 seconds.", ("lifetime", "too long"))
        token = self._world.identities.access_token(f"serviceAccount:{email}", lifetime)
        # Whole seconds: Google's own auth library reads no others.
        expires = (micros() // _MICRO + lifetime) * _MICRO
        return iam_credentials_v1.GenerateAccessTokenResponse.pb()(
            access_token=token, expire_time=timestamp(expires)
        )

    async def _id_token(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        email = self._allowed(call, "getOpenIdToken")
        if not call.request.audience:
            raise invalid("Request must have an audience.", ("audience", "required"))
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
        key = self._keys.managed(self._allowed(call, "signJwt"))
        try:
            claims = json.loads(call.request.payload)
        except ValueError as error:
            raise invalid("The payload must be a JSON object.", ("payload", "no JSON")) from error
        return iam_credentials_v1.SignJwtResponse.pb()(
            key_id=key.key_id, signed_jwt=key.jwt(claims)
        )

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
            raise invalid(f"Invalid form of service account name: {name}")
        account = resolve(self._world, name)
        permission = f"iam.serviceAccounts.{verb}"
        if not self._world.access.allowed(actor, permission, account["name"]):
            raise iam_refusal(permission, account["name"])
        return str(account["email"])
