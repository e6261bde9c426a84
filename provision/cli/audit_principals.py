"""Whom a text means: a principal as policies write it, or a bare address that policies complete."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from provision.errors import UsageError
from provision.principals import FORMS, InvalidPrincipalError, Principal, canonical
from provision.snapshot import Snapshot

_ACCOUNT_SUFFIX = "gserviceaccount.com"


def find_principal(text: str, snapshot: Snapshot) -> str:
    """The principal that `text` means, canonical.

    Args:
        text: as policies write it, or an e-mail alone, which counts when only one principal of
            that address is named in what was read.
        snapshot: what was read.

    Raises:
        UsageError: no form of a principal, or a bare e-mail that may be several.
    """
    if "@" in text and ":" not in text:
        return _completed(text.lower(), snapshot)
    try:
        return Principal.parse(text).canonical()
    except InvalidPrincipalError as error:
        # Policies may name forms that are newer than our list.
        if any(text == member for member in named_members(snapshot)):
            return canonical(text)
        raise UsageError(f"{error}.", hint="`provision audit report` names those there are.") from (
            error
        )


def _completed(email: str, snapshot: Snapshot) -> str:
    if email.endswith(_ACCOUNT_SUFFIX):
        return f"serviceAccount:{email}"
    forms = (f"user:{email}", f"group:{email}")
    known = set(forms).intersection(map(canonical, named_members(snapshot)))
    if len(known) == 1:
        return known.pop()
    why = "both a user and a group are named so" if known else "no policy or group names it"
    raise UsageError(
        f"{email} is a bare e-mail, and {why}.",
        hint=f"Write {forms[0]} or {forms[1]}.",
    )


def is_named(member: str, snapshot: Snapshot) -> bool:
    """Whether something that was read names the principal."""
    return any(canonical(one) == member for one in named_members(snapshot))


def alike(member: str, snapshot: Snapshot) -> str:
    """A principal that is named and spelled nearly so; empty where there is none."""
    names: Iterable[str] = {canonical(one) for one in named_members(snapshot)}
    close = get_close_matches(member, sorted(names), n=1, cutoff=0.85)
    return close[0] if close else ""


def named_members(snapshot: Snapshot) -> Iterator[str]:
    """Every member that a policy, a group or an account names; some several times."""
    for policy in snapshot.policies:
        for binding in policy.bindings:
            yield from binding.members
    for group in snapshot.groups:
        yield group.member
        for membership in group.members:
            yield membership.member
    for account in snapshot.accounts:
        yield f"serviceAccount:{account.email}"


__all__ = ["FORMS", "alike", "find_principal", "is_named", "named_members"]
