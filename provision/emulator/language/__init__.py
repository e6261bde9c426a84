"""Google's Workflows language: sources are compiled, programs executed.

Knows nothing of the emulator: what a workflow does to the world it does by `Surroundings`.
Source: https://cloud.google.com/workflows/docs/reference/syntax. What is assumed, as the words of
most errors are, is said where it stands.
"""

from provision.emulator.language.compiler import compile_source
from provision.emulator.language.faults import Place, Raised, SourceError, fault
from provision.emulator.language.machine import execute
from provision.emulator.language.program import Program
from provision.emulator.language.surroundings import (
    Entry,
    HttpRequest,
    HttpResponse,
    OAuth2,
    Oidc,
    Surroundings,
    Watch,
    auth_failed,
    connection_broken,
    connection_failed,
    operation_failed,
    timed_out,
)
from provision.emulator.language.values import Value

__all__ = [
    "Entry",
    "HttpRequest",
    "HttpResponse",
    "OAuth2",
    "Oidc",
    "Place",
    "Program",
    "Raised",
    "SourceError",
    "Surroundings",
    "Value",
    "Watch",
    "auth_failed",
    "compile_source",
    "connection_broken",
    "connection_failed",
    "execute",
    "fault",
    "operation_failed",
    "timed_out",
]
