"""An export of a scope's assets to BigQuery: for organisations past what one machine reads.

No BigQuery was there to try it on: the request, the operation and the rows were exercised with the
local cloud, which keeps the rows as BigQuery's tables would have them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.operations import wait_until_done
from provision.errors import UsageError

_DATASET = re.compile(
    r"(?P<project>(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9])[.:](?P<dataset>\w{1,1024})"
)
_CONTENTS = {"resources": "RESOURCE", "policies": "IAM_POLICY"}
_NEEDS = {
    "resources": "cloudasset.assets.exportResource",
    "policies": "cloudasset.assets.exportIamPolicy",
}
_LIMIT = 15 * 60.0
"""Seconds after which the service itself takes another export to the same table."""


@dataclass(frozen=True)
class Tables:
    """The two tables of an export.

    Args:
        project: that the dataset is in.
        dataset: its name.
    """

    project: str
    dataset: str

    @classmethod
    def parse(cls, text: str) -> "Tables":
        """The tables in a dataset written ``PROJECT.DATASET`` or ``PROJECT:DATASET``.

        Raises:
            UsageError: it is written otherwise.
        """
        found = _DATASET.fullmatch(text)
        if found is None:
            raise UsageError(
                f"{text!r} is no dataset of BigQuery.", hint="Write it as PROJECT.DATASET."
            )
        return cls(found["project"], found["dataset"])

    def name(self, table: str) -> str:
        """``PROJECT.DATASET.TABLE`` of ``resources`` or ``policies``, as SQL names it."""
        return f"{self.project}.{self.dataset}.audit_{table}"


def export(
    google: GoogleClients,
    scope: str,
    tables: Tables,
    progress: Callable[[str], None],
    clock: Clock | None = None,
) -> None:
    """Write all assets of a scope and their policies to two tables, in the place of earlier ones.

    Args:
        google: the clients to call with.
        scope: ``projects/ID``, ``folders/NUMBER`` or ``organizations/NUMBER``.
        tables: where to.
        progress: is told how far it got.
        clock: waits.

    Raises:
        ProvisionError: it was refused, or is still under way after 15 minutes.
    """
    started = {table: _started(google, scope, tables, table) for table in _CONTENTS}
    for table, operation in started.items():
        doing = f"Exporting {table} of {scope} to {tables.name(table)}"
        wait_until_done(operation, doing, _LIMIT, clock or Clock(), progress, partial(_said, doing))
        with calling(doing, member=google.caller.member):
            operation.result(timeout=TIMEOUT)


def _said(doing: str, _: object) -> str:
    return doing


def _started(google: GoogleClients, scope: str, tables: Tables, table: str) -> Any:  # noqa: ANN401 - Google's operation
    destination = {
        "dataset": f"projects/{tables.project}/datasets/{tables.dataset}",
        "table": f"audit_{table}",
        "force": True,
    }
    asked = {
        "parent": scope,
        "content_type": _CONTENTS[table],
        "output_config": {"bigquery_destination": destination},
    }
    doing = f"Exporting {table} of {scope} to {tables.name(table)}"
    needs = f"{_NEEDS[table]} on {scope}"
    with calling(doing, member=google.caller.member, needs=needs):
        return google.assets.export_assets(request=asked, retry=None, timeout=TIMEOUT)
