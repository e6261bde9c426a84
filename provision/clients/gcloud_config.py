"""Project, region and impersonation as the environment and gcloud's own configuration say them.

The files are read as gcloud reads them: ``CLOUDSDK_CONFIG`` or ``~/.config/gcloud``, there the
active configuration, and beneath it the properties of gcloud's installation. gcloud itself is never
run (0.7 s), and nothing is written.
"""

import configparser
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from provision.spec.model import Setting

_NAME = re.compile(r"[a-z][-a-z0-9]*")  # and so not NONE, which stands for no configuration
_INSTALLATION = "gcloud's installation-wide properties"


@dataclass(frozen=True)
class Defaults:
    """What holds where neither a flag nor the spec says otherwise.

    Args:
        project: from ``CLOUDSDK_CORE_PROJECT``, ``GOOGLE_CLOUD_PROJECT``, or core/project.
        region: from ``CLOUDSDK_RUN_REGION``, or run/region; `gcloud run` looks at no other.
        impersonate: from ``CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT``, or
            auth/impersonate_service_account; accounts separated by commas, as gcloud takes them.
    """

    project: Setting | None
    region: Setting | None
    impersonate: Setting | None


def read_defaults(
    environ: Mapping[str, str],
    *,
    project: str | None = None,
    region: str | None = None,
    impersonate: str | None = None,
) -> Defaults:
    """What flags, environment and gcloud's configuration say, in that order.

    Args:
        environ: the environment of the process.
        project: the ``--project`` flag; it goes before the spec as well.
        region: the ``--region`` flag; likewise.
        impersonate: the ``--impersonate-service-account`` flag.
    """
    files = tuple(_property_files(environ))
    return Defaults(
        project=_flag("--project", project)
        or _variable(environ, "CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT")
        or _property(files, "core", "project"),
        region=_flag("--region", region)
        or _variable(environ, "CLOUDSDK_RUN_REGION")
        or _property(files, "run", "region"),
        impersonate=_flag("--impersonate-service-account", impersonate)
        or _variable(environ, "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT")
        or _property(files, "auth", "impersonate_service_account"),
    )


def active_account(environ: Mapping[str, str]) -> Setting | None:
    """Who is logged in to gcloud: ``CLOUDSDK_CORE_ACCOUNT``, or core/account."""
    files = tuple(_property_files(environ))
    return _variable(environ, "CLOUDSDK_CORE_ACCOUNT") or _property(files, "core", "account")


def gcloud_program(environ: Mapping[str, str]) -> str | None:
    """Where gcloud is; None when it is not on the path."""
    return shutil.which("gcloud", path=environ.get("PATH", ""))


def _flag(name: str, value: str | None) -> Setting | None:
    return Setting(value, name, overrides=True) if value else None


def _variable(environ: Mapping[str, str], *names: str) -> Setting | None:
    """The first variable that is set; an empty one is what CI systems leave for "not set"."""
    for name in names:
        value = environ.get(name, "").strip()
        if value:
            return Setting(value, name)
    return None


def _property(
    files: tuple[tuple[str, configparser.ConfigParser], ...], section: str, name: str
) -> Setting | None:
    for origin, parsed in files:
        value = parsed.get(section, name, fallback="").strip()
        if value:
            return Setting(value, origin)
    return None


def _property_files(
    environ: Mapping[str, str],
) -> Iterator[tuple[str, configparser.ConfigParser]]:
    """Property files and their origin in words, the one that goes first first."""
    directory = _directory(environ)
    if directory is not None:
        name = _active_configuration(environ, directory)
        if name:
            file = directory / "configurations" / f"config_{name}"
            yield f"gcloud configuration '{name}'", _parsed(file)
    gcloud = gcloud_program(environ)
    if gcloud is not None:
        root = Path(gcloud).resolve().parent.parent
        yield _INSTALLATION, _parsed(root / "properties")


def _directory(environ: Mapping[str, str]) -> Path | None:
    if environ.get("CLOUDSDK_CONFIG"):
        return Path(environ["CLOUDSDK_CONFIG"])
    if environ.get("APPDATA"):
        return Path(environ["APPDATA"]) / "gcloud"
    return Path(environ["HOME"]) / ".config" / "gcloud" if environ.get("HOME") else None


def _active_configuration(environ: Mapping[str, str], directory: Path) -> str:
    """The active configuration's name; empty for none.

    With none active, gcloud starts over with an empty ``default``, whatever its file held.
    """
    named = environ.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or _read(directory / "active_config")
    return named if _NAME.fullmatch(named) else ""


def _parsed(file: Path) -> configparser.ConfigParser:
    """The file's properties; none where there is no file, or none that can be read."""
    parsed = configparser.ConfigParser(interpolation=None)
    try:
        parsed.read_string(_read(file))
    except configparser.Error:
        return configparser.ConfigParser(interpolation=None)
    return parsed


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
