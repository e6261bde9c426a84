"""IAM admin v1: keys of service accounts, made by the emulator or brought along."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.cloud import iam_admin_v1
from google.rpc import error_details_pb2

from provision.emulator.iam.signing import SigningKey, unverified_claims
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.seams import TokenError
from provision.emulator.services.iam import keys_files
from provision.emulator.services.iam.accounts import SERVICE, full_name, resolve
from provision.emulator.services.permissions import iam_refusal, require
from provision.emulator.times import micros, timestamp
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_MAX_KEYS = 10
_FOREVER = 253_402_300_799_000_000  # 9999-12-31T23:59:59Z, as keys show it that do not expire
_WEEKS_TWO = 14 * 86_400 * 1_000_000
_NO_KEYS = "iam.disableServiceAccountKeyCreation"
_NO_UPLOAD = "iam.disableServiceAccountKeyUpload"
_KEY = iam_admin_v1.ServiceAccountKey.pb()
_KINDS = iam_admin_v1.ListServiceAccountKeysRequest.KeyType
_FORMS = iam_admin_v1.ServiceAccountPrivateKeyType
_PUBLIC = iam_admin_v1.ServiceAccountPublicKeyType
_ORIGINS = iam_admin_v1.ServiceAccountKeyOrigin
_ALGORITHMS = iam_admin_v1.ServiceAccountKeyAlgorithm

Kept = dict[str, Any]
"""``name``, ``email``, ``account`` (unique id), ``made`` and ``until`` (µs), ``pem`` (a private
key) or ``certificate`` (of an uploaded one), ``managed``, ``disabled``."""


class Keys:
    """Keys of service accounts.

    Args:
        world: accounts and policies.
        base_url: where the emulator listens; the token endpoint in key files is beneath it.
    """

    def __init__(self, world: World, base_url: Callable[[], str]) -> None:
        self._world = world
        self._base_url = base_url
        self._kept: Table[Kept] = world.store.table("keys")

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/CreateServiceAccountKey": self._create,
            f"{SERVICE}/UploadServiceAccountKey": self._upload,
            f"{SERVICE}/ListServiceAccountKeys": self._list,
            f"{SERVICE}/GetServiceAccountKey": self._get,
            f"{SERVICE}/DeleteServiceAccountKey": self._delete,
            f"{SERVICE}/EnableServiceAccountKey": self._enable,
            f"{SERVICE}/DisableServiceAccountKey": self._disable,
        }

    def managed(self, email: str) -> SigningKey:
        """The key that Google would manage for an account; made when first needed."""
        return SigningKey.from_pem(self._managed(self._world.accounts.get(email) or {})["pem"])

    def _managed(self, account: dict[str, Any]) -> Kept:
        found = (kept for kept in self._of(account) if kept.get("managed"))
        return next(found, None) or self._keep_new(account, managed=True)

    def verified(self, assertion: str) -> dict[str, Any]:
        """The claims of a JWT that one of its issuer's keys signed. Raises `TokenError`."""
        email = str(unverified_claims(assertion).get("iss", ""))
        account = self._world.accounts.get(email)
        if account is None:
            raise TokenError("account not found")
        for kept in self._of(account):
            if kept.get("disabled") or _is_expired(kept):
                continue
            try:
                return keys_files.verified(kept, assertion)
            except TokenError:
                continue
        raise TokenError("the signature belongs to no key of the account")

    def certificates(self, email: str) -> dict[str, str]:
        """The account's public certificates by key id."""
        account = self._world.accounts.get(email)
        found = self._of(account) if account is not None else []
        return {_id(kept): keys_files.certificate(kept) for kept in found}

    def all(self) -> tuple[Kept, ...]:
        """Every key that there is an account for."""
        known = {account.get("uniqueId") for account in self._world.accounts.values()}
        return tuple(kept for kept in self._kept.values() if kept["account"] in known)

    def _of(self, account: dict[str, Any]) -> list[Kept]:
        """An account's keys; those of an earlier account of its name are none of its."""
        mine = account.get("uniqueId")
        return [kept for kept in self._kept.values() if kept["account"] == mine]

    def _keep_new(self, account: dict[str, Any], *, managed: bool) -> Kept:
        key, now = SigningKey.generate(), micros()
        until = now + _WEEKS_TWO if managed else _FOREVER
        return self._keep(account, key.key_id, now, until, pem=key.to_pem(), managed=managed)

    def _keep(
        self, account: dict[str, Any], key_id: str, made: int, until: int, **rest: object
    ) -> Kept:
        name = f"{account['name']}/keys/{key_id}"
        kept: Kept = {
            "name": name,
            "email": account["email"],
            "account": account["uniqueId"],
            "made": made,
            "until": until,
            **rest,
        }
        return self._kept.put(name, kept)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccountKey
        account = self._allowed(call, "create", call.request.name)
        self._check_constraint(_NO_KEYS, account["name"])
        self._check_number(account)
        if call.request.key_algorithm == _ALGORITHMS.KEY_ALG_RSA_1024:
            raise invalid("Request contains an invalid argument.", ("key_algorithm", "too short"))
        kept = self._keep_new(account, managed=False)
        message = _message(kept)
        form = call.request.private_key_type
        if form == _FORMS.TYPE_PKCS12_FILE:
            message.private_key_type = form
            message.private_key_data = keys_files.pkcs12(kept)
        else:
            message.private_key_type = _FORMS.TYPE_GOOGLE_CREDENTIALS_FILE
            message.private_key_data = keys_files.credentials(kept, account, self._base_url())
        return message

    async def _upload(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccountKey
        account = self._allowed(call, "create", call.request.name)
        self._check_constraint(_NO_UPLOAD, account["name"])
        self._check_number(account)
        key_id, made, until = keys_files.uploaded(call.request.public_key_data)
        if f"{account['name']}/keys/{key_id}" in self._kept:
            raise ApiError("ALREADY_EXISTS", f"Service account key {key_id} already exists.")
        certificate = call.request.public_key_data.decode()
        return _message(self._keep(account, key_id, made, until, certificate=certificate))

    def _check_number(self, account: dict[str, Any]) -> None:
        mine = [kept for kept in self._of(account) if not kept.get("managed")]
        if len(mine) >= _MAX_KEYS:
            raise ApiError("FAILED_PRECONDITION", "Precondition check failed.")

    def _check_constraint(self, constraint: str, name: str) -> None:
        if constraint not in self._world.settings.org_policies:
            return
        violation = error_details_pb2.PreconditionFailure.Violation(
            type=f"constraints/{constraint}",
            subject=name,
            description="Key creation is not allowed on this service account.",
        )
        raise ApiError(
            "FAILED_PRECONDITION",
            "Key creation is not allowed on this service account.",
            error_details_pb2.PreconditionFailure(violations=[violation]),
        )

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        account = self._allowed(call, "list", call.request.name)
        self._managed(account)
        found = [_message(kept) for kept in self._of(account)]
        wanted = [kind for kind in call.request.key_types if kind]
        shown = [key for key in found if not wanted or key.key_type in wanted]
        return iam_admin_v1.ListServiceAccountKeysResponse.pb()(keys=shown)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccountKey
        kept = self._find(call, "get")
        message, form = _message(kept), call.request.public_key_type
        if form == _PUBLIC.TYPE_X509_PEM_FILE:
            message.public_key_data = keys_files.certificate(kept).encode()
        elif form == _PUBLIC.TYPE_RAW_PUBLIC_KEY:
            message.public_key_data = keys_files.public_key(kept)
        return message

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        kept = self._find(call, "delete")
        if kept.get("managed"):
            raise ApiError("FAILED_PRECONDITION", "Precondition check failed.")
        self._kept.pop(kept["name"])
        return Empty()

    async def _enable(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        return self._switch(call, "enable", disabled=False)

    async def _disable(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        return self._switch(call, "disable", disabled=True)

    def _switch(self, call: Call, verb: str, *, disabled: bool) -> Any:  # noqa: ANN401 - Empty
        kept = self._find(call, verb)
        if kept.get("managed"):
            raise ApiError("FAILED_PRECONDITION", "Precondition check failed.")
        self._kept.put(kept["name"], {**kept, "disabled": disabled})
        return Empty()

    def _find(self, call: Call, verb: str) -> Kept:
        owner, _, key_id = call.request.name.partition("/keys/")
        account = self._allowed(call, verb, owner)
        kept = self._kept.get(f"{account['name']}/keys/{key_id}")
        if kept is None or kept["account"] != account["uniqueId"]:
            raise not_found(f"Service account key {key_id} does not exist.")
        return kept

    def _allowed(self, call: Call, verb: str, name: str) -> dict[str, Any]:
        resource = full_name(self._world, name)
        require(self._world, call, f"iam.serviceAccountKeys.{verb}", resource, iam_refusal)
        return resolve(self._world, name)


def _is_expired(kept: Kept) -> bool:
    """Whether an uploaded certificate does not count at present; Google rotates its own keys."""
    return "certificate" in kept and not kept["made"] <= micros() <= kept["until"]


def _id(kept: Kept) -> str:
    return str(kept["name"]).rpartition("/")[2]


def _message(kept: Kept) -> Any:  # noqa: ANN401 - ServiceAccountKey
    return _KEY(
        name=kept["name"],
        key_algorithm=_ALGORITHMS.KEY_ALG_RSA_2048,
        valid_after_time=timestamp(kept["made"] // 1_000_000 * 1_000_000),
        valid_before_time=timestamp(kept["until"] // 1_000_000 * 1_000_000),
        key_origin=_ORIGINS.USER_PROVIDED if "certificate" in kept else _ORIGINS.GOOGLE_PROVIDED,
        key_type=_KINDS.SYSTEM_MANAGED if kept.get("managed") else _KINDS.USER_MANAGED,
        disabled=bool(kept.get("disabled")),
    )
