"""Why the front end answers 401: a token that it cannot verify, which waiting never heals. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from provision.clients.outside import Answer
from provision.invoke.explain.facts import Asked, Credential, Explanation, Finding, Known
from provision.tokens.audiences import ADC_CLIENT_ID, GCLOUD_CLIENT_ID

_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
_TOLERATED = timedelta(seconds=30)
"""A difference between two clocks that is not worth a word."""

_MINT = "Leave the token to `provision call`: it takes an ID token with the right audience."


def unauthorized(asked: Asked, answer: Answer, known: Known, now: datetime) -> Explanation:
    """Why a token was not accepted.

    Args:
        asked: the request.
        answer: what came back, in the front end's words.
        known: what the control side says.
        now: this machine's time.
    """
    there = server_time(answer) or now
    for found in _reasons(asked, known, there, now):
        return found
    return Explanation(
        Finding.UNVERIFIED,
        "the front end could not verify the token, though its claims look right",
        _claims(asked, known),
        "Its signature may be from elsewhere, or its account deleted or disabled. Waiting does not"
        " heal a 401: mint another one, as another account with --as.",
        certain=False,
    )


def server_time(answer: Answer) -> datetime | None:
    """The time in the answer's Date header."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except (ValueError, TypeError):
        return None


def _reasons(asked: Asked, known: Known, there: datetime, now: datetime) -> Iterator[Explanation]:
    """The reasons that the evidence shows, the plainest first."""
    yield from _by_credential(asked)
    if asked.credential is Credential.ID:
        yield from _by_audience(asked, known)
        yield from _by_time(asked, there, now)
        yield from _by_identity(asked)


def _by_credential(asked: Asked) -> Iterator[Explanation]:
    if asked.credential is Credential.ACCESS:
        yield Explanation(
            Finding.WRONG_KIND,
            "an access token was sent, and a service takes ID tokens only",
            (("token", f"an access token (ya29.…) in {asked.header}"),),
            _MINT,
        )
    elif asked.credential in (Credential.SEVERAL, Credential.OTHER):
        yield Explanation(
            Finding.MALFORMED,
            f"{asked.credential} was sent, where one `Bearer ID_TOKEN` is expected",
            (("token", f"{asked.credential}, in {asked.header}"),),
            _MINT,
        )


def _by_audience(asked: Asked, known: Known) -> Iterator[Explanation]:
    audience = asked.claims.get("aud")
    accepted = known.audiences
    if asked.member.startswith("user:") or not asked.member:
        accepted = (*accepted, GCLOUD_CLIENT_ID)
    if not known.audiences or audience in accepted:
        return
    if audience == ADC_CLIENT_ID and asked.member.startswith("user:"):
        said = "the audience is the client of Application Default Credentials, not always accepted"
        then = "`gcloud auth login` gives tokens that are; so does --as SERVICE_ACCOUNT."
        yield Explanation(Finding.WRONG_AUDIENCE, said, _claims(asked, known), then, certain=False)
        return
    yield Explanation(
        Finding.WRONG_AUDIENCE,
        f"the token is for another audience than {known.name}",
        _claims(asked, known),
        "Leave --audience away, or name one of those: they are compared exactly, without a path"
        " or a slash at the end, and a tag's address is none.",
    )


def _by_time(asked: Asked, there: datetime, now: datetime) -> Iterator[Explanation]:
    ends, begins = _moment(asked, "exp"), _moment(asked, "nbf") or _moment(asked, "iat")
    clocks = (*_skew(there, now),)
    if ends is not None and ends <= there:
        yield Explanation(
            Finding.EXPIRED,
            f"the token has expired, {_span(there - ends)} ago",
            (("token", f"expired at {_stamp(ends)}"), ("server", _stamp(there)), *clocks),
            "Mint another one: ID tokens are valid for one hour. `provision call` and"
            " `provision proxy` do that by themselves.",
        )
    elif begins is not None and begins > there + _TOLERATED:
        yield Explanation(
            Finding.NOT_YET_VALID,
            f"the token is not valid for another {_span(begins - there)}: a clock is wrong",
            (("token", f"issued at {_stamp(begins)}"), ("server", _stamp(there)), *clocks),
            "Set the clock of the machine that signs the tokens (timedatectl, chrony).",
        )


def _by_identity(asked: Asked) -> Iterator[Explanation]:
    issuer = asked.claims.get("iss", "")
    if issuer and issuer not in _ISSUERS:
        yield Explanation(
            Finding.FOREIGN_ISSUER,
            "the token is not Google's: Cloud Run takes ID tokens that Google signed",
            (("issuer", str(issuer)),),
            "Trade it for one of a service account's: workload identity federation, or --as.",
        )
    elif not asked.claims.get("email"):
        yield Explanation(
            Finding.NO_EMAIL,
            "the token names no e-mail, so nobody could be looked up in a policy",
            (("claims", ", ".join(sorted(asked.claims)) or "none"),),
            "Mint it with includeEmail set; `provision token` does.",
            certain=False,
        )


def _claims(asked: Asked, known: Known) -> tuple[tuple[str, str], ...]:
    told = [("audience", str(asked.claims.get("aud", "none")))]
    told += [("accepted", one) for one in known.audiences]
    ends = _moment(asked, "exp")
    return (*told, *((("expires", _stamp(ends)),) if ends else ()))


def _skew(there: datetime, now: datetime) -> Iterator[tuple[str, str]]:
    apart = now - there
    if abs(apart) > _TOLERATED:
        side = "ahead of" if apart > timedelta() else "behind"
        yield "clock", f"this machine's is {_span(abs(apart))} {side} the server's"


def _moment(asked: Asked, claim: str) -> datetime | None:
    told = asked.claims.get(claim)
    if not isinstance(told, int | float):
        return None
    try:
        return datetime.fromtimestamp(told, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _span(length: timedelta) -> str:
    """A length of time in the unit that reads best."""
    seconds = int(length.total_seconds())
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
