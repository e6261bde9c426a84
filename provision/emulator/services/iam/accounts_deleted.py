"""Service accounts that were deleted: restored within 30 days, and never their namesakes' own."""

from typing import Any

from google.iam.v1 import policy_pb2
from google.protobuf import json_format

from provision.emulator.history import reading_as_of
from provision.emulator.iam.identities import subject
from provision.emulator.times import micros
from provision.emulator.world import World

_KEPT = 30 * 86_400 * 1_000_000
"""How long a deleted account can be restored (µs; documented)."""
_OWN = ("deleted", "policy")


class DeletedAccounts:
    """The deleted accounts by their unique ids.

    Args:
        world: accounts and policies.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept = world.deleted_accounts

    def take(self, account: dict[str, Any]) -> None:
        """Delete an account: its policy and tags go, its bindings show it as deleted."""
        policies = self._world.policies
        policy = json_format.MessageToDict(policies.get(account["name"], 3))
        record = {**account, "deleted": micros(), "policy": policy}
        self._kept.put(account["uniqueId"], record)
        self._world.accounts.pop(account["email"])
        policies.forget(account["name"])
        self._world.tags.forget(account["name"])
        self._rename(account, deleted=True)

    def _rename(self, account: dict[str, Any], *, deleted: bool) -> None:
        """Show an account for what it is wherever it is spoken of, what can be restored included.

        A namesake gets nothing of it: no role, no group, and no exception from a denial.
        """
        email, uid = account["email"], f"?uid={account['uniqueId']}"
        principal = f"principal://iam.googleapis.com/projects/-/serviceAccounts/{email}"
        member = f"serviceAccount:{email}"
        for one, rename in (
            (member, self._world.policies.rename),
            (member, self._world.groups.rename),
            (member, self._rename_in_kept),
            (principal, self._world.denials.rename),
        ):
            names = (one, f"deleted:{one}{uid}")
            rename(*(names if deleted else reversed(names)))

    def _rename_in_kept(self, before: str, after: str) -> None:
        for key in tuple(self._kept):
            record = self._kept.get(key)
            if record is None:
                continue
            changed = [
                {**one, "members": [after if m.lower() == before.lower() else m for m in members]}
                for one in record["policy"].get("bindings", ())
                if (members := one.get("members", []))
            ]
            if changed != record["policy"].get("bindings", []):
                policy = {**record["policy"], "bindings": changed}
                self._kept.put(key, {**record, "policy": policy})

    def find(self, unique_id: str) -> dict[str, Any] | None:
        """The deleted account of a unique id, while it can be restored; None otherwise."""
        found = self._kept.get(unique_id)
        return found if found is not None and found["deleted"] + _KEPT > micros() else None

    def knows(self, wanted: str) -> bool:
        """Whether an account of this e-mail or unique id is there at present or was there once.

        A read of the past (recorded: soon after the account was made) may not see it yet.
        """
        with reading_as_of(None):
            return wanted in self._world.accounts or any(
                wanted in (one["email"], one["uniqueId"]) for one in self._kept.values()
            )

    def new_unique_id(self, email: str) -> str:
        """A unique id that no earlier account of this e-mail had."""
        before = sum(one["email"] == email for one in self._kept.values())
        return subject(f"serviceAccount:{email}" + (f"#{before}" if before else ""))

    def restore(self, record: dict[str, Any]) -> dict[str, Any]:
        """Bring an account back, with its policy, its keys and what it was bound to."""
        self._kept.pop(record["uniqueId"])
        account = {key: value for key, value in record.items() if key not in _OWN}
        self._world.accounts.put(account["email"], account)
        policy = json_format.ParseDict(record["policy"], policy_pb2.Policy())
        policy.ClearField("etag")
        if policy.bindings:
            self._world.policies.set(account["name"], policy)
        self._rename(account, deleted=False)
        return account
