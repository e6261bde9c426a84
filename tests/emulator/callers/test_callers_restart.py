"""What is on its way, and what is stored, over a kill without warning."""

import signal
from pathlib import Path

import pytest
from google import pubsub_v1
from google.cloud import scheduler_v1, tasks_v2

from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.callers.kit import LOCATION, PROJECT, publisher, scheduler, subscriber, tasks
from tests.emulator.callers.receiver import Receiver
from tests.emulator.storage.kit import BUCKET, Storage

QUEUE = f"{LOCATION}/queues/work"
JOB = f"{LOCATION}/jobs/nightly"
TOPIC = f"{PROJECT}/topics/orders"
UPLOAD = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&name=big"


@pytest.fixture
def start(start_emulator: StartEmulator, tmp_path: Path) -> StartEmulator:
    """Starts emulators on one folder."""

    def started() -> RunningEmulator:
        return start_emulator("--engine", "none", "--data", str(tmp_path / "data"))

    return started


def fill(clients: Clients, receiver: Receiver) -> None:
    """A task in a paused queue, a message that is refused, a job."""
    queue = tasks_v2.Queue({"name": QUEUE})
    tasks(clients).create_queue(parent=LOCATION, queue=queue)
    tasks(clients).pause_queue(name=QUEUE)
    request = {"url": f"{receiver.address}/task", "body": b"one"}
    tasks(clients).create_task(parent=QUEUE, task=tasks_v2.Task({"http_request": request}))
    publisher(clients).create_topic(name=TOPIC)
    pushed = pubsub_v1.Subscription(
        name=f"{PROJECT}/subscriptions/pushed",
        topic=TOPIC,
        push_config={"push_endpoint": f"{receiver.address}/message"},
        retry_policy={"minimum_backoff": {"seconds": 600}},
    )
    subscriber(clients).create_subscription(request=pushed)
    receiver.answers = [500]
    publisher(clients).publish(topic=TOPIC, messages=[pubsub_v1.PubsubMessage(data=b"one")])
    target = {"uri": f"{receiver.address}/job"}
    job = scheduler_v1.Job({"name": JOB, "schedule": "0 3 * * *", "http_target": target})
    scheduler(clients).create_job(parent=LOCATION, job=job)


def test_what_was_on_its_way_goes_on_after_a_kill(start: StartEmulator, receiver: Receiver) -> None:
    """A message that was not acknowledged, a task that waited, an upload half way, an object."""
    first = start()
    storage = Storage(first)
    storage.bucket()
    storage.put("one", b"kept")
    address = storage("POST", UPLOAD, json={}).headers["Location"]
    storage("PUT", address, data=b"hal", headers={"Content-Range": "bytes 0-2/*"})
    fill(Clients(first, "grpc", DEVELOPER), receiver)
    receiver.wait(1)
    first.stop(signal.SIGKILL)
    second = start()
    assert [one.path for one in receiver.wait(2)] == ["/message", "/message"]
    clients, storage = Clients(second, "grpc", DEVELOPER), Storage(second)
    tasks(clients).resume_queue(name=QUEUE)
    assert [one.path for one in receiver.wait(3)][-1] == "/task"
    scheduler(clients).run_job(name=JOB)
    assert [one.path for one in receiver.wait(4)][-1] == "/job"
    assert storage.get("one", alt="media").content == b"kept"
    storage("PUT", address, data=b"f", headers={"Content-Range": "bytes 3-3/4"})
    assert storage.get("big", alt="media").content == b"half"
    second.stop()
