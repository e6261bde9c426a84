"""ID tokens: who we can speak as to a service, and for which audience."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.clock import Clock
from provision.clients.credentials import accounts, behind, force_refresh, refresh, resource_of
from provision.clients.gcloud_login import id_token_of
from provision.clients.google import GoogleClients
from provision.clients.key_exchange import KeyExchange
from provision.clients.token_refusals import skew_told
from provision.errors import NotFoundError, NotProvenError, UnavailableError, UsageError
from provision.tokens.audiences import ADC_CLIENT_ID, GCLOUD_CLIENT_ID
from provision.tokens.authorization import claims_of

_SOON = 300.0
"""Seconds before its end at which a token that is held is not handed out any more."""


@dataclass(frozen=True)
class Minted:
    """An ID token.

    Args:
        token: the token; secret, and in no repr.
        audience: the ``aud`` that is really in it.
        member: whose it is, as policies name it.
        expires_at: when it ends.
        note: what its bearer should know; empty when there is nothing.
    """

    token: str = field(repr=False)
    audience: str
    member: str
    expires_at: datetime
    note: str = ""


@dataclass(frozen=True)
class IdTokens:
    """Mints ID tokens; each is a secret.

    Args:
        google: the clients to call with.
        clock: tells the time.
    """

    google: GoogleClients
    clock: Clock = field(default_factory=Clock)

    def mint(self, audience: str, account: str | None = None, *, fresh: bool = False) -> Minted:
        """A token for `audience`.

        Args:
            audience: what ``aud`` is to be; users cannot choose it, and the note says so then.
            account: service account to speak as, or accounts separated by commas where the last
                one is spoken as and the others are the delegation chain; None for the caller.
            fresh: a user's token, too, is to be a new one.

        Raises:
            PermissionDeniedError: we may not impersonate `account`.
            NotProvenError: the caller's credentials give no ID token.
            UsageError: a key or login that is not good any more, a clock that is wrong.
            UnavailableError: the token service or the metadata server does not answer.
        """
        if account is not None:  # an empty one is a mistake, and nobody's wish to be themselves
            *delegates, target = accounts(account, "--as")
            token = self._impersonated(self.google, target, audience, delegates)
        else:
            token = self._own(audience, fresh=fresh)
        return self._read(token, audience)

    def impersonating(self, account: str, audience: str) -> str:
        """A token of service account `account`; see `mint`."""
        return self.mint(audience, account).token

    def own(self, audience: str) -> str:
        """A token of the caller; see `mint`."""
        return self.mint(audience).token

    def _own(self, audience: str, *, fresh: bool) -> str:
        caller = self.google.caller
        with calling(f"Minting an ID token as {caller.email}", member=caller.member):
            token = (
                self._users(fresh=fresh) if caller.kind == "user" else self._of_account(audience)
            )
        if not token:
            raise NotProvenError(
                f"The credentials of {caller.member or 'the identity in use'} give no ID token.",
                hint="Name a service account to speak as with --as; or log in again with"
                " `gcloud auth application-default login`, whose scopes include openid.",
            )
        return token

    def _users(self, *, fresh: bool) -> str | None:
        """A user's token, which comes with an access token; anew when it is about to end."""
        held = self.google.caller.credentials
        refresh(held)
        token = getattr(held, "id_token", None)
        if token and (fresh or self._left(token) < _SOON):
            force_refresh(held)
            token = getattr(held, "id_token", None)
        return str(token) if token else None

    def _left(self, token: str) -> float:
        return float(claims_of(token).get("exp", 0)) - self.clock.now().timestamp()

    def _of_account(self, audience: str) -> str | None:
        from google.auth import compute_engine, external_account, impersonated_credentials
        from google.oauth2 import service_account

        caller = self.google.caller
        held: Any = caller.credentials
        if caller.source is not None:
            source = GoogleClients(caller.source, self.google.local)
            return self._impersonated(source, caller.email, audience, caller.delegates)
        if isinstance(held, service_account.Credentials):
            return KeyExchange(held, self.clock).id_token(audience)
        if isinstance(held, compute_engine.Credentials):
            return _of_metadata_server(audience)
        if isinstance(held, external_account.Credentials | impersonated_credentials.Credentials):
            return self._of_borrowed(audience)
        token = id_token_of(held, audience)
        if token or not caller.email:
            return token
        return self._impersonated(self.google, caller.email, audience)

    def _of_borrowed(self, audience: str) -> str:
        """A token of the account that a credentials file impersonates.

        It is asked for as whoever stands behind: few accounts may impersonate themselves.
        """
        email = self.google.caller.email
        if not email:
            raise NotProvenError(
                "A federated identity without a service account has no ID token.",
                hint="Name a service account that it may impersonate with --as, or write one into"
                " the credentials file (`--service-account` of"
                " `gcloud iam workload-identity-pools create-cred-config`).",
            )
        source, delegates = behind(self.google.caller)
        clients = GoogleClients(source, self.google.local)
        return self._impersonated(clients, email, audience, delegates)

    def _impersonated(
        self, google: GoogleClients, account: str, audience: str, delegates: Sequence[str] = ()
    ) -> str:
        from google.api_core.exceptions import NotFound

        request = {
            "name": resource_of(account),
            "audience": audience,
            "include_email": True,
            "delegates": [resource_of(one) for one in delegates],
        }
        verb, needed = ("implicitDelegation", delegates[0]) if delegates else (_OPEN_ID, account)
        with calling(
            f"Minting an ID token as {account}",
            member=google.caller.member,
            needs=f"iam.serviceAccounts.{verb} on {needed}",
        ):
            try:
                answer = google.iam_credentials.generate_id_token(request=request, timeout=TIMEOUT)
            except NotFound as error:
                raise _no_account(account) from error
        return str(answer.token)

    def _read(self, token: str, audience: str) -> Minted:
        told = claims_of(token)
        email = str(told.get("email", ""))
        kind = "serviceAccount" if email.endswith(".gserviceaccount.com") else "user"
        really = str(told.get("aud", ""))
        users = kind == "user" and really != audience
        notes = [_unchosen(really, audience)] if users else []
        ahead = self.clock.now().timestamp() - float(told.get("iat", 0))
        if ahead < 0 and (late := skew_told(ahead)):
            notes.append(f"{late} The token is issued in what this machine takes for the future.")
        return Minted(
            token=token,
            audience=really,
            member=f"{kind}:{email}" if email else self.google.caller.member,
            expires_at=datetime.fromtimestamp(float(told.get("exp", 0)), tz=UTC),
            note=" ".join(notes),
        )


