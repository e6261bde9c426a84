"""What can go wrong, in words a user can act on.

A message says what we were doing, to what, and what the service said; ``hint`` says what to do
next. The exit code sits on the class, so that a new error cannot be raised without one.
What is not a `ProvisionError` is a bug and keeps its traceback.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the `provision` command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DIFFERENCES = 3
    NOT_PROVEN = 4
    HTTP_ERROR = 22
    INTERRUPTED = 130


class ProvisionError(Exception):
    """Anything the user can be told in a sentence.

    Args:
        message: what we were doing, to what, and what was answered.
        hint: what to do next; empty when there is nothing to add.
    """

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ProvisionError):
    """The command line, the environment or the spec cannot be used as given."""

    exit_code = ExitCode.USAGE


class NotFoundError(ProvisionError):
    """The service said that the thing does not exist."""


class PermissionDeniedError(ProvisionError):
    """The identity we act as lacks a permission."""


class ConflictError(ProvisionError):
    """Somebody else changed the thing between our read and our write."""


class UnavailableError(ProvisionError):
    """A service, registry or engine could not be reached, or broke off."""


class EngineError(ProvisionError):
    """The Docker engine is missing, died or refused."""


class BuildError(ProvisionError):
    """The image could not be built, or is not one that Cloud Run can run."""


class PushError(ProvisionError):
    """The image did not reach the registry."""


class DeployError(ProvisionError):
    """Cloud Run accepted the service, but its revision did not become ready."""


class PlanOutdatedError(ProvisionError):
    """What was approved is not what would now be done."""


class DidNotConvergeError(ProvisionError):
    """A write was accepted, and yet a difference remains."""


class NotProvenError(ProvisionError):
    """A claim could not be looked at, or is not yet in effect."""

    exit_code = ExitCode.NOT_PROVEN


class InterruptedByUserError(ProvisionError):
    """Ctrl-C, with what had been done by then."""

    exit_code = ExitCode.INTERRUPTED
