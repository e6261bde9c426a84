"""Who we act as: Application Default Credentials, or a service account impersonated with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.clients.clock import Clock
from provision.clients.local_cloud import LocalCloud
from provision.clients.token_refusals import Dated, of_google_auth, refused, skew_told
from provision.errors import PermissionDeniedError, ProvisionError, UnavailableError, UsageError

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
    "openid",
)
_LOG_IN = (
    "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a"
    " credentials file, or PROVISION_EMULATOR to try this without an account."
)


@dataclass(frozen=True)
class Caller:
    """The identity we act as.

    Args:
        credentials: Google's own credentials object.
        kind: ``user``, ``serviceAccount`` or ``unknown`` (federated without an account).
        email: its e-mail; empty when it cannot be told.
        origin: where it came from, in words.
        source: who impersonates it; None when nobody does.
        delegates: the accounts between the two.
    """

    credentials: Any
    kind: str
    email: str
    origin: str
    source: "Caller | None" = None
    delegates: tuple[str, ...] = ()

    @property
    def member(self) -> str:
        """As policies name it, ``user:…`` or ``serviceAccount:…``; empty when not known."""
        return f"{self.kind}:{self.email}" if self.email else ""

    def __str__(self) -> str:
        """As plans name it."""
        return f"{self.member or 'an identity that does not tell its e-mail'} ({self.origin})"

    def __repr__(self) -> str:
        """Without the credentials."""
        return f"Caller({self.member!r})"


def load_caller(
    environ: Mapping[str, str], local: LocalCloud | None, impersonate: str | None
) -> Caller:
    """The identity that commands act as.

    Args:
        environ: the environment, for ``GOOGLE_APPLICATION_CREDENTIALS``.
        local: the emulator, when one is used; real credentials are never sent to it.
        impersonate: service account to act as, or accounts separated by commas where the last
            one is acted as and the others are the delegation chain, as in gcloud.

    Raises:
        UsageError: no credentials, or they cannot be refreshed.
    """
    credentials, origin = _source(environ, local)
    source = Caller(credentials, *_identify(credentials, local), origin)
    return impersonating(source, impersonate, local) if impersonate else source


def caller_of(credentials: Any, local: LocalCloud | None) -> Caller:  # noqa: ANN401 - google-auth ships no types
    """The identity of credentials that a program has in hand.

    Args:
        credentials: google-auth's, with scopes where they need them.
        local: the emulator, when one is used.

    Raises:
        UsageError: they are refused, revoked or expired.
    """
    return Caller(credentials, *_identify(credentials, local), "credentials that were given")


def _source(environ: Mapping[str, str], local: LocalCloud | None) -> tuple[Any, str]:
    if local is not None:
        return _local_source(environ.get("GOOGLE_APPLICATION_CREDENTIALS", ""), local)
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    from provision.clients.gcloud_login import find_gcloud_login

    try:
        credentials, _ = google.auth.default(scopes=SCOPES)
    except DefaultCredentialsError as error:
        login = find_gcloud_login(environ) if _NONE in str(error) else None
        if login is not None:
            return login, "gcloud's login"
        raise UsageError(
            "Looking for Application Default Credentials: there are none, or they are unreadable."
            f"{_metadata_server(environ)}",
            hint=_LOG_IN,
        ) from error
    return credentials, "Application Default Credentials"


_NONE = "default credentials were not found"
"""What google-auth says where there are none at all, and none that cannot be read."""


def _metadata_server(environ: Mapping[str, str]) -> str:
    host = environ.get("GCE_METADATA_HOST", "")
    return f" The metadata server that GCE_METADATA_HOST names ({host}) is silent." if host else ""


def _local_source(path: str, local: LocalCloud) -> tuple[Any, str]:
    """Credentials that the emulator issued: those of a file, else its default identity's."""
    issued = _read_issued(path, local)
    origin = "GOOGLE_APPLICATION_CREDENTIALS" if issued else "the emulator's default identity"
    try:
        return _made_of(issued or local.refresh), origin
    except (KeyError, ValueError) as error:  # google-auth's errors for keys are ValueErrors
        raise UsageError(
            f"Reading the credentials in {path or 'the emulator'}: they are not complete.",
            hint="Have them issued anew, or unset GOOGLE_APPLICATION_CREDENTIALS.",
        ) from error


