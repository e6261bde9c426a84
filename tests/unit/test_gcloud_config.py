"""Project, region and impersonation, resolved as gcloud resolves them."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from provision.clients.gcloud_config import read_defaults
from provision.spec import Setting

_GCLOUD = shutil.which("gcloud")
_DEFAULT = """\
[core]
project = from-default
account = ann@example.com
[run]
region = europe-west1
[compute]
region = asia-east1
[auth]
impersonate_service_account = deployer@acme-prod.iam.gserviceaccount.com
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gcloud directory with the configurations `default` (active) and `staging`."""
    directory = tmp_path / "gcloud"
    (directory / "configurations").mkdir(parents=True)
    (directory / "active_config").write_text("default")
    (directory / "configurations/config_default").write_text(_DEFAULT)
    (directory / "configurations/config_staging").write_text("[core]\nproject = from-staging\n")
    return directory


def values(environ: Mapping[str, str], **flags: str) -> tuple[Setting | None, ...]:
    """Project, region and impersonation."""
    found = read_defaults(environ, **flags)
    return (found.project, found.region, found.impersonate)


def test_nothing_anywhere_is_nothing() -> None:
    """No default is made up."""
    assert values({}) == (None, None, None)


def test_the_active_configuration_is_read(config: Path) -> None:
    """What `gcloud config set` wrote is used, and its origin told."""
    origin = "gcloud configuration 'default'"
    assert values({"CLOUDSDK_CONFIG": str(config)}) == (
        Setting("from-default", origin),
        Setting("europe-west1", origin),
        Setting("deployer@acme-prod.iam.gserviceaccount.com", origin),
    )


def test_the_configuration_is_found_in_the_home_directory(tmp_path: Path) -> None:
    """Without CLOUDSDK_CONFIG it is where gcloud keeps it."""
    directory = tmp_path / ".config/gcloud/configurations"
    directory.mkdir(parents=True)
    (directory / "config_default").write_text(_DEFAULT)
    (directory.parent / "active_config").write_text("default")
    project, _, _ = values({"HOME": str(tmp_path)})
    assert project == Setting("from-default", "gcloud configuration 'default'")


def test_another_configuration_may_be_active(config: Path) -> None:
    """The variable goes before the file that `gcloud config configurations activate` writes."""
    environ = {"CLOUDSDK_CONFIG": str(config)}
    (config / "active_config").write_text("staging")
    staging = Setting("from-staging", "gcloud configuration 'staging'")
    assert values(environ) == (staging, None, None)
    project, _, _ = values({**environ, "CLOUDSDK_ACTIVE_CONFIG_NAME": "default"})
    assert project == Setting("from-default", "gcloud configuration 'default'")
    assert values({**environ, "CLOUDSDK_ACTIVE_CONFIG_NAME": "NONE"}) == (None, None, None)


def test_flags_go_before_variables_and_variables_before_files(config: Path) -> None:
    """Flags also go before what a spec says; nothing else does."""
    environ = {
        "CLOUDSDK_CONFIG": str(config),
        "GOOGLE_CLOUD_PROJECT": "from-google",
        "CLOUDSDK_RUN_REGION": "us-west1",
        "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT": "x@acme-prod.iam.gserviceaccount.com",
    }
    project, region, impersonate = values(environ)
    assert project == Setting("from-google", "GOOGLE_CLOUD_PROJECT")
    assert region == Setting("us-west1", "CLOUDSDK_RUN_REGION")
    assert impersonate is not None
    assert impersonate.origin == "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT"
    environ["CLOUDSDK_CORE_PROJECT"] = "from-sdk"
    assert values(environ)[0] == Setting("from-sdk", "CLOUDSDK_CORE_PROJECT")
    project, region, _ = values(environ, project="from-flag", region="us-east1")
    assert project == Setting("from-flag", "--project", overrides=True)
    assert region == Setting("us-east1", "--region", overrides=True)


def test_an_empty_variable_is_not_set(config: Path) -> None:
    """CI systems leave empty variables where a value is missing."""
    environ = {"CLOUDSDK_CONFIG": str(config), "CLOUDSDK_CORE_PROJECT": ""}
    project, _, _ = values(environ)
    assert project == Setting("from-default", "gcloud configuration 'default'")


def test_the_installation_goes_last(config: Path, tmp_path: Path) -> None:
    """`gcloud config set --installation` is read from beside the program itself."""
    (tmp_path / "sdk/bin").mkdir(parents=True)
    program = tmp_path / "sdk/bin/gcloud"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "sdk/properties").write_text("[run]\nregion = us-east4\n[core]\nproject = x\n")
    (config / "active_config").write_text("staging")
    environ = {"CLOUDSDK_CONFIG": str(config), "PATH": str(program.parent)}
    project, region, _ = values(environ)
    assert project == Setting("from-staging", "gcloud configuration 'staging'")
    assert region == Setting("us-east4", "gcloud's installation-wide properties")


@pytest.mark.parametrize("text", ["project = x", "[core\n", "[core]\nproject = 1\nproject = 2\n"])
def test_an_unreadable_configuration_says_nothing(config: Path, text: str) -> None:
    """A damaged file is gcloud's to complain about; the spec's message follows."""
    (config / "configurations/config_default").write_text(text)
    assert values({"CLOUDSDK_CONFIG": str(config)}) == (None, None, None)


@pytest.mark.skipif(_GCLOUD is None, reason="gcloud is not installed on this machine")
@pytest.mark.parametrize(
    ("active", "environ"),
    [
        ("default", {}),
        ("staging", {}),
        ("staging", {"CLOUDSDK_ACTIVE_CONFIG_NAME": "default"}),
        ("default", {"CLOUDSDK_ACTIVE_CONFIG_NAME": "NONE"}),
        ("default", {"CLOUDSDK_ACTIVE_CONFIG_NAME": "missing"}),
        ("default", {"CLOUDSDK_CORE_PROJECT": "from-sdk", "CLOUDSDK_RUN_REGION": "us-west1"}),
        ("Not a name!", {}),
    ],
)
def test_gcloud_itself_says_the_same(config: Path, active: str, environ: dict[str, str]) -> None:
    """The real gcloud, with the same files and variables, resolves to the same values."""
    (config / "active_config").write_text(active)
    environ = {"CLOUDSDK_CONFIG": str(config), "PATH": os.environ["PATH"], **environ}
    ours = [setting.value if setting else "" for setting in values(environ)]
    listed = subprocess.run(
        [
            str(_GCLOUD),
            "config",
            "list",
            "--all",
            "--format=value[separator='|'](core.project,run.region,auth.impersonate_service_account)",
        ],
        env={**environ, "HOME": str(config.parent), "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout.strip("\n").split("|") == ours
