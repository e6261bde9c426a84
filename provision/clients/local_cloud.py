"""Where the local Google Cloud listens, when ``PROVISION_EMULATOR`` names one.

Nothing is known of it but what it answers over the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from provision.errors import UnavailableError, UsageError

VARIABLE = "PROVISION_EMULATOR"
_TIMEOUT = 10


@dataclass(frozen=True)
class LocalCloud:
    """A running emulator.

    Args:
        http: base address of its REST services, ``http://127.0.0.1:PORT``.
        grpc: host and port of its gRPC services.
        project: the project it suggests for a first try.
        account: e-mail of its default identity.
        refresh: what its default identity's credentials are made of; secret.
    """

    http: str
    grpc: str
    project: str
    account: str
    refresh: Mapping[str, str]

    def __repr__(self) -> str:
        """Without the credentials."""
        return f"LocalCloud(http={self.http!r}, grpc={self.grpc!r})"


def find_local_cloud(environ: Mapping[str, str]) -> LocalCloud | None:
    """The emulator that the environment names, or None for Google Cloud itself.

    Raises:
        UsageError: the address is not one of this machine.
        UnavailableError: nothing answers there.
    """
    address = environ.get(VARIABLE, "").strip()
    if not address:
        return None
    return _ask(_checked(address))


def _checked(address: str) -> str:
    url = address if "://" in address else f"http://{address}"
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.port or not _loopback(parts.hostname or ""):
        raise UsageError(
            f"{VARIABLE}={address} is not an emulator's address.",
            hint="It is on this machine, as in http://127.0.0.1:8085: `provision emulator start`"
            " prints it. Unset the variable to work with Google Cloud.",
        )
    return f"http://{parts.netloc}"


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _ask(http: str) -> LocalCloud:
    import requests

    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy has no business with this machine's own addresses
            answer = session.get(f"{http}/_emulator", timeout=_TIMEOUT)
            answer.raise_for_status()
            told = answer.json()
            return LocalCloud(
                http=http,
                grpc=told["grpc"],
                project=told["project"],
                account=told["adc"].get("account", ""),
                refresh=told["adc"],
            )
    except (requests.RequestException, KeyError, ValueError) as error:
        raise UnavailableError(
            f"Looking for the emulator that {VARIABLE} names at {http}: nothing usable answered"
            f" ({type(error).__name__}).",
            hint="Start it with `provision emulator start`. To work with Google Cloud, unset the"
            " variable; what `provision emulator env` set goes with its --unset.",
        ) from error
