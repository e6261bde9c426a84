"""Numbers of enum values, which discovery documents do not tell; Google's client packages do."""

import enum
import functools
from collections.abc import Iterable, Iterator

import proto  # type: ignore[import-untyped] # ships no type information
from google.api import launch_stage_pb2
from google.cloud import (  # noqa: F401 - importing them registers their enums
    artifactregistry_v1,
    eventarc_v1,
    iam_admin_v1,
    pubsub_v1,
    resourcemanager_v3,
    run_v2,
    scheduler_v1,
    tasks_v2,
    workflows_v1,
)
from google.cloud.workflows import executions_v1  # noqa: F401 - likewise


def names_of(names: Iterable[str]) -> dict[int, str]:
    """Number to name of the enum that has these names; empty when there is none.

    Document and package may be of different days: the one may have names that the other lacks.
    """
    wanted = set(names)
    fitting = [
        each for each in _enums() if wanted <= set(each.values()) or wanted >= set(each.values())
    ]
    return max(fitting, key=lambda each: len(wanted & set(each.values())), default={})


@functools.cache
def _enums() -> tuple[dict[int, str], ...]:
    stages = {
        value.number: value.name
        for value in launch_stage_pb2.DESCRIPTOR.enum_types_by_name["LaunchStage"].values
    }
    return (stages, *({int(one): one.name for one in each} for each in _below(proto.Enum)))


def _below(kind: type[enum.Enum]) -> Iterator[type[enum.IntEnum]]:
    for each in kind.__subclasses__():
        yield each  # type: ignore[misc] # proto's enums are whole numbers
        yield from _below(each)
