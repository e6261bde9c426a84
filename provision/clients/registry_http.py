"""Requests to image registries: challenges answered, redirects followed, answers bounded.

Credentials go to the host they belong to and nowhere else: not to another origin that a challenge
or a redirect names, and never over plain HTTP except on this machine.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from provision.errors import PermissionDeniedError, UnavailableError
from provision.resources import ImageReference

if TYPE_CHECKING:
    import requests

USERNAME = "oauth2accesstoken"
"""What Google's registries take an access token under.

https://cloud.google.com/artifact-registry/docs/docker/authentication#token
"""
READ_PERMISSION = "artifactregistry.repositories.downloadArtifacts"
_TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and to wait between bytes."""
_TOKEN_LIMIT = 1024 * 1024
_REDIRECTS = 5
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_RETRIED = (429, 500, 502, 503, 504)
_GOOGLE = re.compile(r"(?:[a-z0-9-]+\.)?(?:pkg\.dev|gcr\.io)")
_HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True)
class Answer:
    """What a registry sent: its type and its bytes."""

    media_type: str
    body: bytes


def is_local(host: str) -> bool:
    """Whether a registry is on this machine, where plain HTTP is spoken."""
    name = urlsplit(f"//{host}").hostname or ""
    return name in {"localhost", "::1"} or re.fullmatch(r"127(?:\.\d{1,3}){3}", name) is not None


