"""IAM admin v1: keys of service accounts, real RSA keys that Google's libraries sign with."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.cloud import iam_admin_v1

from provision.emulator.iam.identities import subject
from provision.emulator.iam.signing import SigningKey, unverified_claims
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.seams import TokenError
from provision.emulator.services.accounts import SERVICE, full_name, resolve
from provision.emulator.services.permissions import iam_refusal, require
from provision.emulator.times import micros, timestamp
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_MAX_KEYS = 10
_YEARS_TEN = 10 * 365 * 86_400 * 1_000_000
_KEY = iam_admin_v1.ServiceAccountKey.pb()


class Keys:
    """Keys of service accounts.

    Args:
        world: accounts and policies.
        base_url: where the emulator listens; the token endpoint in key files is beneath it.
    """

    def __init__(self, world: World, base_url: Callable[[], str]) -> None:
        self._world = world
        self._base_url = base_url
        self._kept: Table[dict[str, Any]] = world.store.table("keys")

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/CreateServiceAccountKey": self._create,
            f"{SERVICE}/ListServiceAccountKeys": self._list,
            f"{SERVICE}/GetServiceAccountKey": self._get,
            f"{SERVICE}/DeleteServiceAccountKey": self._delete,
        }

    def managed(self, email: str) -> SigningKey:
        """The key that Google would manage for an account; made when first needed."""
        kept = self._kept.get(f"managed/{email}")
        if kept is None:
            kept = self._kept.put(
                f"managed/{email}",
                {"email": email, "pem": SigningKey.generate().to_pem(), "made": micros()},
            )
        return SigningKey.from_pem(kept["pem"])

    def verified(self, assertion: str) -> dict[str, Any]:
        """The claims of a JWT that one of its issuer's keys signed. Raises `TokenError`."""
        email = str(unverified_claims(assertion).get("iss", ""))
        if self._world.accounts.get(email) is None:
            raise TokenError("account not found")
        for kept in self._of(email):
            try:
                return SigningKey.from_pem(kept["pem"]).verified(assertion)
            except TokenError:
                continue
        raise TokenError("the signature belongs to no key of the account")

    def certificates(self, email: str) -> dict[str, str]:
        """The account's public certificates by key id."""
        found = [SigningKey.from_pem(kept["pem"]) for kept in self._of(email)]
        return {key.key_id: key.certificate(email) for key in found}

    def _of(self, email: str) -> list[dict[str, Any]]:
        return [kept for kept in self._kept.values() if kept["email"] == email]

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccountKey
        account = self._allowed(call, "create", call.request.name)
        email = account["email"]
        mine = [kept for kept in self._of(email) if "name" in kept]
        if len(mine) >= _MAX_KEYS:
            raise ApiError("FAILED_PRECONDITION", "Precondition check failed.")
        if (
            call.request.private_key_type
            == iam_admin_v1.ServiceAccountPrivateKeyType.TYPE_PKCS12_FILE
        ):
            raise invalid("PKCS #12 files are not offered; ask for TYPE_GOOGLE_CREDENTIALS_FILE.")
        key = SigningKey.generate()
        name = f"{account['name']}/keys/{key.key_id}"
        kept = {"name": name, "email": email, "pem": key.to_pem(), "made": micros()}
        message = _message(self._kept.put(name, kept))
        file = self._file(account, key)
        message.private_key_type = (
            iam_admin_v1.ServiceAccountPrivateKeyType.TYPE_GOOGLE_CREDENTIALS_FILE
        )
        message.private_key_data = json.dumps(file, indent=2).encode()
        return message

    def _file(self, account: dict[str, Any], key: SigningKey) -> dict[str, str]:
        base, email = self._base_url(), account["email"]
        return {
            "type": "service_account",
            "project_id": account["projectId"],
            "private_key_id": key.key_id,
            "private_key": key.to_pem(),
            "client_email": email,
            "client_id": subject(f"serviceAccount:{email}"),
            "auth_uri": f"{base}/o/oauth2/auth",
            "token_uri": f"{base}/token",
            "auth_provider_x509_cert_url": f"{base}/oauth2/v1/certs",
            "client_x509_cert_url": f"{base}/robot/v1/metadata/x509/{email}",
            "universe_domain": "googleapis.com",
        }

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        account = self._allowed(call, "list", call.request.name)
        found = [_message(kept) for kept in self._of(account["email"]) if "name" in kept]
        return iam_admin_v1.ListServiceAccountKeysResponse.pb()(keys=found)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccountKey
        return _message(self._find(call, "get"))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        self._kept.pop(self._find(call, "delete")["name"])
        return Empty()

    def _find(self, call: Call, verb: str) -> dict[str, Any]:
        owner, _, key_id = call.request.name.partition("/keys/")
        account = self._allowed(call, verb, owner)
        kept: dict[str, Any] | None = self._kept.get(f"{account['name']}/keys/{key_id}")
        if kept is None:
            raise not_found(f"Service account key {key_id} does not exist.")
        return kept

    def _allowed(self, call: Call, verb: str, name: str) -> dict[str, Any]:
        resource = full_name(self._world, name)
        require(self._world, call, f"iam.serviceAccountKeys.{verb}", resource, iam_refusal)
        return resolve(self._world, name)


def _message(kept: dict[str, Any]) -> Any:  # noqa: ANN401 - ServiceAccountKey
    return _KEY(
        name=kept["name"],
        key_algorithm=iam_admin_v1.ServiceAccountKeyAlgorithm.KEY_ALG_RSA_2048,
        valid_after_time=timestamp(kept["made"]),
        valid_before_time=timestamp(kept["made"] + _YEARS_TEN),
        key_origin=iam_admin_v1.ServiceAccountKeyOrigin.GOOGLE_PROVIDED,
        key_type=iam_admin_v1.ListServiceAccountKeysRequest.KeyType.USER_MANAGED,
    )
