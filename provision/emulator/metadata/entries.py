"""The entries of the metadata server: what is answered for a path, a query and a revision."""

from collections.abc import Mapping
from dataclasses import dataclass

from provision.emulator.seams import Identities, RevisionToRun

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LIFETIME = 3600
_ACCOUNTS = "instance/service-accounts"


@dataclass(frozen=True)
class Answer:
    """A text, or a value to be written as JSON, and its status."""

    body: object
    status: int = 200


_NOT_FOUND = Answer("Not found.\n", 404)


def entry(
    path: str, query: Mapping[str, str], revision: RevisionToRun, identities: Identities
) -> Answer:
    """Answer for one path below ``computeMetadata/v1/``, without slashes at its ends."""
    if path == _ACCOUNTS or path.startswith(f"{_ACCOUNTS}/"):
        rest = path.removeprefix(_ACCOUNTS).strip("/")
        return _account_entry(rest, query, revision, identities)
    entries = _plain(revision)
    if path in entries:
        return Answer(entries[path])
    below = _listing(path, entries)
    return Answer(below) if below else _NOT_FOUND


def _plain(revision: RevisionToRun) -> dict[str, str]:
    number, region = revision.project_number, revision.service.region
    return {
        "project/project-id": revision.service.project,
        "project/numeric-project-id": str(number),
        "instance/id": f"{revision.service.service}-{revision.revision}",
        "instance/region": f"projects/{number}/regions/{region}",
        "instance/zone": f"projects/{number}/zones/{region}-1",
        "universe/universe-domain": "googleapis.com",
    }


def _listing(path: str, entries: Mapping[str, str]) -> str:
    prefix = f"{path}/" if path else ""
    names = [name.removeprefix(prefix) for name in entries if name.startswith(prefix)]
    if prefix == "instance/":
        names.append("service-accounts/")
    folders = {name.partition("/")[0] + "/" * ("/" in name) for name in names}
    return "".join(f"{name}\n" for name in sorted(folders))


def _account_entry(
    rest: str, query: Mapping[str, str], revision: RevisionToRun, identities: Identities
) -> Answer:
    email = revision.service_account
    account = {"aliases": ["default"], "email": email, "scopes": [_SCOPE]}
    recursive = query.get("recursive", "").lower() == "true"
    if not rest:
        both = {"default": account, email: account}
        return Answer(both if recursive else f"default/\n{email}/\n")
    who, _, what = rest.partition("/")
    if who not in ("default", email):
        return _NOT_FOUND
    if not what:
        return Answer(account if recursive else "aliases\nemail\nidentity\nscopes\ntoken\n")
    if what == "identity":
        return _identity(query, f"serviceAccount:{email}", identities)
    if what == "token":
        token = identities.access_token(f"serviceAccount:{email}", _LIFETIME)
        return Answer({"access_token": token, "expires_in": _LIFETIME, "token_type": "Bearer"})
    texts = {"aliases": "default\n", "email": email, "scopes": f"{_SCOPE}\n"}
    return Answer(texts[what]) if what in texts else _NOT_FOUND


def _identity(query: Mapping[str, str], member: str, identities: Identities) -> Answer:
    audience = query.get("audience", "")
    if not audience:
        return Answer("non-empty audience parameter required\n", 400)
    return Answer(identities.id_token(member, audience))
