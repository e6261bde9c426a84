"""Calls in flight, under quotas, repeated with patience: the scheduler alone."""

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from google.api_core.exceptions import Forbidden, ServiceUnavailable, TooManyRequests
from google.rpc.error_details_pb2 import ErrorInfo

from provision.clients.clock import Clock
from provision.clients.reading.quotas import MINUTE, QUOTAS, Held, Window, held, window
from provision.clients.reading.refusals import is_disabled, told_limit
from provision.clients.reading.scheduler import LANES, Patience, Scheduler
from provision.clients.reading.steps import Outcome, Step

QUICK = Patience(attempts=4, first=0.001, longest=0.002)


class HeldUpError(Exception):
    """A quota holds the steps up."""


class Watched:
    """Steps and what became of them."""

    def __init__(
        self,
        run: Callable[[Step], Outcome],
        then: Callable[[Step], Iterable[Step]] = lambda _: (),
    ) -> None:
        self.accepted: list[Step] = []
        self.refused: list[tuple[Step, Exception]] = []
        self.told: list[tuple[int, int]] = []
        self.held: list[Held] = []
        self._then = then
        self.scheduler = Scheduler(
            run,
            lambda step: step.kind,
            self._accept,
            self._refuse,
            lambda done, known, _: self.told.append((done, known)),
            Clock(),
            QUICK,
            self._hold,
        )

    def drain(self, steps: Iterable[Step]) -> None:
        """Make them all."""
        self.scheduler.add(steps)
        self.scheduler.drain()

    def _hold(self, held: Held | None) -> None:
        """No test waits for a quota: the first that holds the steps up ends it."""
        if held is not None:
            self.held.append(held)
            raise HeldUpError

    def _accept(self, step: Step, _: Outcome) -> Iterable[Step]:
        self.accepted.append(step)
        return self._then(step)

    def _refuse(self, step: Step, error: Exception, /) -> Iterable[Step]:
        self.refused.append((step, error))
        return ()


def steps(count: int, kind: str = "iam") -> list[Step]:
    """So many steps."""
    return [Step(kind, str(number)) for number in range(count)]


def test_as_many_calls_are_in_flight_as_there_are_lanes_and_never_more() -> None:
    """The first ones wait for each other until all lanes are taken."""
    full = threading.Barrier(LANES, timeout=30)
    flying, most, lock = 0, 0, threading.Lock()

    def run(_: Step) -> Outcome:
        nonlocal flying, most
        with lock:
            flying += 1
            most = max(most, flying)
        full.wait()
        with lock:
            flying -= 1
        return Outcome()

    watched = Watched(run)
    watched.drain(steps(4 * LANES))
    assert (most, len(watched.accepted)) == (LANES, 4 * LANES)


def test_what_follows_from_an_answer_is_made_too_and_counted() -> None:
    """Down to the last; what is known grows, what is done reaches it."""

    def then(step: Step) -> Iterable[Step]:
        depth = step.of.count("/")
        return [Step("iam", f"{step.of}/{number}") for number in range(3)] if depth < 3 else ()

    watched = Watched(lambda _: Outcome(), then)
    watched.drain([Step("iam", "top")])
    assert len(watched.accepted) == 1 + 3 + 9 + 27
    assert watched.told[-1] == (40, 40)
    assert all(done <= known for done, known in watched.told)


def test_a_call_is_repeated_while_it_may_pass_and_no_more_often_than_patience() -> None:
    """Others are refused at once."""
    asked: Counter[str] = Counter()
    errors = {"0": ServiceUnavailable("down"), "1": Forbidden("no"), "2": TooManyRequests("much")}

    def run(step: Step) -> Outcome:
        asked[step.of] += 1
        if step.of == "2" and asked[step.of] == 3:
            return Outcome()
        raise errors[step.of]

    watched = Watched(run)
    watched.drain(steps(3))
    assert asked == {"0": 4, "1": 1, "2": 3}
    assert {step.of for step, _ in watched.refused} == {"0", "1"}
    assert [step.of for step in watched.accepted] == ["2"]


def limited(value: str, unit: str = "1/min/{project}", name: str = "") -> TooManyRequests:
    """What Google's limiter answers."""
    told = {"quota_limit_value": value, "quota_unit": unit, "quota_limit": name}
    info = ErrorInfo(reason="RATE_LIMIT_EXCEEDED", domain="googleapis.com", metadata=told)
    return TooManyRequests("Quota exceeded", error_info=info)


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (limited("5"), 5),
        (limited("5", "1/d/{project}"), 0),
        (limited("1200", "", "ReadRequestsPerMinutePerProject"), 1200),
        (limited("1200", "", "ReadRequestsPerDayPerProject"), 0),
        (limited("many"), 0),
        (TooManyRequests("much"), 0),
    ],
)
def test_a_quota_is_learned_from_its_refusal(error: TooManyRequests, limit: int) -> None:
    """Of a minute; anything else tells nothing."""
    assert told_limit(error) == limit


def test_a_learned_quota_lets_no_more_through_in_a_minute() -> None:
    """Though more was allowed before."""
    limit = Window(300)
    for _ in range(5):
        limit.start(10.0)
    assert limit.wait(11.0) == 0
    limit.learn(5)
    assert limit.wait(11.0) == MINUTE - 1
    limit.learn(100)
    assert limit.wait(11.0) == MINUTE - 1


