"""The limits of a grant as options say them: an end, a path, or a condition of the user's own."""

from dataclasses import dataclass
from datetime import datetime

from provision.access.offering import Asked, parse_condition
from provision.conditions import for_, from_now, parse_path, until
from provision.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """The options as given; None where one was not.

    Args:
        length: ``--for``.
        end: ``--until``.
        path: ``--path``.
        condition: ``--condition``.
    """

    length: str | None
    end: str | None
    path: str | None
    condition: str | None

    @property
    def in_time(self) -> bool:
        """Whether there is an end, which depends on what time it is."""
        return self.length is not None or self.end is not None

    def check(self) -> None:
        """Refuse, before anything is looked up, what can be used at no time.

        Raises:
            UsageError: an option cannot be read, or two of them contradict each other.
        """
        if self.length is not None and self.end is not None:
            raise UsageError("--for and --until both say when it ends.", hint="Give one of them.")
        if self.condition is not None and (self.in_time or self.path is not None):
            raise UsageError(
                "--condition is all of a condition; --for, --until and --path are parts of one.",
                hint="Write the end and the path into the expression.",
            )
        if self.length is not None:
            for_(self.length)
        if self.path is not None:
            parse_path(self.path)
        if self.condition is not None:
            parse_condition(self.condition)

    def asked(self, now: datetime) -> Asked:
        """What is asked for.

        Raises:
            UsageError: likewise, or the end is past.
        """
        end = from_now(self.length, now) if self.length is not None else None
        return Asked(
            until=until(self.end, now) if self.end is not None else end,
            path=self.path,
            condition=parse_condition(self.condition) if self.condition is not None else None,
        )
