"""What is kept of a function beside the message that callers see."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from google.cloud import functions_v1, functions_v2

from provision.emulator.function_seams import FunctionHost, FunctionKey
from provision.emulator.packing import packed, unpacked
from provision.emulator.seams import ServiceKey
from provision.emulator.store import Store, Table

FirstMessage = functions_v1.CloudFunction.pb()
SecondMessage = functions_v2.Function.pb()
Environment = functions_v2.Environment


@dataclass
class FunctionRecord:
    """A function of either generation.

    Args:
        message: as the API of its generation shows it.
        first: whether it is of the first generation.
        source: bucket and object of the source that was asked for last.
        image: what was built last, ``REGION-docker.pkg.dev/…@sha256:…``.
        version: how many times it was deployed.
        serving: the version of a first-generation function that answers; 0 for none.
        operation: name of the operation that is going on; empty for none.
        failure: why the last deployment failed; empty when it did not.
        before: what it was before the update in progress.
    """

    message: Any
    first: bool
    source: tuple[str, str] = ("", "")
    image: str = ""
    version: int = 0
    serving: int = 0
    operation: str = ""
    failure: str = ""
    before: "FunctionRecord | None" = None

    @property
    def name(self) -> str:
        """The full resource name."""
        return str(self.message.name)

    @property
    def host(self) -> FunctionHost:
        """Where it answers."""
        _, project, _, region, *_ = self.name.split("/")
        return FunctionHost(project, region)

    @property
    def id(self) -> str:
        """Its short name."""
        return self.name.rpartition("/")[2]

    @property
    def key(self) -> ServiceKey:
        """What is run for it: itself, or its Cloud Run service."""
        kind = FunctionKey if self.first else ServiceKey
        return kind(self.host.project, self.host.region, self.id)

    @property
    def answering(self) -> "FunctionRecord":
        """As what answers was made: before the update in progress, if there is one."""
        return self.before or self

    def copy(self) -> "FunctionRecord":
        """A copy, with a message of its own, for what is to become of it."""
        message = type(self.message)()
        message.CopyFrom(self.message)
        return replace(self, message=message, before=None)


class FunctionState:
    """Every function, by its full name.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self.functions: Table[FunctionRecord] = store.table("functions", _encode, _decode)
        self.ports: Table[int] = store.table("function-ports")

    def keep(self, record: FunctionRecord) -> None:
        """Keep what became of a function."""
        self.functions.put(record.name, record)

    def beneath(self, parent: str) -> Iterator[FunctionRecord]:
        """The functions of ``projects/P/locations/L``, or of all locations with ``-``."""
        if parent.endswith("/locations/-"):
            prefix = parent.removesuffix("-")
            names = [name for name in self.functions if name.startswith(prefix)]
        else:
            names = list(self.functions.below(f"{parent}/functions"))
        for name in names:
            found = self.functions.get(name)
            if found is not None:
                yield found


def _encode(record: FunctionRecord) -> Any:  # noqa: ANN401 - JSON
    before = _encode(record.before) if record.before is not None else None
    return {**vars(record), "message": packed(record.message), "before": before}


def _decode(value: Any) -> FunctionRecord:  # noqa: ANN401 - JSON
    kind = FirstMessage if value["first"] else SecondMessage
    message = unpacked(value.pop("message"), kind())
    source = tuple(value.pop("source"))
    before = value.pop("before")
    return FunctionRecord(
        message,
        source=(source[0], source[1]),
        before=_decode(before) if before is not None else None,
        **value,
    )
