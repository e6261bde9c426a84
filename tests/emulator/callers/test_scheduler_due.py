"""Jobs that fire when they are due: the one thing that nobody waits a minute for over the wire."""

import asyncio
import time

from google.cloud import scheduler_v1

from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.scheduler.firing import Firing
from provision.emulator.services.callers.scheduler.schedules import JOBS
from provision.emulator.services.callers.sending import Sender
from provision.emulator.services.callers.turns import Turns
from provision.emulator.times import timestamp, to_micros
from provision.emulator.world import Settings, World
from tests.emulator.callers.kit import LOCATION
from tests.emulator.callers.receiver import Receiver

NAME = f"{LOCATION}/jobs/nightly"
ENABLED, PAUSED = int(scheduler_v1.Job.State.ENABLED), int(scheduler_v1.Job.State.PAUSED)


async def _nowhere(host: str, port: int) -> None:
    """No host of Google's is anywhere here."""
    del host, port


class NothingPublished:
    """No job here publishes."""

    def publish_as(self, *asked: object) -> str:
        """Nobody asks for it."""
        raise AssertionError(asked)


async def fired(receiver: Receiver, state: int) -> scheduler_v1.Job:
    """What a job tells a while after the time at which it was due."""
    world = World(None, Settings(), ("demo-project",))
    jobs, turns = Placed(world, JOBS), Turns(world.store.flush)
    firing = Firing(world, jobs, Sender(world, _nowhere), NothingPublished(), turns)
    message = JOBS.message(name=NAME, schedule="0 3 * * *", time_zone="UTC", state=state)
    message.http_target.uri = receiver.address
    message.http_target.http_method = int(scheduler_v1.HttpMethod.POST)
    message.attempt_deadline.seconds = 30
    message.schedule_time.CopyFrom(timestamp(int((time.time() - 1) * 1e6)))
    jobs.keep(message)
    firing.restore()
    # A paused job is not waited for at all; of the other one the first attempt is told.
    due = f"due {NAME}"
    while turns.going(due) and not jobs.get(NAME).HasField("last_attempt_time"):  # noqa: ASYNC110 - it tells nobody but the job
        await asyncio.sleep(0.01)
    await turns.stop_all()
    told: scheduler_v1.Job = scheduler_v1.Job.wrap(jobs.get(NAME))
    return told


def test_a_job_fires_when_it_is_due_and_waits_for_the_next_time(receiver: Receiver) -> None:
    """Also one whose time passed while nothing ran; it is told for when it was due."""
    job = asyncio.run(fired(receiver, ENABLED))
    [got] = receiver.requests
    due = time.strptime(got.headers["x-cloudscheduler-scheduletime"], "%Y-%m-%dT%H:%M:%SZ")
    assert abs(time.mktime(due) - time.timezone - time.time()) < 60
    assert (job.status.code, job.schedule_time.hour, job.schedule_time.minute) == (0, 3, 0)
    assert to_micros(scheduler_v1.Job.pb(job).schedule_time) > time.time() * 1e6


def test_a_paused_job_does_not_fire(receiver: Receiver) -> None:
    """Nothing is sent, nothing told."""
    job = asyncio.run(fired(receiver, PAUSED))
    assert (receiver.requests, bool(job.last_attempt_time)) == ([], False)
