"""Rules about service accounts: those that targets run as, who speaks as them, their keys. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta

from provision.audit.answers import Hop, HopKind, Severity
from provision.audit.findings.gathering import Gathered, gathered
from provision.audit.findings.holds import MINTS_ID, Held, Hold
from provision.audit.findings.members import Shape, account_member
from provision.audit.findings.mending import command, place, update
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, number
from provision.snapshot.records import Key, Kind, Target

_EDITOR = frozenset({"roles/editor", "roles/owner", "roles/writer", "roles/admin"})
_DEFAULTS = ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")
_ANYBODY = frozenset({Shape.PUBLIC, Shape.DOMAIN, Shape.POOL, Shape.ACCOUNTS})
_ACCOUNT_ID = 25
"""An account's id has 6 to 30 characters, "-runs" included."""
_CREATES_KEYS = "iam.serviceAccountKeys.create"


@rule(
    "default-runtime-account",
    Severity.LOW,
    title="Targets run as a default service account",
    why="Everything in the project that names no account runs as it, so what one of them may, all "
    "may; in older projects it is an editor, and can invoke every target.",
    mend="Make an account for the target, and `gcloud run services update NAME "
    "--service-account=EMAIL`, or name it under `service_account` in the spec.",
    varies="medium where the account holds a basic role",
)
def default_runtime_account(scene: Scene) -> Iterator[Found]:
    """Targets that run as the default account of Compute Engine or App Engine, by account."""
    by_account = defaultdict[str, list[Target]](list)
    for target in scene.snapshot.targets:
        account = _default(scene, target)
        if account:
            by_account[account].append(target)
    for account, targets in by_account.items():
        editor = any(hold.role in _EDITOR for hold in scene.opened_by([account_member(account)]))
        holds = "an editor" if editor else "a default account"
        run = "runs" if len(targets) == 1 else "run"
        claim = f"{number(len(targets), 'target')} {run} as {account}, {holds}"
        yield Found(
            claim,
            _named(scene, account),
            tuple(sorted(target.name for target in targets)),
            account_member(account),
            severity=Severity.MEDIUM if editor else None,
            mend=_own_account(targets) if len(targets) == 1 else (),
        )


@rule(
    "id-token-minter",
    Severity.LOW,
    title="Somebody can speak as an account that can invoke",
    why="Whoever gets ID tokens of the account, signs for it or makes keys of it opens what it "
    "opens; the targets' own policies do not name them.",
    mend="`gcloud iam service-accounts remove-iam-policy-binding EMAIL --member=… --role=…`.",
    varies="high for everybody and for sets that nobody has counted",
)
def id_token_minter(scene: Scene) -> Iterator[Found]:
    """Members of the own policies of accounts that open something."""
    for one in _speaking(scene, lambda hold: "/serviceAccounts/" in hold.resource):
        account = account_member(one.resource.rpartition("/")[2])
        targets = scene.invokers.reached(account)
        if targets and one.member.text != account:
            claim = f"{one.member.text} can speak as {account.partition(':')[2]}"
            yield Found(
                f"{claim}, which opens {number(len(targets), 'target')}",
                one.resource,
                targets,
                one.member.text,
                severity=Severity.HIGH if one.member.shape in _ANYBODY else None,
                mend=one.mend,
                hops=tuple(_minting(one.member.text, account, hold) for hold in one.holds),
            )


@rule(
    "id-token-minter-above",
    Severity.MEDIUM,
    title="Somebody can speak as every account of a project",
    why="A role that mints tokens, bound on a project or above, counts for every service account "
    "below, those that can invoke among them.",
    mend="Bind it on the accounts that are meant, and take it out of the project.",
    varies="high for everybody and for sets that nobody has counted; low for Google's agents",
)
def id_token_minter_above(scene: Scene) -> Iterator[Found]:
    """Members of containers' policies who can mint ID tokens of invokers below."""

    # Editors make keys; they are told of as invokers by a basic role.
    def wanted(hold: Hold) -> bool:
        return hold.role not in _EDITOR and scene.places.is_container(hold.resource)

    for one in _speaking(scene, wanted):
        accounts = scene.invokers.below(one.resource)
        if accounts:
            some = number(accounts, "account")
            severity = Severity.HIGH if one.member.shape in _ANYBODY else None
            if one.member.shape is Shape.AGENT:
                severity = Severity.LOW
            yield Found(
                f"{one.member.text} can speak as {some} of {called(one.resource)} that can invoke",
                one.resource,
                scene.invokers.reached_below(one.resource),
                one.member.text,
                severity=severity,
                # Without its role an agent's own service stops working.
                mend=() if one.member.shape is Shape.AGENT else one.mend,
                hops=tuple(_minting(one.member.text, one.resource, hold) for hold in one.holds),
            )


