"""Findings as SQL for BigQuery: over what the export wrote, they are those of the evaluator.

BigQuery itself is not here: its dialect is read by sqlglot, and the statement run by DuckDB.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import duckdb
import pytest
import requests
import sqlglot
from google.cloud import run_v2

from provision.audit import Audit
from provision.audit.findings import BY_NAME, report
from provision.audit.sql import RULES, statement
from provision.clients.google import GoogleClients
from provision.clients.reading import read
from provision.clients.reading.export import Tables, export
from provision.errors import PermissionDeniedError, UsageError
from tests.conftest import Clients, RunningEmulator, StartEmulator
from tests.functional.audit import reading_world as world

_TABLES = Tables("demo-project", "audit")
_SCHEMA = {
    "resources": "name VARCHAR, asset_type VARCHAR, resource STRUCT(data VARCHAR), "
    "ancestors VARCHAR[]",
    "policies": "name VARCHAR, asset_type VARCHAR, iam_policy STRUCT(bindings STRUCT(role VARCHAR, "
    "members VARCHAR[], condition STRUCT(expression VARCHAR))[]), ancestors VARCHAR[]",
}
"""The columns that the statement reads (export-bigquery, "BigQuery schema")."""

_POOL = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci"
_ROOT = "//cloudresourcemanager.googleapis.com/"


@pytest.fixture(scope="module")
def cloud(start_emulator: StartEmulator) -> Iterator[RunningEmulator]:
    """An emulator with everything that the rules are about, for tests that only read."""
    started = start_emulator("--engine", "none", "--operation-delay", "0")
    clients = world.build(started)
    invoker, services = "roles/run.invoker", clients.services
    members = (
        "allUsers",
        "allAuthenticatedUsers",
        "domain:example.com",
        f"principalSet:{_POOL}/*",
        f"principalSet:{_ROOT}{world.ORG}/type/ServiceAccount",
        "deleted:user:gone@example.com?uid=123456789012345678901",
        "user:ann@example.com",
    )
    world.bind(services, world.HELLO.split("/", 3)[3], (invoker, members, ""))
    everybody = (invoker, ["allAuthenticatedUsers", "domain:example.com"], "")
    world.bind(services, world.ORDERS.split("/", 3)[3], everybody)
    for resource, role, member in (
        (world.FOLDER, invoker, "allUsers"),
        (world.PROJECT, "roles/editor", "user:eve@example.com"),
        (world.PROJECT, "roles/viewer", "domain:example.com"),
        (world.ORG, "roles/run.jobsExecutor", "domain:example.com"),
    ):
        started.admin("POST", "/grants", resource=resource, member=member, role=role)
    _open_service(clients)
    yield started
    started.stop()


def _open_service(clients: Clients) -> None:
    """A service that asks nobody, and runs as the default account."""
    name = world.ORDERS.split("/", 3)[3]
    image = clients.services.get_service(name=name).template.containers[0].image
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=image)])
    service = run_v2.Service(template=template, invoker_iam_disabled=True)
    parent = name.partition("/services/")[0]
    clients.services.create_service(parent=parent, service_id="open", service=service).result(
        timeout=30
    )


@pytest.fixture(scope="module")
def google(cloud: RunningEmulator) -> GoogleClients:
    """The product's clients, of the developer."""
    return world.google_of(cloud)


