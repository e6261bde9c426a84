"""ID tokens: who we can speak as to a service, and for which audience."""

from dataclasses import dataclass
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.credentials import refresh, resource_of
from provision.clients.google import GoogleClients
from provision.errors import NotProvenError


@dataclass(frozen=True)
class IdTokens:
    """Mints ID tokens; each is a secret.

    Args:
        google: the clients to call with.
    """

    google: GoogleClients

    def impersonating(self, account: str, audience: str) -> str:
        """A token of service account `account`, by ``generateIdToken``.

        Raises:
            PermissionDeniedError: we may not impersonate it.
        """
        with calling(f"Minting an ID token as {account}", member=self.google.caller.member):
            return self._minted(self.google, account, audience)

    def _minted(
        self, google: GoogleClients, account: str, audience: str, delegates: tuple[str, ...] = ()
    ) -> str:
        request = {
            "name": resource_of(account),
            "audience": audience,
            "include_email": True,
            "delegates": [resource_of(one) for one in delegates],
        }
        answer = google.iam_credentials.generate_id_token(request=request, timeout=TIMEOUT)
        return str(answer.token)

    def own(self, audience: str) -> str:
        """A token of the caller.

        A user's token has gcloud's client id as its audience: users cannot choose one, and Cloud
        Run accepts gcloud's for users.

        Raises:
            NotProvenError: these credentials give no ID token.
        """
        caller = self.google.caller
        with calling(f"Minting an ID token as {caller.email}", member=caller.member):
            if caller.kind == "user":
                refresh(caller.credentials)
                token = getattr(caller.credentials, "id_token", None)
            else:
                token = self._of_account(audience)
        if not token:
            raise NotProvenError(f"The credentials of {caller.member} give no ID token.")
        return str(token)

    def _of_account(self, audience: str) -> str | None:
        from google.auth import compute_engine
        from google.auth.transport.requests import Request
        from google.oauth2 import service_account

        caller = self.google.caller
        if caller.source is not None:
            source = GoogleClients(caller.source, self.google.local)
            return self._minted(source, caller.email, audience, caller.delegates)
        held: Any = caller.credentials
        if isinstance(held, service_account.Credentials):
            uri = held._token_uri  # noqa: SLF001 - google-auth has no public way to it
            minting: Any = service_account.IDTokenCredentials(
                held.signer, held.service_account_email, uri, audience
            )
        elif isinstance(held, compute_engine.Credentials):
            minting = compute_engine.IDTokenCredentials(
                Request(), audience, use_metadata_identity_endpoint=True
            )
        else:
            return self._minted(self.google, caller.email, audience)
        minting.refresh(Request())
        return str(minting.token)
