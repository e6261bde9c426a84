"""CPU and memory: what may be asked for, and what goes together.

https://cloud.google.com/run/docs/configuring/services/cpu and …/memory-limits
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud import run_v2

from provision.emulator.services.run.violations import Problem

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "k": 10**3, "M": 10**6, "G": 10**9, "": 1}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[KMG]i|[kMG]?)")
_KEYS = {"cpu", "memory", "nvidia.com/gpu"}
_WHOLE_CPUS = (1.0, 2.0, 4.0, 6.0, 8.0)
_LEAST_CPU = 0.08
_MI, _GI = 2**20, 2**30
_GEN2 = int(run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2)
_GEN2_LEAST = 512 * _MI
# From how many CPUs on: the least and the most memory (documented).
_BANDS = (
    (8.0, 4 * _GI, 32 * _GI),
    (6.0, 4 * _GI, 24 * _GI),
    (4.0, 2 * _GI, 16 * _GI),
    (2.0, 128 * _MI, 8 * _GI),
    (1.0, 128 * _MI, 4 * _GI),
    (0.5, 128 * _MI, 1 * _GI),
    (0.0, 128 * _MI, 512 * _MI),
)


def quantity(text: str) -> float | None:
    """A Kubernetes quantity as a number; None when it is none.

    ``1000m`` is 1.0, ``512Mi`` is 536870912.
    """
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number = float(found.group(1))
    return number / 1000 if found.group(2) == "m" else number * _UNITS[found.group(2)]


@dataclass(frozen=True)
class Setting:
    """What the limits of a template's containers depend on.

    Args:
        path: of the containers, as in ``template.containers``.
        environment: the execution environment's number.
        concurrency: requests at once; 1 for a job.
        idle: whether CPU is only given during requests.
    """

    path: str
    environment: int
    concurrency: int
    idle: bool


def limit_problems(containers: Sequence[Any], setting: Setting) -> Iterator[Problem]:
    """What is wrong with the limits of containers that run side by side; defaults are filled in."""
    for index, container in enumerate(containers):
        path = f"{setting.path}[{index}].resources.limits"
        yield from _own_problems(container.resources.limits, path)
    cpus = [quantity(one.resources.limits["cpu"]) for one in containers]
    memories = [quantity(one.resources.limits["memory"]) for one in containers]
    if None not in cpus and None not in memories:
        alone = len(containers) == 1
        where = f"{setting.path}[0].resources.limits" if alone else setting.path
        cpu, memory = sum(one or 0.0 for one in cpus), sum(one or 0.0 for one in memories)
        yield from _cpu_problems(cpu, f"{setting.path}.resources.limits.cpu", setting)
        yield from _memory_problems(cpu, memory, f"{where}.memory" if alone else where, setting)


def _own_problems(limits: Any, path: str) -> Iterator[Problem]:  # noqa: ANN401 - a map
    for key in sorted(set(limits) - _KEYS):
        yield Problem(
            path, f"'{key}' is not supported; only memory, cpu and nvidia.com/gpu are.", bare=True
        )
    cpu, memory = quantity(limits["cpu"]), quantity(limits["memory"])
    if cpu is None or not (_LEAST_CPU <= cpu < 1 or cpu in _WHOLE_CPUS):
        yield Problem(
            f"{path}.cpu",
            f"Invalid value specified for cpu. '{limits['cpu']}' is not one of 1, 2, 4, 6 and 8, "
            "or between 0.08 and 1.",
            bare=True,
        )
    if memory is None or limits["memory"].endswith("m"):
        yield Problem(
            f"{path}.memory",
            f"Invalid value specified for memory. '{limits['memory']}' is not a quantity.",
            bare=True,
        )


def _cpu_problems(cpu: float, path: str, setting: Setting) -> Iterator[Problem]:
    if cpu >= 1:
        return
    text = "Invalid value specified for cpu. Total cpu < 1 is not supported with "
    if setting.concurrency > 1:
        yield Problem(path, f"{text}concurrency > 1.", bare=True)
    if setting.environment == _GEN2:
        yield Problem(path, f"{text}gen2 execution environment.", bare=True)
    if not setting.idle:
        yield Problem(path, f"{text}cpu always allocated (unthrottled).", bare=True)


def _memory_problems(cpu: float, memory: float, path: str, setting: Setting) -> Iterator[Problem]:
    least, most = next((least, most) for since, least, most in _BANDS if cpu >= since)
    text = "Invalid value specified for memory"
    if not least <= memory <= most:
        yield Problem(
            path,
            f"{text}. For {cpu} CPU, memory must be between {_shown(least)} and {_shown(most)} "
            "inclusive.",
            bare=True,
        )
    if setting.environment == _GEN2 and memory < _GEN2_LEAST:
        always = "" if setting.idle else " with cpu always allocated (unthrottled)"
        yield Problem(
            path,
            f"{text}. Total memory < 512 Mi is not supported with gen2 execution environment"
            f"{always}.",
            bare=True,
        )


def _shown(size: float) -> str:
    return f"{int(size // _GI)}Gi" if size % _GI == 0 else f"{int(size // _MI)}Mi"
