"""The outside look, and the authenticated call as Python programs import it.

``from provision.invoke import Invoker`` loads requests and nothing of Google's: that waits for the
first token. `InvokerAuth` needs httpx.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provision.clients.invoking.httpx_auth import InvokerAuth
    from provision.clients.invoking.redirects import LeftOriginWarning, explain
    from provision.clients.invoking.session import Invoker

__all__ = ["Invoker", "InvokerAuth", "LeftOriginWarning", "explain"]

_PLACES = {
    "Invoker": "session",
    "InvokerAuth": "httpx_auth",
    "LeftOriginWarning": "redirects",
    "explain": "redirects",
}


def __getattr__(name: str) -> object:
    """One of the names above, loaded when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"provision.clients.invoking.{_PLACES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The names that are there to be imported."""
    return sorted(__all__)
