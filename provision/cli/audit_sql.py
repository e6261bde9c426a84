"""`provision audit sql`: the findings that need no graph, as SQL over an export in BigQuery."""

from typing import Annotated

import typer

from provision.cli.console import results


def sql(
    dataset: Annotated[
        str, typer.Argument(metavar="PROJECT.DATASET", help="That `--bigquery` exported to.")
    ],
) -> None:
    """Print findings as SQL, over what `snapshot --bigquery` exported.

    For organizations past what one machine reads. What needs a graph is not in it: groups,
    impersonation, deny policies, boundaries.
    """
    from provision.audit.sql import statement
    from provision.clients.reading.export import Tables

    tables = Tables.parse(dataset)
    text = statement(tables.name("resources"), tables.name("policies"))
    results.print(text, end="", markup=False)
