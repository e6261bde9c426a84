"""Traffic and jobs with a Docker engine: who really answers, and what a task really does."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
import requests
from google.api_core import exceptions
from google.cloud import run_v2
from google.iam.v1 import policy_pb2

from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.base_image import push_base
from tests.emulator.callers.kit import deploy_workflow, execute, grant, make_caller

pytestmark = pytest.mark.engine
PARENT = "projects/demo-project/locations/asia-east1"
ORDERS = f"{PARENT}/services/orders"
NIGHTLY = f"{PARENT}/jobs/nightly"
ANSWER = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(os.environ["K_REVISION"].encode())
http.server.HTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
"""
TELL = """
import os
names = ("JOB", "TASK_INDEX", "TASK_ATTEMPT", "TASK_COUNT")
print(*(os.environ["CLOUD_RUN_" + name] for name in names), os.environ["GREETING"])
"""
IDENTITY = """
import os, urllib.request
url = "http://" + os.environ["GCE_METADATA_HOST"] + "/computeMetadata/v1/instance/service-accounts"
request = urllib.request.Request(url + "/default/email", headers={"Metadata-Flavor": "Google"})
print(urllib.request.urlopen(request).read().decode())
"""


@pytest.fixture(scope="module")
def running(start_emulator: StartEmulator) -> Iterator[RunningEmulator]:
    """An emulator with an engine."""
    emulator = start_emulator("--operation-delay", "0.05")
    assert emulator.about["engine"]
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def clients(running: RunningEmulator) -> Clients:
    """The developer's clients."""
    return Clients(running, "grpc", DEVELOPER)


@pytest.fixture(scope="module")
def image(running: RunningEmulator) -> str:
    """The base image of the tests, pushed through the engine; its reference."""
    return push_base(running)


def python(image: str, program: str, **env: str) -> run_v2.Container:
    """A container that runs a Python program."""
    variables = [run_v2.EnvVar(name=name, value=value) for name, value in env.items()]
    return run_v2.Container(image=image, command=["python3"], args=["-c", program], env=variables)


def run(clients: Clients, container: run_v2.Container, **fields: object) -> run_v2.Execution:
    """Execute a new job `nightly` that is then deleted; the execution as it ended."""
    task = run_v2.TaskTemplate(containers=[container], **fields)
    jobs = clients.make(run_v2.JobsClient)
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task, task_count=2))
    jobs.create_job(parent=PARENT, job_id="nightly", job=job).result(timeout=60)
    operation = jobs.run_job(name=NIGHTLY)
    try:
        found: run_v2.Execution = operation.result(timeout=120)
    except exceptions.GoogleAPICallError:
        found = operation.metadata
    return found


@pytest.fixture
def _no_job_left(clients: Clients) -> Iterator[None]:
    yield
    clients.make(run_v2.JobsClient).delete_job(name=NIGHTLY).result(timeout=60)


def logs(clients: Clients, execution: run_v2.Execution) -> list[str]:
    """What each task wrote."""
    tasks = clients.make(run_v2.TasksClient).list_tasks(parent=execution.name)
    return [requests.get(one.log_uri, timeout=30).text.strip() for one in tasks]


@pytest.mark.usefixtures("_no_job_left")
def test_each_task_runs_with_its_own_index(clients: Clients, image: str) -> None:
    """Every task is a container of its own, told who it is."""
    execution = run(clients, python(image, TELL, GREETING="hello"))
    assert execution.succeeded_count == 2
    assert logs(clients, execution) == ["nightly 0 0 2 hello", "nightly 1 0 2 hello"]


@pytest.mark.usefixtures("_no_job_left")
def test_a_task_is_the_job_s_account(clients: Clients, image: str) -> None:
    """The metadata server knows a task as it knows a revision."""
    execution = run(clients, python(image, IDENTITY))
    assert logs(clients, execution) == [execution.template.service_account] * 2


@pytest.mark.usefixtures("_no_job_left")
def test_a_task_that_fails_is_tried_again_and_then_fails_the_execution(
    clients: Clients, image: str
) -> None:
    """The exit code is kept, retries are counted, and Google's words say which task it was."""
    execution = run(clients, python(image, "raise SystemExit(3)"), max_retries=1)
    assert (execution.failed_count, execution.retried_count) == (2, 2)
    completed = execution.conditions[0]
    short = execution.name.rpartition("/")[2]
    words = (
        f"Task {short}-task0 failed with exit code: 3 and message: "
        "The container exited with an error."
    )
    assert completed.message == words
    assert completed.execution_reason.name == "NON_ZERO_EXIT_CODE"
    [first, _] = clients.make(run_v2.TasksClient).list_tasks(parent=execution.name)
    attempt = first.last_attempt_result
    assert (attempt.exit_code, attempt.term_signal, first.retried) == (3, 0, 1)
    assert (attempt.status.code, attempt.status.message) == (
        10,
        "The container exited with an error.",
    )
    assert first.conditions[0].execution_reason.name == "NON_ZERO_EXIT_CODE"


