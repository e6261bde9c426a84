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


def shares(record: ServiceRecord) -> dict[str, int]:
    """Full names of the revisions that take traffic or have a tag, with their percentages."""
    found: dict[str, int] = {}
    for target in record.message.traffic:
        name = revision_of(record, target)
        if name:
            found[name] = found.get(name, 0) + target.percent
    return found


def tagged(record: ServiceRecord) -> dict[str, str]:
    """Full names of revisions by their tags."""
    found = {one.tag: revision_of(record, one) for one in record.message.traffic if one.tag}
    return {tag: name for tag, name in found.items() if name}


def revision_of(record: ServiceRecord, target: Any) -> str:  # noqa: ANN401 - TrafficTarget
    """Full name of a target's revision; empty while none is ready for LATEST."""
    if target.type_ == LATEST:
        return str(record.message.latest_ready_revision)
    return f"{record.message.name}/revisions/{target.revision}"
