"""``try``, ``retry`` and ``except``.

Source: https://cloud.google.com/workflows/docs/reference/syntax/retrying and …/catching-errors.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.emulator.language.faults import Raised, type_fault, value_fault
from provision.emulator.language.flow import Flow
from provision.emulator.language.operators import truth
from provision.emulator.language.program import Handler, Retry, Step, Try
from provision.emulator.language.values import Function, Value, is_number, spoken_type

if TYPE_CHECKING:
    from provision.emulator.language.machine import Machine, Stack

_ENDLESS = float("inf")
_LONGEST_DELAY = 31_536_000.0


@dataclass(frozen=True)
class _Policy:
    """A retry policy, worked out.

    Args:
        predicate: a function of the error; None is every error.
        attempts: how many more than the first.
        delay: seconds before the second attempt.
        longest: seconds, at most.
        multiplier: what each delay is of the one before.
    """

    predicate: Value
    attempts: float
    delay: float
    longest: float
    multiplier: float

    def pause(self, attempt: int) -> float:
        """Seconds before an attempt, counted from 1."""
        try:
            return min(self.delay * self.multiplier ** (attempt - 1), self.longest)
        except OverflowError:
            return self.longest


async def run(machine: "Machine", step: Step, action: Try, stack: "Stack") -> Flow:
    """The steps, again where the policy says so; then what answers their error."""
    try:
        return await _attempts(machine, step, action, stack)
    except Raised as raised:
        if action.handler is None or raised.final:
            raise
        return await _handled(machine, step, action.handler, stack, raised)


async def _handled(
    machine: "Machine", step: Step, handler: Handler, stack: "Stack", raised: Raised
) -> Flow:
    entry = machine.begin(stack, step.name, "STEP_EXCEPT")
    scope = stack.scope.inner()
    try:
        scope.declare(handler.caught, raised.value)
        flow = await machine.block(handler.steps, stack.within(scope, entry.number))
    except Raised as again:
        machine.end(entry, again)
        raise
    finally:
        scope.close()
    machine.end(entry, None)
    return flow


async def _attempts(machine: "Machine", step: Step, action: Try, stack: "Stack") -> Flow:
    made = 0
    while True:
        kind = "STEP_RETRY" if made else "STEP_TRY"
        entry = machine.begin(stack, step.name, kind, made)
        try:
            flow = await machine.step(action.body, stack.at(entry.number))
        except Raised as raised:
            machine.end(entry, raised)
            made += 1
            if action.retry is None or raised.final:
                raise
            await _wait(machine, action.retry, stack, raised, made)
            continue
        machine.end(entry, None)
        return flow


async def _wait(
    machine: "Machine", retry: Retry, stack: "Stack", raised: Raised, made: int
) -> None:
    """Let the time until the next attempt pass. Raises the error where there is none."""
    policy = await _policy(machine, retry, stack)
    if made > policy.attempts:
        raise raised
    if policy.predicate is not None:
        answer = await machine.apply(policy.predicate, [raised.value], stack)
        if not truth(answer, "predicate"):
            raise raised
    await machine.surroundings.sleep(policy.pause(made))


async def _policy(machine: "Machine", retry: Retry, stack: "Stack") -> _Policy:
    if retry.policy is not None:
        given = await machine.value(retry.policy, stack)
        if not isinstance(given, dict):
            raise type_fault(f"a retry policy must be a map; got: {spoken_type(given)}")
    else:
        parts = {
            "predicate": retry.predicate,
            "max_retries": retry.attempts,
            "backoff": retry.backoff,
        }
        given = {
            name: await machine.value(one, stack) for name, one in parts.items() if one is not None
        }
    return _read(given)


def _read(given: dict[str, Value]) -> _Policy:
    backoff = given.get("backoff") or {}
    if not isinstance(backoff, dict):
        raise type_fault(f"backoff must be a map; got: {spoken_type(backoff)}")
    predicate = given.get("predicate")
    if predicate is not None and not isinstance(predicate, Function):
        raise type_fault(f"a predicate must be a function; got: {spoken_type(predicate)}")
    return _Policy(
        predicate,
        _number(given, "max_retries", _ENDLESS),
        _number(backoff, "initial_delay", 1.0),
        _number(backoff, "max_delay", 60.0),
        _number(backoff, "multiplier", 1.25),
    )


def _number(of: dict[str, Value], name: str, default: float) -> float:
    """A number that is not negative; a text of one will do. Raises `Raised`."""
    value = of.get(name)
    if value is None:
        return default
    number = _written(value) if isinstance(value, str) else value
    if not is_number(number) or not 0 <= number <= _LONGEST_DELAY:
        raise value_fault(f"{name} must be a number from 0 on")
    return float(number)


def _written(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
