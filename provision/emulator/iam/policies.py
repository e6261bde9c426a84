"""Allow policies: read, written under an etag, and in effect only after a while."""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from google.iam.v1 import policy_pb2
from google.protobuf import json_format

from provision.emulator.iam.grants import Grant, grants_of
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.store import Store
from provision.emulator.times import micros, policy_etag

NEVER_SET = b"\x00\x20\x01"
"""The etag of a policy that was never set: ``ACAB`` in base64."""
CONDITIONS_VERSION = 3


@dataclass
class _Version:
    """A policy that counts from a moment on (seconds since the epoch)."""

    since: float
    policy: Any
    _grants: tuple[Grant, ...] | None = field(default=None, repr=False)

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Its bindings, read when asked for."""
        if self._grants is None:
            self._grants = grants_of(self.policy)
        return self._grants


@dataclass
class _Kept:
    """The policy as written, and what was in effect before until when it takes effect."""

    written: Any
    versions: list[_Version] = field(default_factory=list)

    def counting(self) -> _Version | None:
        """The version that counts now."""
        now, counts = time.time(), None
        for version in self.versions:
            if version.since <= now:
                counts = version
        return counts


class Policies:
    """The policies of all resources.

    Args:
        store: where they live.
        delay: seconds until a written policy takes effect.
    """

    def __init__(self, store: Store, delay: Callable[[], float]) -> None:
        self._delay = delay
        self._kept = store.table("policies", encode=_encode, decode=_decode)

    def get(self, resource: str, requested_version: int = 0) -> Any:  # noqa: ANN401 - Policy
        """The policy as last written, in the form that was asked for.

        With conditions and a requested version below 3, conditional bindings lose their condition
        and show it in the role's name (``_withcond_``), as IAM documents.
        """
        kept = self._kept.get(resource)
        answer = policy_pb2.Policy()
        if kept is None:
            answer.etag = NEVER_SET
            return answer
        answer.CopyFrom(kept.written)
        if has_conditions(answer) and requested_version < CONDITIONS_VERSION:
            answer.version = 1
            for binding in answer.bindings:
                _flatten(binding)
        return answer

    def set(self, resource: str, policy: Any, mask: Iterable[str] = ()) -> Any:  # noqa: ANN401 - Policy
        """Replace a policy and return it. Raises `ApiError` (ABORTED on a stale etag).

        Args:
            resource: whose policy.
            policy: the new one; without an etag it overwrites whatever is there.
            mask: fields of the policy to replace; bindings and etag when empty.
        """
        current = self.get(resource, CONDITIONS_VERSION)
        _check_etag(policy.etag, current.etag)
        _check_version(policy, current)
        written = policy_pb2.Policy()
        written.CopyFrom(current)
        if not mask or "bindings" in mask:
            del written.bindings[:]
            written.bindings.extend(_merged(policy.bindings))
        if "audit_configs" in mask:
            del written.audit_configs[:]
            written.audit_configs.extend(policy.audit_configs)
        written.version = CONDITIONS_VERSION if has_conditions(written) else 1
        written.etag = policy_etag(micros())
        self._keep(resource, written)
        return self.get(resource, CONDITIONS_VERSION)

    def forget(self, resource: str) -> None:
        """The resource is gone, and its policy with it, at once."""
        self._kept.pop(resource)

    def resources(self) -> tuple[str, ...]:
        """The names of everything that has, or had, a policy."""
        return tuple(self._kept)

    def rename(self, before: str, after: str) -> None:
        """Put one member in the place of another in every policy, without regard to case.

        That deleted accounts show as such is documented: ``deleted:serviceAccount:EMAIL?uid=ID``.
        """
        for resource in self._kept:
            kept = self._kept.get(resource)
            if kept is None:
                continue
            # Every one of them is gone through: a delayed one must not bring the account back.
            policies = (kept.written, *(one.policy for one in kept.versions))
            if sum(_mark(policy, before.lower(), after) for policy in policies):
                versions = [_Version(one.since, one.policy) for one in kept.versions]
                self._kept.put(resource, _Kept(kept.written, versions))

    def in_effect(self, resource: str) -> Any:  # noqa: ANN401 - Policy or None
        """The policy that counts now; None when there is none yet."""
        counts = self._counting(resource)
        return None if counts is None else counts.policy

    def grants(self, resource: str) -> tuple[Grant, ...]:
        """The bindings that count now."""
        counts = self._counting(resource)
        return () if counts is None else counts.grants

    def _counting(self, resource: str) -> _Version | None:
        kept = self._kept.get(resource)
        return None if kept is None else kept.counting()

    def _keep(self, resource: str, written: Any) -> None:  # noqa: ANN401 - Policy
        kept = self._kept.get(resource) or _Kept(written)
        now, counting = time.time(), kept.counting()
        # Of what is still to come only what was written after the one that counts: a shorter
        # delay has overtaken the others.
        begin = 0 if counting is None else kept.versions.index(counting)
        left = kept.versions[begin:]
        fresh = _Version(now + self._delay(), written)
        self._kept.put(resource, _Kept(written, [*left, fresh]))


def _mark(policy: Any, before: str, after: str) -> bool:  # noqa: ANN401 - Policy
    """Put one member (in lower case) in the place of another; whether it was there."""
    touched = False
    for binding in policy.bindings:
        for index, member in enumerate(binding.members):
            if member.lower() == before:
                binding.members[index] = after
                touched = True
    return touched


def has_conditions(policy: Any) -> bool:  # noqa: ANN401 - Policy
    """Whether any binding has a condition."""
    return any(binding.HasField("condition") for binding in policy.bindings)


def _check_etag(sent: bytes, current: bytes) -> None:
    if sent and sent != current:
        raise ApiError(
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with "
            f"exponential backoff. The request's ETag '{_octal(sent)}' did not match the current "
            f"policy's ETag '{_octal(current)}'.",
        )


def _octal(raw: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in raw)  # noqa: PLR2004 - printable ASCII


def _check_version(policy: Any, current: Any) -> None:  # noqa: ANN401 - Policy
    if policy.version not in (0, 1, CONDITIONS_VERSION):
        raise invalid(f"Invalid policy version {policy.version}: allowed versions are 0, 1 and 3.")
    if policy.version == CONDITIONS_VERSION:
        return
    if has_conditions(policy):
        raise invalid("Policies with conditional role bindings must specify policy version 3.")
    # Without an etag a version 1 policy overwrites, and all conditions are lost (documented).
    if policy.etag and has_conditions(current):
        raise invalid(
            "The policy contains conditional role bindings; specify policy version 3 to change it."
        )


def _merged(bindings: Iterable[Any]) -> list[Any]:
    """One binding per role and condition, each member once, none empty."""
    found: dict[tuple[str, bytes], Any] = {}
    for binding in bindings:
        key = (binding.role, binding.condition.SerializeToString(deterministic=True))
        if key not in found:
            found[key] = policy_pb2.Binding()
            found[key].CopyFrom(binding)
            del found[key].members[:]
        members = found[key].members
        members.extend(one for one in dict.fromkeys(binding.members) if one not in members)
    return [binding for binding in found.values() if binding.members]


def _flatten(binding: Any) -> None:  # noqa: ANN401 - Binding
    if binding.HasField("condition"):
        digest = hashlib.sha256(binding.condition.SerializeToString(deterministic=True))
        binding.role += f"_withcond_{digest.hexdigest()[:20]}"
        binding.ClearField("condition")


def _encode(kept: _Kept) -> Any:  # noqa: ANN401 - JSON
    return {
        "written": _plain(kept.written),
        # What was written last is the newest version too, and kept once.
        "versions": [
            [one.since, None if one.policy is kept.written else _plain(one.policy)]
            for one in kept.versions
        ],
    }


def _plain(policy: Any) -> Any:  # noqa: ANN401 - Policy and JSON
    return json_format.MessageToDict(policy)


def _decode(value: Any) -> _Kept:  # noqa: ANN401 - JSON
    written = json_format.ParseDict(value["written"], policy_pb2.Policy())
    return _Kept(
        written,
        [
            _Version(
                since,
                written if one is None else json_format.ParseDict(one, policy_pb2.Policy()),
            )
            for since, one in value["versions"]
        ],
    )