def test_too_much_at_once_is_no_reason_to_give_up_while_others_get_through() -> None:
    """Two calls of three are refused; all get their turn in the end."""
    lock = threading.Lock()
    asked = 0

    def run(_: Step) -> Outcome:
        nonlocal asked
        with lock:
            asked += 1
            turn = asked
        if turn % 3:
            raise TooManyRequests("much")
        return Outcome()

    watched = Watched(run)
    watched.drain(steps(20))
    assert len(watched.accepted) == 20
    assert asked >= 60


@pytest.mark.parametrize(
    ("consumer", "none_there"),
    [("projects/123", True), ("projects/acme-prod", True), ("projects/999", False), ("", False)],
)
def test_an_api_that_is_off_means_none_there_in_that_project_alone(
    consumer: str, *, none_there: bool
) -> None:
    """Off in the project that pays for the call, it tells nothing of the one that was asked."""
    metadata = {"consumer": consumer, "service": "run.googleapis.com"}
    info = ErrorInfo(reason="SERVICE_DISABLED", domain="googleapis.com", metadata=metadata)
    error = Forbidden("has not been used", error_info=info)
    assert is_disabled(error, ("projects/acme-prod", "projects/123")) is none_there
    assert not is_disabled(Forbidden("no"), ("projects/acme-prod", "projects/123"))


def test_a_fault_of_the_program_itself_is_not_swallowed() -> None:
    """Whoever judges a refusal raises it."""

    class Strict(Watched):
        def _refuse(self, _: Step, error: Exception, /) -> Iterable[Step]:
            raise error

    def run(_: Step) -> Outcome:
        raise KeyError("oh")

    with pytest.raises(KeyError, match="oh"):
        Strict(run).drain(steps(3))


def test_no_minute_holds_more_calls_than_its_limit() -> None:
    """A burst at once, then as the first ones are a minute old."""
    limit, now = Window(3), 100.0
    for _ in range(3):
        assert limit.wait(now) == 0
        limit.start(now)
        now += 1
    assert limit.wait(now) == MINUTE - 3
    assert limit.wait(100.0 + MINUTE) == 0


def test_a_service_that_says_too_much_is_left_alone_as_long_as_it_asks() -> None:
    """However much of the limit is left."""
    limit = Window(100)
    limit.close(50.0)
    assert limit.wait(20.0) == 30.0
    limit.close(40.0)
    assert limit.wait(20.0) == 30.0
    assert limit.wait(50.0) == 0


def test_each_region_of_cloud_run_has_a_limit_of_its_own_below_the_quota() -> None:
    """Others live from the same quota."""
    assert window("run asia-east1").limit < 3000
    assert window("run asia-east1") is not window("run us-central1")


def test_the_quota_that_holds_the_rest_up_is_told() -> None:
    """Which, how many calls a minute it lets through, and how many wait."""

    def run(step: Step) -> Outcome:
        if int(step.of) >= 5:
            raise limited("5")
        return Outcome()

    watched = Watched(run)
    with pytest.raises(HeldUpError):
        watched.drain(steps(45, "iam-deny"))
    (told,) = watched.held
    assert (told.words, told.limit) == ("IAM deny policies", 5)
    assert told.seconds == told.waiting / 5 * MINUTE
    assert 0 < told.waiting <= 40


def test_nobody_is_told_of_a_quota_while_other_calls_can_be_made() -> None:
    """What waits for it costs no time then; nor of one that is waited for a moment only."""
    watched = Watched(lambda _: Outcome())
    watched.drain([*steps(200, "iam-deny"), *steps(200)])
    assert (len(watched.accepted), watched.held) == (400, [])


def test_refusals_that_name_no_limit_are_taken_for_the_usual_one_in_the_end() -> None:
    """Or the calls would be given up one after the other, since only five a minute get through."""
    asked: Counter[str] = Counter()

    def run(step: Step) -> Outcome:
        asked[step.of] += 1
        raise TooManyRequests("much")

    watched = Watched(run)
    watched.scheduler.patience = Patience(attempts=50, first=0.001, longest=0.002)
    with pytest.raises(HeldUpError):
        watched.drain(steps(10, "iam-deny"))
    assert watched.held[0].limit == QUOTAS["iam-deny"].usual == 5
    assert max(asked.values()) >= 4
    assert not watched.refused


def test_a_region_s_quota_is_told_with_its_place() -> None:
    """Since each has its own."""
    assert held("run asia-east1", 2400, 10).words == "Cloud Run in asia-east1"


def test_a_quota_without_a_page_is_called_an_estimate() -> None:
    """What was looked up has the page's address; the rest nobody can take for more than it is."""
    pages = {name: one.source for name, one in QUOTAS.items() if one.source}
    assert all(page.startswith("https://cloud.google.com/") for page in pages.values())
    assert {name for name, one in QUOTAS.items() if one.usual} <= set(pages)


def test_ctrl_c_loses_no_answer_whenever_it_comes() -> None:
    """Between two answers, too: whatever was run was kept, and then it ends."""
    ran: list[Step] = []

    def run(step: Step) -> Outcome:
        ran.append(step)
        return Outcome()

    def press(step: Step) -> Iterable[Step]:
        if step.of == "3":
            signal.raise_signal(signal.SIGINT)
        return [Step("iam", f"{step.of}.1")]

    watched = Watched(run, press)
    with pytest.raises(KeyboardInterrupt):
        watched.drain(steps(LANES))
    assert Counter(watched.accepted) == Counter(ran)
    assert Step("iam", "3") in ran
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
