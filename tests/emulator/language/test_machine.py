"""What a watch is told, what runs at once, and what ends it."""

import asyncio
import json

import pytest

from provision.emulator.language import Raised, Value, compile_source, execute
from tests.emulator.language.world import CONNECTORS, Notes, World, answer

WALK = """
main:
  steps:
    - init:
        assign: [{n: 0}]
    - loop:
        for:
          value: v
          in: [1, 2]
          steps:
            - call_it:
                call: add
                args: {a: "${n}", b: "${v}"}
                result: n
    - choose:
        switch:
          - condition: ${n == 99}
            next: end
          - condition: true
            steps:
              - inside: {assign: [{n: 5}]}
    - done: {return: "${n}"}
add:
  params: [a, b]
  steps:
    - sum: {return: "${a + b}"}
"""
BRANCHES = """
main:
  steps:
    - both:
        parallel:
          branches:
            - left:
                steps:
                  - l: {call: sys.sleep, args: {seconds: 1}}
            - right:
                steps:
                  - r: {call: sys.now}
"""
RETRY = """
main:
  steps:
    - tried:
        try: {call: http.get, args: {url: "https://example.com/"}}
        retry: ${http.default_retry}
        except:
          as: e
          steps:
            - kept: {return: "${e.code}"}
"""


def _watched(source: str, world: World | None = None) -> Notes:
    """What a watch was told of a run."""
    notes = Notes()
    program = compile_source(source, CONNECTORS)
    asyncio.run(execute(program, None, world or World(), notes))
    return notes


def _shown(notes: Notes) -> list[str]:
    """Each entry in a line: its number, the one around it, and what it is."""
    return [
        f"{one.number}<{one.parent} {one.routine}.{one.step} {one.kind.removeprefix('STEP_')}"
        + (f" {one.progress}" if one.progress else "")
        + (f" @{one.thread}" if one.thread else "")
        for one in notes.started
    ]


def test_a_watch_is_told_of_each_step_and_what_is_around_it() -> None:
    """Turns, subworkflows and conditions are entries as well."""
    notes = _watched(WALK)
    assert _shown(notes) == [
        "1<0 main.init ASSIGN",
        "2<0 main.loop FOR",
        "3<2 main.loop FOR_ITERATION 1",
        "4<3 main.call_it SUBWORKFLOW_CALL",
        "5<4 add.sum RETURN",
        "6<2 main.loop FOR_ITERATION 2",
        "7<6 main.call_it SUBWORKFLOW_CALL",
        "8<7 add.sum RETURN",
        "9<0 main.choose SWITCH",
        "10<9 main.choose CONDITION 2",
        "11<10 main.inside ASSIGN",
        "12<0 main.done RETURN",
    ]
    assert sorted(notes.ended) == [(number, False) for number in range(1, 13)]
    assert notes.ended[:3] == [(1, False), (5, False), (4, False)]


def test_steps_of_branches_are_told_with_their_branch() -> None:
    """Both run before either is done."""
    notes = _watched(BRANCHES)
    assert _shown(notes) == [
        "1<0 main.both PARALLEL_BRANCH",
        "2<1 main.left PARALLEL_BRANCH_ENTRY 1 @left",
        "3<2 main.l STD_LIB_CALL @left",
        "4<1 main.right PARALLEL_BRANCH_ENTRY 2 @right",
        "5<4 main.r STD_LIB_CALL @right",
    ]
    assert [number for number, _ in notes.ended] == [5, 4, 3, 2, 1]


def test_attempts_are_told_one_by_one() -> None:
    """The first, those after it, and what answers the last error."""
    notes = _watched(RETRY, World([answer({"status": 503}), answer({"status": 404})]))
    assert _shown(notes) == [
        "1<0 main.tried TRY_RETRY_EXCEPT",
        "2<1 main.tried TRY",
        "3<2 main.tried STD_LIB_CALL",
        "4<1 main.tried RETRY 1",
        "5<4 main.tried STD_LIB_CALL",
        "6<1 main.tried EXCEPT",
        "7<6 main.kept RETURN",
    ]
    assert [one for one in notes.ended if one[1]] == [(3, True), (2, True), (5, True), (4, True)]


class _Endless(World):
    """A world in which nobody wakes up.

    Args:
        asleep: set when somebody sleeps.
    """

    def __init__(self, asleep: asyncio.Event) -> None:
        super().__init__()
        self.asleep = asleep

    async def sleep(self, seconds: float) -> None:
        """Never return."""
        self.sleeps.append(seconds)
        self.asleep.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("source", [BRANCHES, "- a: {call: sys.sleep, args: {seconds: 5}}"])
def test_an_execution_is_cancelled_where_it_stands(source: str) -> None:
    """Branches and all; the watch is told of no end."""
    notes = Notes()

    async def cancelled() -> None:
        world = _Endless(asyncio.Event())
        task = asyncio.create_task(execute(compile_source(source), None, world, notes))
        await world.asleep.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(cancelled())
    assert 1 not in {number for number, _ in notes.ended}


