"""What fields must be to each other, looked at in the raw document.

Raw, so that these problems come together with those of single fields rather than one run later;
a value of the wrong type is passed over here, for the border tells about it.
"""

from collections.abc import Iterator, Mapping

from provision import principals
from provision.resources import ACCOUNT_ID, GCR_LOCATIONS, SERVICE_ID
from provision.spec.call_rules import call_problems
from provision.spec.kinds import RESERVED_ENV
from provision.spec.model import Kind
from provision.spec.nodes import Path
from provision.spec.run_fields import run_problems

Raw = Mapping[str, object]
Found = Iterator[tuple[Path, str]]

_BUILD_WORDS = ("context", "dockerfile", "target", "build_args", "repository", "location", "name")


def default_account(name: str) -> str:
    """The account id of a service or job whose spec names none."""
    return f"{name}-run"


def cross_problems(raw: Raw, kind: Kind) -> Found:
    """Every problem between fields of one document."""
    yield from _image_problems(raw.get("image"))
    yield from _account_problems(raw, kind)
    yield from _invoker_problems(raw, kind)
    yield from _probe_problems(raw)
    yield from _environment_problems(raw, kind)
    yield from _instance_problems(raw)
    yield from call_problems(raw, kind)
    for path, message in run_problems(raw.get("run"), kind):
        yield ("run", *path), message


def _image_problems(image: object) -> Found:
    if not isinstance(image, dict):
        return
    if image.get("reference") is not None:
        for word in _BUILD_WORDS:
            if word in image:
                yield ("image", word), "has no meaning beside `reference`; nothing is built"
        return
    repository = image.get("repository")
    if repository is None:
        yield (
            ("image", "repository"),
            "required; allowed: a repository to push to, or `reference` for an image that exists",
        )
    elif "location" in image and ("/" in str(repository) or repository in GCR_LOCATIONS):
        yield ("image", "location"), f"{repository!r} says its location itself"


def _account_problems(raw: Raw, kind: Kind) -> Found:
    name = raw.get(kind)
    if raw.get("service_account") is not None or not isinstance(name, str):
        return
    if SERVICE_ID.fullmatch(name) and not ACCOUNT_ID.fullmatch(default_account(name)):
        message = (
            f"required here, since {default_account(name)!r} is not a service account id; "
            "allowed: 6 to 30 lower-case letters, digits and hyphens, or a full e-mail"
        )
        yield ("service_account",), message


def _invokers(raw: Raw) -> list[tuple[int, str]]:
    named = raw.get("invokers")
    if not isinstance(named, list):
        return []
    return [(index, item) for index, item in enumerate(named) if isinstance(item, str)]


_NO_PUBLIC_JOB = (
    "a job takes no public member: Google refuses allUsers, allAuthenticatedUsers there"
)


def _invoker_problems(raw: Raw, kind: Kind) -> Found:
    seen: dict[str, str] = {}
    for index, member in _invokers(raw):
        path: Path = ("invokers", index)
        if principals.is_public(member) and kind is Kind.JOB:
            yield path, f"{member}: {_NO_PUBLIC_JOB}"
        elif principals.is_public(member) and raw.get("public") is not True:
            yield path, f"{member} makes the service public; allowed only with `public: true`"
        spelling = principals.canonical(member)
        if spelling in seen:
            yield path, f"{member} is named already, as {seen[spelling]}"
        seen.setdefault(spelling, member)


def _probe_problems(raw: Raw) -> Found:
    probe = raw.get("probe_as")
    if not isinstance(probe, str) or not probe.endswith("gserviceaccount.com"):
        return
    wanted = probe if probe.startswith("serviceAccount:") else f"serviceAccount:{probe}"
    accounts = [name for _, name in _invokers(raw) if name.startswith("serviceAccount:")]
    if not any(principals.same(wanted, account) for account in accounts):
        allowed = ", ".join(accounts) or "none, for no service account is among `invokers`"
        yield ("probe_as",), f"{probe} is not among `invokers`; allowed: {allowed}"


def _environment_problems(raw: Raw, kind: Kind) -> Found:
    reserved = RESERVED_ENV[kind]
    for field in ("env", "secrets"):
        named = raw.get(field)
        for name in sorted(reserved & named.keys()) if isinstance(named, dict) else ():
            not_allowed = ", ".join(sorted(reserved))
            yield (field, name), f"set by Cloud Run itself; not allowed: {not_allowed}"
    env, secrets = raw.get("env"), raw.get("secrets")
    if isinstance(env, dict) and isinstance(secrets, dict):
        for name in secrets:
            if name in env:
                yield ("secrets", name), "is in `env` too; allowed: one of the two"


def _instance_problems(raw: Raw) -> Found:
    low, high = raw.get("min_instances"), raw.get("max_instances")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield ("min_instances",), f"{low} is more than max_instances, {high}"
