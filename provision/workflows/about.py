"""What is known of what a workflow calls, and of the account that it calls as. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

COMPUTE = "-compute@developer.gserviceaccount.com"
"""How the e-mail of the account ends that Workflows uses where none is named.

https://cloud.google.com/workflows/docs/authentication
"""


class May(Enum):
    """Whether an account may do something."""

    YES = auto()
    NO = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Access:
    """Whether the workflow's account may do one thing.

    Args:
        may: whether it may.
        why: what stands in the way of knowing; empty where it is known.
    """

    may: May
    why: str = ""


NOT_ASKED = Access(May.UNKNOWN)


@dataclass(frozen=True)
class Callee:
    """A service or function that is there.

    Args:
        name: as ``service orders``.
        argument: as a command line names it, ``service/orders``.
        project: its project's id.
        roots: its root URLs, the one that is displayed first.
        audiences: custom audiences that it accepts beside them.
        is_internal: its ingress lets only callers from inside reach it.
        is_balanced: its ingress lets load balancers in as well.
        is_off: its default address is off.
        is_open: anybody may call it, with or without a token.
        role: what an invoker is given.
        access: whether the workflow's account may call it.
    """

    name: str
    argument: str
    project: str
    roots: tuple[str, ...]
    audiences: tuple[str, ...] = ()
    is_internal: bool = False
    is_balanced: bool = False
    is_off: bool = False
    is_open: bool = False
    role: str = "roles/run.invoker"
    access: Access = NOT_ASKED

    def serves(self, url: str, root: str) -> bool:
        """Whether a URL, of that root, is one of its own addresses, a traffic tag's included."""
        return root in self.roots or any(
            url == one or url.startswith((f"{one}/", f"{one}?")) for one in self.roots
        )


@dataclass(frozen=True)
class Job:
    """A job that is there.

    Args:
        name: as ``job nightly``.
        argument: as a command line names it, ``job/nightly``.
        run: whether the workflow's account may execute it.
        overridden: whether it may with overrides.
        watched: whether it may look at executions.
    """

    name: str
    argument: str
    run: Access = NOT_ASKED
    overridden: Access = NOT_ASKED
    watched: Access = NOT_ASKED


@dataclass(frozen=True)
class Unread:
    """Something that could not be looked up; the reason in words."""

    why: str


@dataclass(frozen=True)
class About:
    """What a source is judged by.

    Args:
        project: the project that the workflow runs in; empty where it is not known.
        account: the e-mail of its account; empty where it is not known.
        at: what answers at a URL, by how the URL of a call begins; None for nothing. What is not
            in it was not looked for.
        jobs: the jobs, by project, region and name; None for one that is not there.
    """

    project: str = ""
    account: str = ""
    at: Mapping[str, Callee | Unread | None] = field(default_factory=dict)
    jobs: Mapping[tuple[str, str, str], Job | Unread | None] = field(default_factory=dict)

    @property
    def member(self) -> str:
        """The account as policies write it."""
        return f"serviceAccount:{self.account}"

    @property
    def who(self) -> str:
        """The account, for a sentence."""
        return self.account or "the workflow's account"