class _Crowded(World):
    """A world that counts who sleeps at the same time."""

    most = 0
    asleep = 0

    async def sleep(self, seconds: float) -> None:
        """Let everybody else fall asleep first."""
        self.asleep += 1
        self.most = max(self.most, self.asleep)
        for _ in range(200):
            await asyncio.sleep(0)
        self.asleep -= 1
        self.sleeps.append(seconds)


@pytest.mark.parametrize(("limit", "most"), [("3", 3), ("100", 20), (None, 20)])
def test_no_more_branches_run_at_once_than_are_allowed(limit: str | None, most: int) -> None:
    """The limit of the step, or twenty."""
    allowed = f"concurrency_limit: {limit}" if limit else "shared: []"
    source = f"""
- loop:
    parallel:
      {allowed}
      for:
        value: v
        range: [1, 40]
        steps:
          - wait: {{call: sys.sleep, args: {{seconds: 1}}}}
"""
    world = _Crowded()
    _watched(source, world)
    assert world.most == most
    assert len(world.sleeps) == 40


def test_a_long_loop_leaves_others_their_turn() -> None:
    """Another task goes on while a workflow calculates."""
    source = """
- loop:
    for:
      value: v
      range: [1, 2000]
      steps:
        - nothing: {assign: [{a: 1}]}
"""

    async def both() -> int:
        turns = 0
        task = asyncio.create_task(execute(compile_source(source), None, World(), Notes()))
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        await task
        return turns

    assert asyncio.run(both()) > 20


def test_an_error_of_the_emulator_is_no_error_of_the_workflow() -> None:
    """It goes through except, as it must not be hidden."""
    source = """
- tried:
    try: {call: http.get, args: {url: "https://example.com/"}}
    except: {as: e, steps: [{kept: {return: caught}}]}
"""
    with pytest.raises(IndexError):
        _watched(source, World())


def test_context_and_payload_read_as_google_writes_them() -> None:
    """As seen in executions that failed."""
    source = """main:
  steps:
    - invoke:
        call: http.get
        args: {url: "https://web-abc-uc.a.run.app/"}
"""
    world = World([answer({"status": 503, "body": "down"})])
    with pytest.raises(Raised) as caught:
        _watched(source, world)
    assert caught.value.context == (
        'HTTP server responded with error code 503\nin step "invoke", routine "main", line: 4'
    )
    assert caught.value.trace is not None
    place = caught.value.trace[0]
    assert (place.line, place.column, place.length) == (4, 9, 4)
    payload = json.loads(caught.value.payload)
    assert payload["body"] == "down"
    with pytest.raises(Raised) as caught:
        _watched("main:\n  steps:\n    - no:\n        raise: branch error\n")
    assert caught.value.context == (
        'RuntimeError: "branch error"\nin step "no", routine "main", line: 4'
    )


@pytest.mark.parametrize(
    "source",
    [
        "- a: {try: {next: a}, except: {as: e, steps: [{b: {next: a}}]}}",
        "- a: {try: {steps: [{b: {next: b}}]}, retry: {predicate: '${retry.always}'}}",
        "- a: {parallel: {for: {value: v, range: [1, 1000000000000], steps: [{b: {next: end}}]}}}",
        "- a: {for: {value: v, range: [1, 1000000000000], steps: [{b: {next: continue}}]}}",
    ],
)
def test_the_last_step_is_the_end_of_everything(source: str) -> None:
    """No except, retry or branch goes on behind it."""
    running = execute(compile_source(source), None, World(), Notes(), most_steps=500)
    with pytest.raises(Raised) as caught:
        asyncio.run(running)
    assert caught.value.summary == "ResourceLimitError: more than 500 steps were executed"


def test_an_execution_has_100000_steps() -> None:
    """And not one more."""
    with pytest.raises(Raised) as caught:
        _watched("- a: {next: b}\n- b: {next: a}")
    assert caught.value.summary == "ResourceLimitError: more than 100,000 steps were executed"


def test_an_error_of_the_emulator_ends_all_branches() -> None:
    """It is told, and nobody goes on."""
    source = BRANCHES.replace("sys.now", "http.get, args: {url: 'https://example.com/'}")
    with pytest.raises(ExceptionGroup) as caught:
        _watched(source, World())
    assert caught.group_contains(IndexError)


def _doubled(times: int) -> str:
    """A source whose variable is a list of itself, twice, again and again."""
    steps: list[object] = [{"init": {"assign": [{"x": [1]}]}}]
    steps.extend({f"s{n}": {"assign": [{"x": "${[x, x]}"}]}} for n in range(times))
    return json.dumps(steps)


@pytest.mark.parametrize(
    "source",
    [
        _doubled(20),
        "- a: {assign: [{x: 1}]}\n- b: {assign: [{x: '${[x]}'}], next: b}",
        "- a: {assign: [{x: a}]}\n- b: {assign: [{x: '${x + x}'}], next: b}",
    ],
)
def test_what_grows_without_end_meets_a_limit(source: str) -> None:
    """In room, depth or length; long before the machine does."""
    with pytest.raises(Raised) as caught:
        _watched(source)
    value: Value = caught.value.value
    assert isinstance(value, dict)
    assert value["tags"] == ["ResourceLimitError"]
