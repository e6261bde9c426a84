"""Plain HTTP to a service's address, as anybody could send it: the outside look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT = (10, 60)
"""Seconds to connect and to answer: a service that sleeps has to start first."""
_KEPT = 4096
"""Bytes of the body that are read; enough for the front end's own pages."""


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        status: HTTP status; 0 when nothing answered.
        body: the first bytes, as text.
        headers: names in lower case.
        problem: why nothing answered.
    """

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def __str__(self) -> str:
        """As evidence shows it."""
        if not self.status:
            return self.problem
        where = self.headers.get("location", "")
        return f"HTTP {self.status}" + (f" to {where.split('?')[0]}" if where else "")


def ask(url: str, token: str | None = None) -> Answer:
    """One GET, redirects not followed, nothing sent that was not asked for.

    Args:
        url: the whole address.
        token: an ID token for the Authorization header; None to come as nobody.
    """
    import requests

    headers = {"User-Agent": "provision-verify", "Accept": "*/*"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with requests.Session() as session:
            session.trust_env = not on_this_machine(url)
            answer = session.get(
                url,
                headers=headers,
                auth=_nobody,  # else a netrc file could make an anonymous request somebody's
                allow_redirects=False,
                stream=True,
                timeout=_TIMEOUT,
            )
            body = next(answer.iter_content(_KEPT), b"").decode("utf-8", "replace")
            names = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status_code, body, names)
    except requests.RequestException as error:
        return Answer(0, problem=f"no answer ({type(error).__name__})")


def _nobody(request: Any) -> Any:  # noqa: ANN401 - requests' own type
    return request


def on_this_machine(url: str) -> bool:
    """Whether the address is the local cloud's, where no proxy has any business."""
    try:
        return ip_address(urlsplit(url).hostname or "").is_private
    except ValueError:
        return urlsplit(url).hostname == "localhost"