@dataclass(frozen=True)
class RegistryHttp:
    """Asks registries.

    Args:
        access_token: the caller's access token; secret.
        local: the cloud is the local one: its tokens go to registries of this machine, and to no
            other. Otherwise they go to Google's registries, and to no other.
    """

    access_token: Callable[[], str]
    local: bool = False
    _granted: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def takes_token(self, host: str) -> bool:
        """Whether the caller's access token belongs to that registry."""
        return is_local(host) if self.local else _GOOGLE.fullmatch(host) is not None

    def login(self, host: str) -> dict[str, str] | None:
        """What an engine logs in with at that registry; secret. None: with nothing of ours."""
        if not self.takes_token(host):
            return None
        return {"username": USERNAME, "password": self.access_token()}

    def find(
        self, reference: ImageReference, what: str, *, accept: Iterable[str], limit: int
    ) -> Answer | None:
        """Read ``/v2/PATH/WHAT``, or None when the registry says that it does not exist.

        Args:
            reference: names registry and path.
            what: ``manifests/…`` or ``blobs/…``.
            accept: media types.
            limit: bytes that an answer may have.

        Raises:
            PermissionDeniedError: the registry refuses.
            UnavailableError: it cannot be reached, or answers with what is no answer.
        """
        base = self._base(reference.host)
        url = f"{base}/v2/{reference.path}/{what}"
        headers = {"Accept": ", ".join(accept)}
        key = (reference.host, reference.path)
        answer = self._get(url, headers, self._granted.get(key, ""))
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            challenge = answer.headers.get("WWW-Authenticate", "")
            answer.close()
            self._granted[key] = self._grant(base, reference, challenge)
            answer = self._get(url, headers, self._granted[key])
        with answer:
            return self._judged(reference, answer, limit)

    @staticmethod
    def _base(host: str) -> str:
        if is_local(host):
            return f"http://{host}"
        return f"https://{_HUB_HOST if host == 'docker.io' else host}"

    def _judged(
        self, reference: ImageReference, answer: "requests.Response", limit: int
    ) -> Answer | None:
        status = answer.status_code
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status in _REFUSED:
            raise self._denied(reference, status)
        if status != HTTPStatus.OK:
            raise UnavailableError(f"Reading {reference}: {reference.host} answered {status}.")
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return Answer(media_type, _bounded(answer, limit))

    def _denied(self, reference: ImageReference, status: int) -> PermissionDeniedError:
        if self.takes_token(reference.host):
            hint = (
                f"It takes {READ_PERMISSION} on the repository;"
                " the least role that has it is roles/artifactregistry.reader."
            )
        else:
            hint = "Either there is no such image, or it is not public."
        return PermissionDeniedError(
            f"Reading {reference}: {reference.host} refused with {status}.", hint=hint
        )

    def _grant(self, base: str, reference: ImageReference, challenge: str) -> str:
        """The Authorization header that answers a challenge; empty when there is none to give."""
        kind, _, rest = challenge.partition(" ")
        asked = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if kind.lower() == "bearer" and "realm" in asked:
            return self._bearer(base, reference, asked)
        return self._basic(reference.host) if kind.lower() == "basic" else ""

    def _basic(self, host: str) -> str:
        if not self.takes_token(host):
            return ""
        pair = f"{USERNAME}:{self.access_token()}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def _bearer(self, base: str, reference: ImageReference, asked: dict[str, str]) -> str:
        realm = urljoin(f"{base}/", asked["realm"])
        if not (_origin(realm) == _origin(base) or realm.startswith("https://")):
            return ""
        scope = asked.get("scope", f"repository:{reference.path}:pull")
        query = urlencode({"service": asked.get("service", ""), "scope": scope})
        own = self._basic(reference.host) if _origin(realm) == _origin(base) else ""
        joint = "&" if urlsplit(realm).query else "?"
        with self._get(f"{realm}{joint}{query}", {}, own) as answer:
            if answer.status_code in _REFUSED:
                raise self._denied(reference, answer.status_code)
            token = _token(_bounded(answer, _TOKEN_LIMIT))
        return f"Bearer {token}" if token else ""

    def _get(self, url: str, headers: dict[str, str], authorization: str) -> "requests.Response":
        """One read, its redirects followed; the authorization stays with the origin it was for."""
        import requests

        home = _origin(url)
        for _ in range(_REDIRECTS):
            own = {"Authorization": authorization} if authorization and _origin(url) == home else {}
            session = self._direct if is_local(urlsplit(url).netloc) else self._outward
            try:
                answer = session.get(
                    url,
                    headers=headers | own,
                    timeout=_TIMEOUT,
                    stream=True,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise _unreachable(url, error) from None
            if not answer.is_redirect:
                return answer
            answer.close()
            url = _onward(url, answer.headers["Location"])
        raise UnavailableError(f"Asking {urlsplit(url).netloc}: it redirects without end.")

    @cached_property
    def _outward(self) -> "requests.Session":
        return _session(trust_env=True)

    @cached_property
    def _direct(self) -> "requests.Session":
        """For this machine: a proxy has no business there."""
        return _session(trust_env=False)


def _session(*, trust_env: bool) -> "requests.Session":
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retries = Retry(
        total=3,
        connect=0,
        read=2,
        status=3,
        redirect=0,
        backoff_factor=0.5,
        status_forcelist=_RETRIED,
        allowed_methods=("GET",),
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    session = requests.Session()
    session.trust_env = trust_env
    # Anything set here keeps passwords of ~/.netrc from being added to what we send.
    session.auth = lambda request: request
    session.mount("https://", HTTPAdapter(max_retries=retries))
    session.mount("http://", HTTPAdapter(max_retries=retries))
    return session


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _onward(url: str, location: str) -> str:
    """Where a redirect leads; never from TLS, or from elsewhere, to plain HTTP."""
    target = urljoin(url, location)
    if not target.startswith("https://") and _origin(target) != _origin(url):
        raise UnavailableError(f"Asking {urlsplit(url).netloc}: it redirects to plain HTTP.")
    return target


def _unreachable(url: str, error: Exception) -> UnavailableError:
    host = urlsplit(url).netloc
    return UnavailableError(
        f"Asking the registry {host}: it cannot be reached ({_reason(error)}).",
        hint="Check the network, the proxy (HTTPS_PROXY) and the name of the host.",
    )


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words: requests wraps it three times over."""
    text = str(error)
    found = re.search(r"\[Errno -?\d+\] ([\w ,]+)|(timed out|certificate verify failed)", text)
    return (found[1] or found[2]) if found else type(error).__name__


def _bounded(answer: "requests.Response", limit: int) -> bytes:
    import requests

    body = b""
    try:
        for piece in answer.iter_content(64 * 1024):
            body += piece
            if len(body) > limit:
                raise UnavailableError(
                    f"Reading from {urlsplit(answer.url).netloc}: it sent more than {limit} bytes."
                )
    except requests.RequestException as error:
        raise _unreachable(answer.url, error) from None
    return body


def _token(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return (
        str(told.get("token") or told.get("access_token") or "") if isinstance(told, dict) else ""
    )
