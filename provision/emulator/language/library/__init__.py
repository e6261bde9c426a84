"""The standard library: a module a module of it, and all of them by name.

Source: https://cloud.google.com/workflows/docs/reference/stdlib/overview.
"""

from typing import Final

from provision.emulator.language.library import (
    collections,
    conversions,
    digests,
    encodings,
    numbers,
    policies,
    system,
    texts,
    times,
    web,
)
from provision.emulator.language.library.signature import Entry
from provision.emulator.language.values import Value

FUNCTIONS: Final[dict[str, Entry]] = {
    **collections.FUNCTIONS,
    **conversions.FUNCTIONS,
    **digests.FUNCTIONS,
    **encodings.FUNCTIONS,
    **numbers.FUNCTIONS,
    **policies.FUNCTIONS,
    **system.FUNCTIONS,
    **texts.FUNCTIONS,
    **times.FUNCTIONS,
    **web.FUNCTIONS,
}
"""Every function, by its full name."""
CONSTANTS: Final[dict[str, Value]] = policies.CONSTANTS
"""Values with a name: retry policies and their parts."""
MODULES: Final = frozenset(
    name.partition(".")[0] for name in (*FUNCTIONS, *CONSTANTS) if "." in name
)
"""The names before the dot."""
REFUSED: Final = {
    "events.await_callback": "callbacks",
    "events.create_callback_endpoint": "callbacks",
    "experimental.executions.map": "child executions",
    "experimental.executions.run": "child executions",
    "gke.create_job": "clusters",
    "gke.request": "clusters",
}
"""Functions of Google's that this emulator does not have, and what they are for."""
