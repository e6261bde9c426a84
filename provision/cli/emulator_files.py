"""What is written for programs that are to use the emulator: certificates, credentials, a login.

All of it lies in one folder that only its owner may read.
"""

import base64
import json
import os
import sqlite3
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provision.cli.emulator_gcloud import log_in
from provision.cli.emulator_variables import SAVED, Place
from provision.errors import UnavailableError

_LINKED = ("cli-plugins", "contexts")
_SECRET_SETTINGS = ("auths", "credHelpers", "credsStore", "HttpHeaders", "proxies")


def write_files(
    place: Place, told: Mapping[str, Any], token: str, environ: Mapping[str, str]
) -> None:
    """Write everything that the variables of `place` name.

    Args:
        place: where to.
        told: what the emulator says of itself; holds credentials.
        token: an access token for the registry; secret.
        environ: the environment, for where the user's own certificates and settings are.

    Raises:
        UnavailableError: the folder cannot be written.
    """
    try:
        for folder in (place.folder.parent, place.folder, place.gcloud, place.docker):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(place.authority, told["ca"])
        _write(place.bundle, trusted(place, environ) + told["ca"])
        _write(place.credentials, json.dumps(told["adc"], indent=2))
        log_in(place.gcloud, told["adc"])
        _log_docker_in(place, str(told["registry"]), token, environ)
    except (OSError, sqlite3.Error) as error:
        raise UnavailableError(f"writing to {place.folder}: {error}") from error


def trusted(place: Place, environ: Mapping[str, str]) -> str:
    """The certificates that programs trust without us, as PEM.

    Args:
        place: whose own bundle is left out, when the environment names it already.
        environ: the environment; ``SSL_CERT_FILE`` goes before what this machine has.
    """
    defaults = ssl.get_default_verify_paths()
    candidates = (
        environ.get(f"{SAVED}SSL_CERT_FILE"),
        environ.get("SSL_CERT_FILE"),
        defaults.cafile,
        defaults.openssl_cafile,
    )
    for candidate in candidates:
        if candidate and Path(candidate) != place.bundle and Path(candidate).is_file():
            return Path(candidate).read_text(encoding="utf-8").rstrip() + "\n"
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, known))


def _write(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it, from its first byte on."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _log_docker_in(place: Place, host: str, token: str, environ: Mapping[str, str]) -> None:
    """A login for the registry, besides what else the user has set for Docker."""
    own = _own_docker_folder(place, environ)
    kept = _settings(place.docker / "config.json")
    if not kept:
        # Logins stay where they are: this folder is for the emulator.
        found = _settings(own / "config.json")
        kept = {key: value for key, value in found.items() if key not in _SECRET_SETTINGS}
    login = base64.b64encode(f"oauth2accesstoken:{token}".encode()).decode()
    kept["auths"] = {host: {"auth": login}}
    _write(place.docker / "config.json", json.dumps(kept, indent=2))
    for name in _LINKED:
        link = place.docker / name
        if (own / name).is_dir() and not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to((own / name).resolve())


def _own_docker_folder(place: Place, environ: Mapping[str, str]) -> Path:
    for name in (f"{SAVED}DOCKER_CONFIG", "DOCKER_CONFIG"):
        if environ.get(name) and Path(environ[name]) != place.docker:
            return Path(environ[name])
    return Path(environ.get("HOME", "")) / ".docker"


def _settings(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