_OPEN_ID = "getOpenIdToken"


def _no_account(account: str) -> NotFoundError:
    project = account.partition("@")[2].partition(".")[0]
    return NotFoundError(
        f"Minting an ID token as {account}: there is no such account, or it is disabled.",
        hint=f"`gcloud iam service-accounts list --project {project}` shows what is there.",
    )


def _unchosen(really: str, audience: str) -> str:
    """What it means that a user's token is for an OAuth client and not for `audience`."""
    if really == GCLOUD_CLIENT_ID:
        taken = "gcloud's client id, which Cloud Run takes from users"
    elif really == ADC_CLIENT_ID:
        taken = (
            "the client id of Application Default Credentials, which Cloud Run takes from users"
            " less surely than gcloud's (`gcloud auth print-identity-token`)"
        )
    else:
        taken = f"{really}, which Cloud Run need not take"
    return (
        f"A user cannot choose the audience: it is {taken}, and others (Identity-Aware Proxy) do"
        f" not. --as SERVICE_ACCOUNT gets a token for {audience}."
    )


def _of_metadata_server(audience: str) -> str:
    from google.auth import compute_engine
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    try:
        minting: Any = compute_engine.IDTokenCredentials(
            Request(), audience, use_metadata_identity_endpoint=True
        )
        minting.refresh(Request())
    except GoogleAuthError as error:
        raise UnavailableError(
            "Minting an ID token with the metadata server: it gives none.",
            hint="On Google Cloud a machine or cluster without a service account has none; a"
            " firewall or a proxy may stand before metadata.google.internal (169.254.169.254).",
        ) from error
    except ValueError as error:
        raise UsageError(
            "Minting an ID token with the metadata server: what it answered is no token."
        ) from error
    return str(minting.token)
