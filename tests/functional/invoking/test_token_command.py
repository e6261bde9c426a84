"""`provision token`: from each kind of credentials, for each kind of target."""

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from provision.tokens.audiences import ADC_CLIENT_ID, GCLOUD_CLIENT_ID
from tests.functional.invoking.conftest import Done, Orders, Shell

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

_ORDERS = "service/orders"


def _claims(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    told: dict[str, Any] = json.loads(done.out)
    return told


def _status(url: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(url, headers=headers, timeout=30).status_code


def test_token_is_alone_on_stdout_and_opens_the_service(orders: Orders, shell: Shell) -> None:
    """As `curl -H "Authorization: Bearer $(provision token …)"` wants it."""
    done = shell.run("token", _ORDERS)
    assert done.code == 0, done.err
    assert done.out.count("\n") == 1
    assert _status(orders.url, done.out.strip()) == 200


def test_user_is_told_that_no_audience_can_be_chosen(orders: Orders, shell: Shell) -> None:
    """On stderr, with what Cloud Run makes of it and the way out; never with the token."""
    done = shell.run("token", _ORDERS)
    assert "A user cannot choose the audience" in done.err
    assert "--as SERVICE_ACCOUNT" in done.err
    assert orders.url in done.err
    assert done.out.strip() not in done.err
    told = _claims(shell.run("token", _ORDERS, "--decode", "--json"))
    assert told["audience"] == ADC_CLIENT_ID


def test_key_gives_a_token_for_the_service(orders: Orders, shell: Shell, tmp_path: Path) -> None:
    """Without a word on stderr; an invoker that may not read the service gives its address."""
    orders.key(orders.account("caller-one"), tmp_path / "key.json")
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")}
    refused = shell.run("token", _ORDERS, **environ)
    assert refused.code == 1
    assert "give its address in the place of service/orders" in refused.err
    done = shell.run("token", f"{orders.url}/reports", **environ)
    assert (done.code, done.err) == (0, "")
    assert _status(orders.url, done.out.strip()) == 200


def test_chain_of_delegates_gives_the_last_one_s_token(
    orders: Orders, shell: Shell, emulator: "RunningEmulator"
) -> None:
    """Each may impersonate the next; without the first grant the refusal names the least role."""
    between, email = orders.account("between-us", invoker=False), orders.account("caller-one")
    words = ("token", _ORDERS, "--as", f"{between},{email}", "--decode", "--json")
    refused = shell.run(*words)
    assert refused.code == 1
    assert "roles/iam.serviceAccount" in refused.err
    emulator.admin(
        "POST",
        "/grants",
        resource=f"projects/{emulator.project}/serviceAccounts/{email}",
        role="roles/iam.serviceAccountTokenCreator",
        member=f"serviceAccount:{between}",
    )
    told = _claims(shell.run(*words))
    assert told["member"] == f"serviceAccount:{email}"
    assert told["audience"] == orders.url


def test_decoding_shows_claims_and_never_the_token(orders: Orders, shell: Shell) -> None:
    """As text and as JSON; what is on stdin is decoded likewise."""
    email = orders.account("caller-one")
    token = shell.run("token", _ORDERS, "--as", email).out.strip()
    for done in (
        shell.run("token", _ORDERS, "--as", email, "--decode"),
        shell.run("token", "--decode", "-", text=token),
        shell.run("token", "--decode", "-", text=f"Bearer {token}\n"),
    ):
        assert done.code == 0
        assert f"email           {email}" in done.out
        assert "59 min left" in done.out
        assert not any(part in done.out + done.err for part in token.split("."))
    told = _claims(shell.run("token", "--decode", "--json", "-", text=token))
    assert told["claims"]["aud"] == orders.url
    assert 3500 < told["seconds_left"] <= 3600
    assert not any(part in json.dumps(told) for part in token.split("."))


@pytest.mark.parametrize("given", [b"", b"ya29.secret", b"a.secret.c", b"e30.W10.x", b"\0.\xff.x"])
def test_what_is_no_token_is_refused_without_being_shown(shell: Shell, given: bytes) -> None:
    """Whatever was piped in by mistake may be a secret of another kind."""
    done = subprocess.run(
        [sys.executable, "-m", "provision", "token", "--decode", "-"],
        env=shell.environ,
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"That is no ID token" in done.stderr
    assert b"secret" not in done.stderr


def test_custom_audience_is_taken_and_told(orders: Orders, shell: Shell) -> None:
    """The token opens the service; both audiences are named."""
    email = orders.account("caller-one")
    live = orders.live
    live.custom_audiences.append("https://orders.example.com")
    orders.clients.services.update_service(service=live).result(timeout=30)
    done = shell.run("token", _ORDERS, "--as", email)
    assert "https://orders.example.com is a custom audience" in done.err
    assert orders.url in done.err
    assert _status(orders.url, done.out.strip()) == 200


@pytest.mark.parametrize("ending", ["/", "/reports?x=1"])
def test_audience_that_is_no_origin_is_warned_about(
    orders: Orders, shell: Shell, ending: str
) -> None:
    """`aud` is compared exactly: an address of this machine is left as given, and told of."""
    email = orders.account("caller-one")
    done = shell.run("token", _ORDERS, "--as", email, "--audience", orders.url + ending)
    assert "compared exactly" in done.err
    assert "Expect a 401" in done.err
    assert _status(orders.url, done.out.strip()) == 401


def test_tag_s_address_becomes_the_service_s(orders: Orders, shell: Shell) -> None:
    """In a target that is an address, and in --audience."""
    email = orders.account("caller-one")
    wrong, right = "https://next---orders-1.a.run.app", "https://orders-1.a.run.app"
    for words in ((f"{wrong}/reports",), ("--audience", wrong), ("--audience", f"{right}/")):
        done = shell.run("token", *words, "--as", email, "--decode")
        assert f"aud             {right}\n" in done.out
        assert right in done.out.partition("exp")[2] or "tag" in done.out


def test_only_service_of_the_spec_needs_no_name(orders: Orders, shell: Shell) -> None:
    """In a directory with a spec of one service, `provision token` is enough."""
    refused = shell.run("token")
    assert refused.code == 2
    assert "TARGET" in refused.err
    (shell.path / "provision.yaml").write_text(
        f"project: {orders.emulator.project}\nregion: asia-east1\nservice: orders\n"
        "image: {context: ., repository: services}\ningress: all\ninvokers: []\n"
    )
    done = shell.run("token")
    assert done.code == 0, done.err
    assert _status(orders.url, done.out.strip()) == 200


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("service/missing",), 1, "there is none"),
        (("job/nightly",), 2, "provision execute"),
        (("orders",), 2, "service/orders"),
        (("--audience", ""), 2, "audience is empty"),
        (("--audience", "x", "--as", ""), 2, "names no service accounts"),
        (("--audience", "x", "--json"), 2, "--decode"),
        (("-",), 2, "--decode"),
        (("https://a.run.app", "--as", "ann@example.com"), 2, "no service account"),
        (("https://", "--decode"), 2, "no address"),
        (("http://orders.example.com",), 2, "not https"),
        (("--audience", "x", "--as", "no-one@demo-project.iam.gserviceaccount.com"), 1, "no such"),
    ],
)
def test_mistakes_are_told(shell: Shell, words: tuple[str, ...], code: int, said: str) -> None:
    """With what to do instead, and nothing on stdout."""
    done = shell.run("token", *words)
    assert (done.code, "Traceback" in done.err) == (code, False), done.err
    assert said in done.err
    assert not done.out or "--json" in words


