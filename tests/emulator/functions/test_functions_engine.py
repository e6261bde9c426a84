"""Functions with a Docker engine: both generations really run, and say why when they do not."""

import json
from collections.abc import Iterator

import pytest
import requests
from google.api_core import exceptions
from google.cloud import functions_v2

from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.callers.kit import deploy_workflow, execute
from tests.emulator.functions.workbench import (
    HELLO,
    MAIN,
    OLD,
    SERVICE,
    account,
    bind,
    create,
    create_first,
    deploy,
    deploy_first,
    first_function,
    function,
    id_token,
    status,
    update,
    v1,
    v2,
)

pytestmark = pytest.mark.engine
IDENTITY = """
import json, os, urllib.request

import requests


def hello(request):
    url = "http://" + os.environ["GCE_METADATA_HOST"] + "/computeMetadata/v1/instance/"
    asked = urllib.request.Request(url + "service-accounts/default/email")
    asked.add_header("Metadata-Flavor", "Google")
    email = urllib.request.urlopen(asked).read().decode()
    return {"email": email, "service": os.environ["K_SERVICE"], "requests": requests.__version__}
"""
ASKING = """
main:
  params: [root]
  steps:
    - ask:
        call: http.post
        args:
          url: ${root + "/a/b"}
          body: {day: 1}
          auth: {type: OIDC, audience: '${root}'}
        result: answer
    - give_back:
        return: ${answer.body}
"""


@pytest.fixture(scope="module")
def running(start_emulator: StartEmulator) -> Iterator[RunningEmulator]:
    """An emulator with an engine."""
    emulator = start_emulator("--operation-delay", "0.05")
    assert emulator.about["engine"]
    yield emulator
    emulator.stop()


@pytest.fixture
def engine_clients(running: RunningEmulator) -> Clients:
    """The developer's clients, on an emulator as if just started."""
    running.admin("POST", "/reset")
    return Clients(running, "grpc", DEVELOPER)


def test_both_generations_answer_their_invokers(engine_clients: Clients) -> None:
    """With body and path; of the token the function sees no signature. A workflow is one, too."""
    clients = engine_clients
    made, older = deploy(clients), deploy_first(clients)
    ann = account(clients, "ann-caller")
    bind(clients.services, SERVICE, "roles/run.invoker", f"serviceAccount:{ann}")
    bind(v1(clients), OLD, "roles/cloudfunctions.invoker", f"serviceAccount:{ann}")
    for url in (made.url, made.service_config.uri, older.https_trigger.url):
        token = id_token(clients, ann, url)
        headers = {"X-Serverless-Authorization": f"Bearer {token}", "Authorization": "own"}
        answer = requests.post(f"{url}/a/b?c=d", data="body", headers=headers, timeout=30)
        assert answer.text == "/a/b|own|body"
        seen = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).text
        assert seen == f"/|Bearer {token.rpartition('.')[0]}.SIGNATURE_REMOVED_BY_GOOGLE|"
        assert (status(url), status(url, token[:-6] + "aaaaaa")) == (403, 401)
        deploy_workflow(clients, ASKING, service_account=ann)
        path, seen, body = json.loads(execute(clients, url).result).split("|")
        assert (path, seen[:7], body) == ("/a/b", "Bearer ", '{"day":1}')
    assert v1(clients).call_function(name=OLD, data='{"a": 1}').result == '/||{"a": 1}'


def test_a_function_finds_its_account_and_its_packages(engine_clients: Clients) -> None:
    """At the metadata server its own account; of requirements what is installed beside."""
    files = {"main.py": IDENTITY, "requirements.txt": "requests>=2\nfunctions-framework==3.*\n"}
    ann = account(engine_clients, "ann-runtime")
    first = {**first_function(engine_clients, files), "service_account_email": ann}
    create_first(engine_clients, first).result(timeout=120)
    bind(v1(engine_clients), OLD, "roles/cloudfunctions.invoker", "allUsers")
    url = v1(engine_clients).get_function(name=OLD).https_trigger.url
    told = requests.get(url, timeout=30).json()
    assert (told["email"], told["service"]) == (ann, "Old_one")
    assert told["requests"] == requests.__version__


def test_a_function_that_does_not_load_fails_in_google_s_words(engine_clients: Clients) -> None:
    """Of a later version, too: the earlier one goes on answering."""
    clients = engine_clients
    made, older = deploy(clients), deploy_first(clients)
    other = MAIN.replace("def hello", "def other")
    sent = {"name": HELLO, **function(clients, {"main.py": other})}
    text = "Could not create or update Cloud Run service hello, Container Healthcheck failed"
    with pytest.raises(exceptions.BadRequest, match=text):
        update(clients, sent)
    first = first_function(clients, {"main.py": other})
    going = v1(clients).update_function({"function": first})
    with pytest.raises(exceptions.BadRequest, match="Function failed on loading user code") as said:
        going.result(timeout=120)
    assert "expected to contain a function named 'hello'. Found: 'other'" in str(said.value)
    bind(clients.services, SERVICE, "roles/run.invoker", "allUsers")
    bind(v1(clients), OLD, "roles/cloudfunctions.invoker", "allUsers")
    assert (status(made.url), status(older.https_trigger.url)) == (200, 200)
    shown = v1(clients).get_function(name=OLD)
    assert shown.version_id == 1
    assert v2(clients).get_function(name=HELLO).state == functions_v2.Function.State.ACTIVE


def test_a_deleted_function_runs_no_more(engine_clients: Clients) -> None:
    """Nothing answers, and the name can be used again by the other generation."""
    older = deploy_first(engine_clients, HELLO)
    bind(v1(engine_clients), HELLO, "roles/cloudfunctions.invoker", "allUsers")
    assert status(older.https_trigger.url) == 200
    v1(engine_clients).delete_function(name=HELLO).result(timeout=60)
    assert status(older.https_trigger.url) == 404
    create(engine_clients, function(engine_clients)).result(timeout=120)
    assert status(older.https_trigger.url) == 403