def _made_of(told: Mapping[str, str]) -> Any:  # noqa: ANN401
    from google.oauth2 import credentials, service_account

    if told.get("type") == "service_account":
        return service_account.Credentials.from_service_account_info(told, scopes=SCOPES)
    # google.auth.default() would send a user's refresh token to Google, whatever the file says.
    parts = {key: told[key] for key in ("refresh_token", "token_uri", "client_id", "client_secret")}
    return credentials.Credentials(None, scopes=SCOPES, **parts)


def _read_issued(path: str, local: LocalCloud) -> Mapping[str, str]:
    """The credentials file, if it is one that this emulator issued; else nothing."""
    if not path:
        return {}
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"Reading GOOGLE_APPLICATION_CREDENTIALS={path}: {type(error).__name__}.",
            hint="Name a credentials file, or unset the variable.",
        ) from error
    ours = isinstance(told, dict) and str(told.get("token_uri", "")).startswith(f"{local.http}/")
    return told if ours else {}


def impersonating(source: Caller, chain: str, local: LocalCloud | None) -> Caller:
    """The last account of `chain`, acted as by `source`, with a token fetched already.

    Raises:
        PermissionDeniedError: `source` may not act as it.
    """
    from google.auth import impersonated_credentials
    from google.auth.exceptions import RefreshError
    from google.auth.transport.requests import Request

    *delegates, target = accounts(chain, "--impersonate-service-account")
    credentials = impersonated_credentials.Credentials(
        source_credentials=source.credentials,
        target_principal=target,
        target_scopes=list(SCOPES),
        delegates=[resource_of(account) for account in delegates],
        iam_endpoint_override=f"{local.http}/v1/{resource_of(target)}:generateAccessToken"
        if local
        else None,
    )
    try:
        credentials.refresh(Request())
    except RefreshError as error:
        verb = "implicitDelegation" if delegates else "getAccessToken"
        raise PermissionDeniedError(
            f"Acting as {target}: {_said(error)}",
            hint=f"{source.member or 'the identity in use'} needs"
            f" iam.serviceAccounts.{verb} on {(delegates or [target])[0]};"
            " the least role that has it is roles/iam.serviceAccountTokenCreator.",
        ) from error
    origin = f"impersonated by {source}"
    return Caller(credentials, "serviceAccount", target, origin, source, tuple(delegates))


def accounts(chain: str, option: str) -> list[str]:
    """The service accounts of a chain; the last is acted as, the others delegate.

    Args:
        chain: e-mails separated by commas.
        option: where they were given, for messages.

    Raises:
        UsageError: one of them is no e-mail of a service account.
    """
    named = [item.strip().removeprefix("serviceAccount:") for item in chain.split(",")]
    if not all("@" in account for account in named):
        raise UsageError(
            f"{option}={chain} names no service accounts.",
            hint="It takes an e-mail, or several separated by commas: the last is acted as.",
        )
    other = next((one for one in named if not one.endswith(".gserviceaccount.com")), None)
    if other is not None:
        raise UsageError(
            f"{option}={chain}: {other} is no service account, and only these can be acted as.",
            hint="Their e-mails end in .gserviceaccount.com.",
        )
    return named


def resource_of(account: str) -> str:
    """The name by which IAM Credentials knows an account, whatever its project."""
    return f"projects/-/serviceAccounts/{account}"