@pytest.mark.usefixtures("_no_job_left")
def test_a_task_may_succeed_at_its_second_attempt(clients: Clients, image: str) -> None:
    """An attempt that failed is forgotten then, but for the count of retries."""
    again = "import os; raise SystemExit(os.environ['CLOUD_RUN_TASK_ATTEMPT'] == '0')"
    execution = run(clients, python(image, again), max_retries=2)
    assert (execution.succeeded_count, execution.retried_count) == (2, 2)
    tasks = list(clients.make(run_v2.TasksClient).list_tasks(parent=execution.name))
    assert [one.retried for one in tasks] == [1, 1]
    assert [one.last_attempt_result.status.code for one in tasks] == [0, 0]


@pytest.mark.parametrize(("command", "code"), [("/no/such/program", 127), ("/etc/passwd", 126)])
@pytest.mark.usefixtures("_no_job_left")
def test_a_container_that_cannot_start_fails_its_task(
    clients: Clients, image: str, command: str, code: int
) -> None:
    """The exit code is a shell's, and what the engine says of it stands in the log."""
    execution = run(clients, run_v2.Container(image=image, command=[command]), max_retries=0)
    assert execution.failed_count == 2
    assert f"failed with exit code: {code} and message" in execution.conditions[0].message
    tasks = list(clients.make(run_v2.TasksClient).list_tasks(parent=execution.name))
    assert [one.last_attempt_result.exit_code for one in tasks] == [code, code]
    for written in logs(clients, execution):
        assert command in written
    everything = requests.get(execution.log_uri, timeout=30).text
    assert everything.count(command) >= 2


@pytest.mark.usefixtures("_no_job_left")
def test_a_task_that_takes_too_much_memory_is_ended(clients: Clients, image: str) -> None:
    """The signal tells that it was not the container's own doing."""
    execution = run(clients, python(image, "x = bytearray(2 * 1024**3); input()"), max_retries=0)
    assert "failed with exit code: 137" in execution.conditions[0].message
    [first, _] = clients.make(run_v2.TasksClient).list_tasks(parent=execution.name)
    attempt = first.last_attempt_result
    assert (attempt.exit_code, attempt.term_signal) == (137, 9)


@pytest.mark.usefixtures("_no_job_left")
def test_an_execution_is_cancelled_while_it_runs(
    running: RunningEmulator, clients: Clients, image: str
) -> None:
    """Its containers go; what had begun is cancelled, and what had ended stays as it was."""
    program = "import os, time; time.sleep(600 * (os.environ['CLOUD_RUN_TASK_INDEX'] == '1'))"
    task = run_v2.TaskTemplate(containers=[python(image, program)])
    jobs, tasks = clients.make(run_v2.JobsClient), clients.make(run_v2.TasksClient)
    executions = clients.make(run_v2.ExecutionsClient)
    template = run_v2.ExecutionTemplate(template=task, task_count=2)
    job = run_v2.Job(template=template)
    jobs.create_job(parent=PARENT, job_id="nightly", job=job).result(timeout=60)
    operation = jobs.run_job(name=NIGHTLY)
    name = operation.metadata.name

    def seen() -> tuple[int, int, bool]:
        shown = executions.get_execution(name=name)
        left = left_of(running, f"{PARENT}/services/nightly")
        return shown.succeeded_count, shown.running_count, len(left) == 1

    eventually(lambda: seen() == (1, 1, True))
    going = executions.get_execution(name=name)
    assert going.conditions[0].state.name == "CONDITION_RECONCILING"
    assert going.conditions[2].message.startswith("Started deployed execution in ")
    executions.cancel_execution(name=name).result(timeout=60)

    ended = executions.get_execution(name=name)
    assert (ended.succeeded_count, ended.running_count, ended.cancelled_count) == (1, 0, 1)
    assert left_of(running, f"{PARENT}/services/nightly") == []
    [first, second] = tasks.list_tasks(parent=name)
    assert first.conditions[0].state.name == "CONDITION_SUCCEEDED"
    assert second.conditions[0].execution_reason.name == "CANCELLED"
    assert second.start_time
    with pytest.raises(exceptions.Cancelled):
        operation.result(timeout=30)