@rule(
    "stale-key",
    Severity.MEDIUM,
    title="An old key of an account that can invoke",
    why="A key is a password that nobody types: it works from anywhere, and the longer it lives "
    "the more places have a copy.",
    mend="`gcloud iam service-accounts keys disable ID --iam-account=EMAIL`, see that nothing "
    "breaks, then `keys delete`; impersonation and federation need no key. Old is 90 days, or what "
    "`days` says under `rules` in `audit.yaml`.",
)
def stale_key(scene: Scene) -> Iterator[Found]:
    """User-managed keys that work and are old."""
    days = scene.settings.stale_days
    for key in scene.snapshot.keys:
        account = account_member(place(key.account).name)
        if _works(scene, key) and key.created and scene.at - key.created > timedelta(days=days):
            targets = scene.invokers.reached(account)
            if targets:
                email = account.partition(":")[2]
                yield Found(
                    f"key {key.id} of {email} is older than {number(days, 'day')}",
                    key.account,
                    targets,
                    account,
                    also=(key.id,),
                    mend=_without_key(key, email),
                )


def _default(scene: Scene, target: Target) -> str:
    """The default account that a target runs as; empty when it is none."""
    if target.account.endswith(_DEFAULTS):
        return target.account.lower()
    if target.account or target.kind is Kind.FUNCTION:
        return ""
    container = scene.index.containers.get(scene.places.project(target.name))
    return f"{container.number}{_DEFAULTS[0]}" if container and container.number else ""


def _named(scene: Scene, account: str) -> str:
    """Its full name; of one that a reader may not list, in the project whose number it has."""
    number, numbered, _ = account.partition(_DEFAULTS[0])
    if account in scene.index.accounts or not numbered:
        return scene.index.account_name(account)
    project = scene.index.short(f"projects/{number}")
    return f"//iam.googleapis.com/{project}/serviceAccounts/{account}"


def _own_account(targets: list[Target]) -> tuple[str, ...]:
    at = place(targets[0].name)
    name = f"{at.name[:_ACCOUNT_ID].rstrip('-')}-runs"
    email = f"{name}@{at.project}.iam.gserviceaccount.com"
    changed = update(targets[0], f"--service-account={email}")
    made = command("gcloud", "iam", "service-accounts", "create", name, f"--project={at.project}")
    return (made, *changed) if changed else ()


def _speaking(scene: Scene, wanted: Callable[[Hold], bool]) -> Iterator[Gathered]:
    """Who can get tokens by the bindings that are wanted."""
    for member, holds in scene.minting:
        minting = [one for one in holds if wanted(one) and scene.mints(member.text, one)]
        yield from gathered([Held(member, minting)], lambda _: ())


def _works(scene: Scene, key: Key) -> bool:
    account = scene.index.accounts.get(place(key.account).name)
    over = key.expires is not None and key.expires <= scene.at
    return not (key.disabled or over or (account is not None and account.disabled))


def _without_key(key: Key, email: str) -> tuple[str, ...]:
    words = ("gcloud", "iam", "service-accounts", "keys")
    project = f"--project={place(key.account).project}"
    return tuple(
        command(*words, step, key.id, f"--iam-account={email}", project)
        for step in ("disable", "delete")
    )


def _minting(member: str, end: str, hold: Hold) -> Hop:
    if MINTS_ID in hold.allows:
        kind = HopKind.MINT_ID
    else:
        kind = HopKind.KEY if hold.allows & {_CREATES_KEYS} else HopKind.SIGN
    return Hop(
        kind,
        member,
        end,
        role=hold.role,
        on=hold.resource,
        member=member,
        condition=hold.condition,
    )


RULES: tuple[Rule, ...] = (
    stale_key,
    id_token_minter_above,
    id_token_minter,
    default_runtime_account,
)