def provision(cloud: RunningEmulator, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `provision audit …` against the emulator."""
    return subprocess.run(
        [sys.executable, "-m", "provision", "audit", *arguments],
        env={**os.environ, "PROVISION_EMULATOR": cloud.http},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _found(cloud: RunningEmulator) -> list[tuple[str, ...]]:
    """What the statement finds in the exported tables."""
    database = duckdb.connect()
    database.execute("ATTACH ':memory:' AS \"demo-project\"")
    database.execute('CREATE SCHEMA "demo-project".audit')
    for table, columns in _SCHEMA.items():
        place = f"projects/demo-project/datasets/audit/tables/audit_{table}"
        url = f"{cloud.http}/_emulator/exports"
        rows = requests.get(url, params={"to": place}, timeout=30).text.splitlines()
        name = f'"demo-project".audit.audit_{table}'
        database.execute(f"CREATE TABLE {name} ({columns})")
        names = [column.split(" ")[0] for column in ("name", "asset_type", "ancestors")]
        filled = {"resources": "resource", "policies": "iam_policy"}[table]
        for line in rows:
            row = json.loads(line)
            values = [row.get(one) for one in (*names, filled)]
            database.execute(
                f"INSERT INTO {name} ({', '.join((*names, filled))}) VALUES (?, ?, ?, ?)",  # noqa: S608 - our own names
                values,
            )
    text = statement(_TABLES.name("resources"), _TABLES.name("policies"))
    (translated,) = sqlglot.transpile(text, read="bigquery", write="duckdb")
    return database.execute(translated).fetchall()


def _evaluated(google: GoogleClients) -> set[tuple[str, str, str]]:
    """What the evaluator finds by the same rules, with projects named by their numbers."""
    found = read(google, world.ORG, groups=False, inventory=True)
    numbers = {one.name: f"projects/{one.number}" for one in found.containers if one.number}

    def exported(resource: str) -> str:
        return resource if resource.startswith("//") else _ROOT + numbers.get(resource, resource)

    return {
        (one.rule, exported(resource), _principal(one.rule, one.principal))
        for one in report(Audit(found)).findings
        if one.rule in RULES
        for resource in (one.targets if one.rule == "default-runtime-account" else (one.resource,))
    }


def _principal(rule: str, principal: str) -> str:
    return principal.partition(":")[2] if rule == "default-runtime-account" else principal


def test_the_statement_finds_what_the_evaluator_finds(
    cloud: RunningEmulator, google: GoogleClients
) -> None:
    """By rule, resource and principal, for every rule that needs no graph."""
    said: list[str] = []
    export(google, world.ORG, _TABLES, said.append)
    rows = _found(cloud)
    assert {row[:1] + row[2:4] for row in rows} == _evaluated(google)
    assert {row[0] for row in rows} == set(RULES), "a rule that nothing here is about is untested"
    order = ("high", "medium", "low")
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), key=order.index)


def test_the_rules_of_the_statement_are_rules_of_the_catalogue() -> None:
    """A rule that is renamed is renamed in both."""
    text = statement("p.d.r", "p.d.p")
    assert set(RULES) <= set(BY_NAME)
    assert all(f"'{rule}'" in text for rule in RULES)
    assert "{{" not in text


def test_an_export_that_is_refused_says_what_it_takes(cloud: RunningEmulator) -> None:
    """The permission, on the scope."""
    nobody = world.google_of(cloud, "user:nobody@example.com")
    with pytest.raises(PermissionDeniedError, match="Exporting resources of organizations/") as no:
        export(nobody, world.ORG, _TABLES, lambda _: None)
    assert "cloudasset.assets.exportResource" in no.value.hint


@pytest.mark.parametrize("text", ["audit", "p.d", "demo-project.a-b", "demo-project.a`; DROP", ""])
def test_what_is_no_dataset_never_gets_into_the_statement(text: str) -> None:
    """Names are checked: the statement is put together from them."""
    with pytest.raises(UsageError, match="no dataset"):
        Tables.parse(text)


def test_the_commands_export_and_print_the_statement(cloud: RunningEmulator) -> None:
    """`snapshot --bigquery` says where it went and what to run; `sql` prints that statement."""
    run = partial(provision, cloud)
    done = run(
        "snapshot", "--bigquery", "demo-project.audit", "--scope", "organization/100000000001"
    )
    assert done.returncode == 0, done.stderr
    assert "provision audit sql demo-project.audit | bq query" in done.stdout
    assert run("sql", "demo-project.audit").stdout == statement(
        "demo-project.audit.audit_resources", "demo-project.audit.audit_policies"
    )


@pytest.mark.parametrize("given", [(), ("-o", "x.jsonl", "--bigquery", "demo-project.audit")])
def test_a_snapshot_goes_to_one_place(cloud: RunningEmulator, given: tuple[str, ...]) -> None:
    """Neither and both are refused before anything is read."""
    done = provision(cloud, "snapshot", *given)
    assert done.returncode == 2
    assert "-o FILE or --bigquery PROJECT.DATASET" in done.stderr
