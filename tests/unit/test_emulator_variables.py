"""The variables that lead programs to the emulator, and the lines that set and undo them."""

from pathlib import Path

import pytest

from provision.cli.emulator_variables import (
    MARKER,
    For,
    Place,
    in_the_way,
    setting,
    undoing,
    wanted,
)

PLACE = Place(
    http="http://127.0.0.1:8085",
    proxy="http://127.0.0.1:8087",
    project="acme-prod",
    network="172.18.0.0/16",
    folder=Path("/home/ann o'hara/state"),
)


def test_the_containers_network_needs_no_proxy() -> None:
    """Services are reached at their own addresses, and nothing of Google's passes the proxy by."""
    values = wanted(PLACE, For.ALL)
    assert values["NO_PROXY"] == "localhost,127.0.0.1,::1,127.0.0.0/8,172.18.0.0/16"
    assert values["no_proxy"] == values["NO_PROXY"]


def test_programs_that_read_certificates_are_told_one_file() -> None:
    """Where several variables name certificates, it does not matter which goes first."""
    values = wanted(PLACE, For.ALL)
    names = (
        *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPLIB2_CA_CERTS"),
        *("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"),
    )
    assert {values[name] for name in names} == {str(PLACE.bundle)}


@pytest.mark.parametrize("whom", [For.GCLOUD, For.CLIENTS, For.DOCKER])
def test_all_is_what_each_gets(whom: For) -> None:
    """Whoever is chosen alone gets the same values as with everybody."""
    assert wanted(PLACE, whom).items() <= wanted(PLACE, For.ALL).items()


def test_values_are_quoted_for_a_shell() -> None:
    """A quote in a folder's name stays a quote, and ends nothing."""
    lines = list(setting(wanted(PLACE, For.DOCKER), [], {}))
    assert "export DOCKER_CONFIG='/home/ann o'\"'\"'hara/state/docker'" in lines


def test_what_leads_elsewhere_is_taken_away() -> None:
    """Endpoints and identities that are set for gcloud would win over ours."""
    environ = {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": "https://example.com/",
        "CLOUDSDK_CORE_ACCOUNT": "ann@example.com",
        "GOOGLE_CLOUD_QUOTA_PROJECT": "acme-billing",
        "CLOUDSDK_RUN_REGION": "us-central1",
    }
    assert in_the_way(For.GCLOUD, environ) == [
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN",
        "CLOUDSDK_CORE_ACCOUNT",
    ]
    assert in_the_way(For.CLIENTS, environ) == ["GOOGLE_CLOUD_QUOTA_PROJECT"]
    assert not in_the_way(For.DOCKER, environ)


def test_old_values_are_kept_by_name_and_not_shown() -> None:
    """A proxy's password is copied by the shell, and never printed."""
    environ = {"HTTPS_PROXY": "http://ann:secret@proxy.example.com"}
    lines = list(setting({"HTTPS_PROXY": PLACE.proxy}, [], environ))
    assert lines[0] == 'export PROVISION_SAVED_HTTPS_PROXY="$HTTPS_PROXY"'
    assert "secret" not in "".join(lines)


def test_our_own_values_are_not_taken_for_old_ones() -> None:
    """When the lines run a second time, nothing is saved over what was there at first."""
    environ = {"HTTPS_PROXY": PLACE.proxy, MARKER: "HTTPS_PROXY"}
    lines = list(setting({"HTTPS_PROXY": PLACE.proxy}, [], environ))
    assert lines == [
        f"export HTTPS_PROXY={PLACE.proxy}",
        f"export {MARKER}=HTTPS_PROXY",
    ]


def test_undoing_takes_names_for_names_only() -> None:
    """A marker that somebody else wrote cannot make a shell run anything."""
    environ = {MARKER: "HTTPS_PROXY $(reboot) a;b", "PROVISION_SAVED_HTTPS_PROXY": "x"}
    assert list(undoing(environ)) == [
        'export HTTPS_PROXY="$PROVISION_SAVED_HTTPS_PROXY"',
        "unset PROVISION_SAVED_HTTPS_PROXY",
        f"unset {MARKER}",
    ]
