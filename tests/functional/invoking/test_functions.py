"""Tokens for functions of both generations, whose audience is not an origin."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision.errors import UsageError
from provision.invoke import Invoker
from tests.emulator.functions.workbench import (
    OLD,
    SERVICE,
    account,
    bind,
    deploy,
    deploy_first,
    id_token,
    status,
    v1,
)
from tests.functional.invoking.conftest import Shell

if TYPE_CHECKING:
    from tests.conftest import Clients

_GOOGLE = "https://us-central1-demo-project.cloudfunctions.net"
_PLACE = {"CLOUDSDK_RUN_REGION": "us-central1"}


def test_first_generation_takes_its_own_address(grpc_clients: "Clients", shell: Shell) -> None:
    """Name and all; which generation it is is told."""
    url = str(deploy_first(grpc_clients).https_trigger.url)
    email = account(grpc_clients, "ann-caller")
    bind(v1(grpc_clients), OLD, "roles/cloudfunctions.invoker", f"serviceAccount:{email}")
    done = shell.run("token", "function/Old_one", "--as", email, **_PLACE)
    assert "first-generation function" in done.err
    assert status(url, done.out.strip()) == 200
    assert status(url, id_token(grpc_clients, email, url.rpartition("/")[0])) == 401
    made = shell.run("snippet", "function/Old_one", "--language", "python", **_PLACE)
    assert f'Invoker("{url}", audience="{url}")' in made.out


def test_second_generation_is_its_service(grpc_clients: "Clients", shell: Shell) -> None:
    """The token is for the Cloud Run service beneath; that is told, too."""
    made = deploy(grpc_clients)
    email = account(grpc_clients, "ann-caller")
    bind(grpc_clients.services, SERVICE, "roles/run.invoker", f"serviceAccount:{email}")
    done = shell.run("token", "function/hello", "--as", email, **_PLACE)
    assert "second-generation function" in done.err
    assert status(made.service_config.uri, done.out.strip()) == 200


def test_invoker_reaches_a_function_at_google_s_host_name(
    grpc_clients: "Clients", google: Shell, tmp_path: Path
) -> None:
    """The audience ends with the function's name, whatever is asked for below it."""
    deploy_first(grpc_clients)
    email = account(grpc_clients, "ann-caller")
    bind(v1(grpc_clients), OLD, "roles/cloudfunctions.invoker", f"serviceAccount:{email}")
    key = grpc_clients.iam.create_service_account_key(
        request={"name": f"projects/-/serviceAccounts/{email}"}
    )
    (tmp_path / "key.json").write_bytes(key.private_key_data)
    (google.path / "call.py").write_text(
        "from provision.invoke import Invoker\n"
        f"old = Invoker('{_GOOGLE}/Old_one')\n"
        "print(old.audience, old.get('/sub?a=b').status_code)\n"
    )
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")}
    done = google.python("call.py", **environ)
    assert done.out.split() == [f"{_GOOGLE}/Old_one", "200"], done.err


def test_host_of_all_functions_is_no_function() -> None:
    """Without a name there is no audience."""
    with pytest.raises(UsageError, match="of none"):
        Invoker(_GOOGLE)
    assert Invoker(_GOOGLE, audience=f"{_GOOGLE}/resize").audience == f"{_GOOGLE}/resize"