def _identify(credentials: Any, local: LocalCloud | None) -> tuple[str, str]:  # noqa: ANN401
    """Kind and e-mail, asked of the credentials first and of Google's userinfo otherwise."""
    refresh(credentials)
    email = getattr(credentials, "gcloud_account", None)
    email = email or getattr(credentials, "service_account_email", None)
    if not email or email == "default":
        email = _userinfo(credentials, local)
    if not email:
        return "unknown", ""
    return ("serviceAccount" if email.endswith(".gserviceaccount.com") else "user"), email


def refresh(credentials: Any) -> None:  # noqa: ANN401 - google-auth ships no types
    """Fetch an access token where there is no valid one.

    Raises:
        UsageError: the credentials are refused, revoked or expired.
    """
    if not credentials.valid:
        force_refresh(credentials)


def force_refresh(credentials: Any) -> None:  # noqa: ANN401 - google-auth ships no types
    """Fetch new tokens, whatever is held.

    Raises:
        UsageError: as `refresh`.
    """
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    request = Dated(Request(), Clock())
    try:
        credentials.refresh(request)
    except GoogleAuthError as error:
        raise _refusal(credentials, error, request.skew) from error


def _refusal(credentials: Any, error: Exception, skew: float | None) -> ProvisionError:  # noqa: ANN401
    from google.auth.exceptions import RefreshError, TransportError
    from google.oauth2 import service_account

    if isinstance(error, RefreshError) and isinstance(credentials, service_account.Credentials):
        email, key = credentials.service_account_email, str(credentials.signer.key_id)
        doing = f"Fetching an access token with a key of {email}"
        return refused(doing, email, key, of_google_auth(error, skew))
    late = f" {skew_told(skew)}".rstrip()
    message = f"Fetching an access token for the identity to act as: {_said(error)}{late}"
    if isinstance(error, TransportError):
        return UnavailableError(message, hint=_UNREACHABLE)
    return UsageError(message, hint=_LOG_IN)


_UNREACHABLE = (
    "A token service, or the metadata server of the machine, does not answer: look at network,"
    " proxy and firewall, then run the same command again."
)


def behind(caller: Caller) -> tuple[Caller, tuple[str, ...]]:
    """Who stands behind credentials that impersonate a service account, and who delegates between.

    Of a federated identity that is the pool's own principal, of ``impersonated_service_account``
    credentials whoever made the file.

    Args:
        caller: with google-auth's external or impersonated credentials.
    """
    from google.auth import impersonated_credentials

    held = caller.credentials
    if isinstance(held, impersonated_credentials.Credentials):
        source, delegates = held._source_credentials, held._delegates or ()  # noqa: SLF001 - not public
        named = tuple(str(one).rpartition("/")[2] for one in delegates)
        return Caller(source, "unknown", "", caller.origin), named
    told = {key: value for key, value in held.info.items() if not key.startswith(_IMPERSONATION)}
    source = type(held).from_info(told, scopes=SCOPES)
    return Caller(source, "unknown", "", caller.origin), ()


_IMPERSONATION = "service_account_impersonation"
"""How the keys begin by which a federated identity's file names an account to act as."""


def _said(error: Exception) -> str:
    """What the token service said: its message, and never what was sent to it."""
    body = error.args[1] if len(error.args) > 1 else ""
    try:
        told = body if isinstance(body, dict) else json.loads(body)
        message = told["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = error.args[0] if error.args else type(error).__name__
    return str(message).splitlines()[0][:300]


def _userinfo(credentials: Any, local: LocalCloud | None) -> str:  # noqa: ANN401
    import requests
    from google.auth.transport.requests import AuthorizedSession

    base = local.http if local else "https://openidconnect.googleapis.com"
    try:
        # Without auth= a netrc file's password for this host would go in the token's place.
        answer = AuthorizedSession(credentials).get(
            f"{base}/v1/userinfo", timeout=10, auth=lambda request: request
        )
        return str(answer.json().get("email", "")) if answer.ok else ""
    except (requests.RequestException, ValueError):
        return ""