def test_what_failed_before_a_kill_is_not_forgotten(
    start_emulator: StartEmulator, tmp_path: Path
) -> None:
    """After a restart the task that was cut off runs again; the one that had failed has failed."""
    options = ("--operation-delay", "0.05", "--data", str(tmp_path))
    first = start_emulator(*options)
    clients = Clients(first, "grpc", DEVELOPER)
    program = "import os, time; i = int(os.environ['CLOUD_RUN_TASK_INDEX']); time.sleep(i * 3)"
    container = python(push_base(first), f"{program}; raise SystemExit(3 * (1 - i))")
    task = run_v2.TaskTemplate(containers=[container], max_retries=0)
    template = run_v2.ExecutionTemplate(template=task, task_count=2)
    jobs = clients.make(run_v2.JobsClient)
    job = run_v2.Job(template=template)
    jobs.create_job(parent=PARENT, job_id="nightly", job=job).result(timeout=60)
    name = jobs.run_job(name=NIGHTLY).metadata.name
    executions = clients.make(run_v2.ExecutionsClient)
    eventually(lambda: executions.get_execution(name=name).failed_count == 1)
    first.stop(9)

    second = start_emulator(*options)
    executions = Clients(second, "grpc", DEVELOPER).make(run_v2.ExecutionsClient)
    eventually(lambda: bool(executions.get_execution(name=name).completion_time))

    ended = executions.get_execution(name=name)
    assert (ended.failed_count, ended.succeeded_count, ended.running_count) == (1, 1, 0)
    short = name.rpartition("/")[2]
    assert ended.conditions[0].message.startswith(f"Task {short}-task0 failed with exit code: 3")
    second.stop()


def eventually(holds: Callable[[], bool]) -> None:
    """Ask until it holds; half a minute is enough on a busy machine."""
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends, "it never came to be"


@pytest.mark.usefixtures("_no_job_left")
def test_a_task_that_takes_too_long_is_stopped(
    running: RunningEmulator, clients: Clients, image: str
) -> None:
    """Past its timeout a task's container is removed."""
    sleeper = python(image, "import time; time.sleep(600)")
    execution = run(clients, sleeper, timeout="1s", max_retries=0)
    assert "failed with message: The configured timeout was reached." in (
        execution.conditions[0].message
    )
    [first, _] = clients.make(run_v2.TasksClient).list_tasks(parent=execution.name)
    assert (first.last_attempt_result.term_signal, first.last_attempt_result.status.code) == (9, 4)
    assert left_of(running, f"{PARENT}/services/nightly") == []


def left_of(emulator: RunningEmulator, name: str) -> list[str]:
    """The revisions of a service, or tasks of a job, that this emulator has containers of."""
    found = docker.from_env().containers.list(
        all=True, filters={"label": f"provision.service={name}"}, ignore_removed=True
    )
    ours = f":{emulator.about['pid']}"
    labels = [one.labels for one in found]
    return [
        one["provision.revision"]
        for one in labels
        if one.get("provision.emulator.pid", "").endswith(ours)
    ]


def deploy(clients: Clients, image: str, name: str, *traffic: run_v2.TrafficTarget) -> None:
    """Bring out a revision that answers its own name, open to everybody."""
    template = run_v2.RevisionTemplate(revision=name, containers=[python(image, ANSWER)])
    service = run_v2.Service(template=template, traffic=traffic, invoker_iam_disabled=True)
    if name == "orders-one":
        made = clients.services.create_service(parent=PARENT, service_id="orders", service=service)
    else:
        service.name = ORDERS
        made = clients.services.update_service(service=service)
    made.result(timeout=120)


def test_revisions_share_the_traffic_and_a_tag_answers_by_itself(
    running: RunningEmulator, clients: Clients, image: str
) -> None:
    """Containers of both revisions run side by side; a revision without traffic is stopped."""
    named = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
    one = run_v2.TrafficTarget(type_=named, revision="orders-one", percent=100)
    two = run_v2.TrafficTarget(type_=named, revision="orders-two", tag="next")
    deploy(clients, image, "orders-one")
    deploy(clients, image, "orders-two", one, two)
    service = clients.services.get_service(name=ORDERS)
    [_, tagged] = service.traffic_statuses
    assert requests.get(tagged.uri, timeout=30).text == "orders-two"
    assert requests.get(service.uri, timeout=30).text == "orders-one"
    one.percent, two.percent = 50, 50
    split = run_v2.Service(name=ORDERS, traffic=[one, two])
    clients.services.update_service(service=split, update_mask={"paths": ["traffic"]}).result(
        timeout=120
    )
    seen = Counter(requests.get(service.uri, timeout=30).text for _ in range(60))
    # Half of 60, give or take six standard deviations.
    assert set(seen) == {"orders-one", "orders-two"}
    assert min(seen.values()) >= 7
    two.percent = 100
    moved = run_v2.Service(name=ORDERS, traffic=[two])
    clients.services.update_service(service=moved, update_mask={"paths": ["traffic"]}).result(
        timeout=120
    )
    assert left_of(running, ORDERS) == ["orders-two"]


