"""Traffic: what may be asked for, and where it goes at this moment."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from provision.emulator.services.run.names import MAX_NAME, NAME
from provision.emulator.services.run.records import LATEST, NAMED, ServiceRecord
from provision.emulator.services.run.violations import Problem

_FULL = 100
_BETWEEN = "---"


def traffic_problems(service: Any) -> Iterator[Problem]:  # noqa: ANN401 - Service
    """What is wrong with a service's traffic targets by themselves."""
    if sum(target.percent for target in service.traffic) != _FULL:
        yield Problem("traffic", "the sum of the percentages must be 100.")
    tags = Counter(target.tag for target in service.traffic if target.tag)
    name = service.name.rpartition("/")[2]
    for index, target in enumerate(service.traffic):
        path = f"traffic[{index}]"
        if not 0 <= target.percent <= _FULL:
            yield Problem(f"{path}.percent", "must be between 0 and 100.")
        if target.type_ not in (LATEST, NAMED):
            yield Problem(f"{path}.type", "must be either LATEST or REVISION.")
        elif target.type_ == NAMED and not target.revision:
            yield Problem(f"{path}.revision", "must be set for a target of type REVISION.")
        elif target.type_ == LATEST and target.revision:
            yield Problem(f"{path}.revision", "must not be set for a target of type LATEST.")
        if tags[target.tag] > 1:
            yield Problem(f"{path}.tag", f"'{target.tag}' is given more than once.")
        elif target.tag and not NAME.fullmatch(target.tag):
            yield Problem(
                f"{path}.tag",
                "must use only lowercase letters, numbers and '-', begin with a letter and not end "
                "with a '-'.",
            )
        elif target.tag and len(f"{target.tag}{_BETWEEN}{name}") > MAX_NAME:
            yield Problem(f"{path}.tag", f"'{target.tag}{_BETWEEN}{name}' is too long for a host.")


Allotment = tuple[str, int, str]
"""Id of a revision, its share in percent, and its tag or nothing."""


def allotments(record: ServiceRecord) -> list[Allotment]:
    """Where traffic and tags are to go; a target without either is left out."""
    found = []
    for target in record.message.traffic:
        name = target.revision
        if target.type_ == LATEST:
            name = str(record.message.latest_ready_revision).rpartition("/")[2]
        if name and (target.percent or target.tag):
            found.append((name, int(target.percent), str(target.tag)))
    return found