@pytest.mark.parametrize("broken", ["deleted key", "disabled account", "deleted account"])
def test_key_that_is_good_no_more_is_told(
    orders: Orders, shell: Shell, tmp_path: Path, broken: str
) -> None:
    """With the account, the key's id, and where to look."""
    email = orders.account("caller-one")
    key = orders.key(email, tmp_path / "key.json")
    account = {"name": f"projects/-/serviceAccounts/{email}"}
    if broken == "deleted key":
        orders.clients.iam.delete_service_account_key(request={"name": key.name})
    elif broken == "disabled account":
        orders.clients.iam.disable_service_account(request=account)
    else:
        orders.clients.iam.delete_service_account(request=account)
    done = shell.run("token", _ORDERS, GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "key.json"))
    assert done.code == 2
    assert email in done.err
    assert broken.partition(" ")[0] in done.err
    assert "PRIVATE" not in done.err


def test_gcloud_s_client_id_is_named_as_such(
    orders: Orders, shell: Shell, emulator: "RunningEmulator", tmp_path: Path
) -> None:
    """A login of gcloud's own client has the audience that Cloud Run surely takes."""
    made = emulator.admin("POST", "/identities", member="user:developer@example.com")["adc"]
    file = tmp_path / "adc.json"
    file.write_text(json.dumps({**made, "client_id": GCLOUD_CLIENT_ID}))
    done = shell.run("token", _ORDERS, GOOGLE_APPLICATION_CREDENTIALS=str(file))
    assert "gcloud's client id, which Cloud Run takes from users" in done.err
    assert _status(orders.url, done.out.strip()) == 200


def _on_terminal(shell: Shell, *words: str, answer: str = "") -> tuple[int, str]:
    """Run ``provision`` on a terminal of its own; exit code and all that it showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "provision", *words]
    with subprocess.Popen(
        command, cwd=shell.path, env=shell.environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = ""
        while select.select([ours], [], [], 60)[0]:
            try:
                part = os.read(ours, 4096).decode("utf-8", "replace")
            except OSError:  # the other side is closed
                break
            shown += part
            if answer and "[y/N]" in shown:
                os.write(ours, f"{answer}\n".encode())
                answer = ""
    os.close(ours)
    return process.returncode, shown


def test_terminal_is_warned_before_a_secret_is_shown(orders: Orders, shell: Shell) -> None:
    """Asked on a terminal, shown after yes or with --yes; no leaves with 130."""
    environ = {**shell.environ, "TERM": "dumb"}
    shell = Shell(shell.path, environ)
    code, shown = _on_terminal(shell, "token", _ORDERS, answer="n")
    assert code == 130
    assert "Whoever sees this token can call as user:developer@example.com" in shown
    assert "eyJ" not in shown
    code, shown = _on_terminal(shell, "token", _ORDERS, answer="y")
    assert code == 0
    assert "eyJ" in shown
    code, shown = _on_terminal(shell, "token", _ORDERS, "--yes")
    assert (code, "[y/N]" in shown) == (0, False)
    assert "eyJ" in shown
    assert orders.url in shown
