"""The runtimes that functions may ask for: those of Python, all run on one base image."""

from typing import Any

from google.cloud import functions_v2

from provision.emulator.services.functions.filters import matching

_GA = functions_v2.ListRuntimesResponse.RuntimeStage.GA
_MINORS = (10, 11, 12, 13)
_FILTERS = {
    "name": lambda one: one.name,
    "environment": lambda one: functions_v2.Environment(one.environment).name,
}


def runtimes(filtering: str) -> list[Any]:
    """What there is, in both generations. Raises `ApiError` for a filter that is none."""
    made = [
        functions_v2.ListRuntimesResponse.Runtime.pb()(
            name=f"python3{minor}",
            display_name=f"Python 3.{minor}",
            stage=_GA,
            environment=environment,
        )
        for minor in _MINORS
        for environment in (functions_v2.Environment.GEN_1, functions_v2.Environment.GEN_2)
    ]
    return list(matching(made, filtering, _FILTERS))