CALL = """
import json, os, urllib.error, urllib.parse, urllib.request
def get(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
accounts = "http://" + os.environ["GCE_METADATA_HOST"] + "/computeMetadata/v1/instance/"
query = "?audience=" + urllib.parse.quote(os.environ["URL"])
path = "service-accounts/default/identity" + query
_, token = get(accounts + path, **{"Metadata-Flavor": "Google"})
print(get(os.environ["URL"])[0], get(os.environ["URL"], Authorization="Bearer " + token)[0])
"""


@pytest.mark.usefixtures("_no_job_left")
def test_a_task_calls_a_private_service_as_its_account(clients: Clients, image: str) -> None:
    """With an ID token of the metadata server, once the account may; without one it is refused."""
    template = run_v2.RevisionTemplate(containers=[python(image, ANSWER)])
    service = run_v2.Service(template=template)
    made = clients.services.create_service(parent=PARENT, service_id="stock", service=service)
    stock = made.result(timeout=120)
    account = stock.template.service_account
    policy = policy_pb2.Policy()
    policy.bindings.add(role="roles/run.invoker", members=[f"serviceAccount:{account}"])
    clients.services.set_iam_policy(request={"resource": stock.name, "policy": policy})

    execution = run(clients, python(image, CALL, URL=stock.uri))

    assert execution.template.service_account == account
    assert logs(clients, execution) == ["403 200"] * 2
    clients.services.delete_service(name=stock.name).result(timeout=60)


ECHO = """
import http.server, json, os
class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        told = {"path": self.path, "body": json.loads(sent), "headers": dict(self.headers.items())}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())
http.server.HTTPServer(("", int(os.environ["PORT"])), Echo).serve_forever()
"""
CALLING = """
main:
  params: [args]
  steps:
    - call_service:
        call: http.post
        args:
          url: ${args.root + "/work"}
          query: {day: today}
          headers: {X-Order: "7"}
          auth: {type: OIDC, audience: '${args.root}'}
          body: {dry: false}
        result: answer
    - run_job:
        call: googleapis.run.v1.namespaces.jobs.run
        args:
          name: namespaces/demo-project/jobs/nightly
          location: asia-east1
          body: {overrides: {containerOverrides: [{env: [{name: GREETING, value: good day}]}]}}
        result: execution
    - done:
        return: {seen: '${answer.body}', execution: '${execution.metadata.name}'}
"""


@pytest.mark.usefixtures("_no_job_left")
def test_a_workflow_reaches_containers(
    running: RunningEmulator, clients: Clients, image: str
) -> None:
    """An internal service sees the call as it was made; a job's task what was overridden."""
    internal = run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
    template = run_v2.RevisionTemplate(containers=[python(image, ECHO)])
    service = clients.services.create_service(
        parent=PARENT,
        service_id="echo",
        service=run_v2.Service(template=template, ingress=internal),
    ).result(timeout=60)
    task = run_v2.TaskTemplate(containers=[python(image, TELL, GREETING="hello")])
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
    clients.make(run_v2.JobsClient).create_job(parent=PARENT, job_id="nightly", job=job).result(60)
    email = make_caller(clients)
    for role in ("run.invoker", "run.developer"):
        grant(running, role, to=f"serviceAccount:{email}")
    deploy_workflow(clients, CALLING, service_account=email)
    done = execute(clients, {"root": service.uri})
    assert done.error.context == ""
    told = json.loads(done.result)
    seen, headers = told["seen"], told["seen"]["headers"]
    assert (seen["path"], seen["body"]) == ("/work?day=today", {"dry": False})
    assert (headers["X-Order"], headers["Content-Type"]) == ("7", "application/json; charset=utf-8")
    assert headers["User-Agent"].startswith("GoogleCloudWorkflows")
    assert headers["Authorization"].endswith(".SIGNATURE_REMOVED_BY_GOOGLE")
    name = f"{NIGHTLY}/executions/{told['execution']}"
    execution = clients.make(run_v2.ExecutionsClient).get_execution(name=name)
    assert logs(clients, execution) == ["nightly 0 0 1 good day"]
