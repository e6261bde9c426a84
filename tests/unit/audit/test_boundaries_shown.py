"""What a boundary cuts and what it leaves: minting and jobs, and never the call of a service."""

from typing import Any

import yaml

from provision.audit import Audit
from provision.audit.answers import Answer, BlockKind, Verdict
from provision.snapshot import Snapshot
from provision.snapshot.records import VERSION, Header
from tests.iam_cases.building import build
from tests.iam_cases.names import member, resource
from tests.iam_cases.reading import NOON

_GIVEN = """
containers:
- organizations/1 (C01 example.com) > folders/2 > projects/p (100)
- organizations/1 (C01 example.com) > projects/q (200)
allow:
  service web:
  - roles/run.invoker: [user:ann, serviceAccount:robot]
  account robot:
  - roles/iam.serviceAccountTokenCreator: [user:bob]
  job nightly:
  - roles/run.invoker: [user:ann]
boundaries:
- name: fence
  eligible: [projects/q]
  version: VERSION
  bound to: ["//cloudresourcemanager.googleapis.com/organizations/1"]
"""


def _why(who: str, what: str, version: int = 3) -> Answer:
    given: dict[str, Any] = yaml.safe_load(_GIVEN.replace("VERSION", str(version)))
    names = {resource(one) for one in ("service web", "job nightly")}
    records = build(given, names, {member("user:bob")})
    header = Header(VERSION, "organizations/1", NOON, NOON)
    return Audit(Snapshot.of(records, header)).why(member(who), resource(what))


def test_whoever_a_boundary_does_not_stop_is_told_so() -> None:
    """A call of a service is nothing that boundaries block, and the path says it."""
    answer = _why("user:ann", "service web")
    assert answer.verdict is Verdict.CAN
    note = answer.paths[0].hops[-1].note
    assert "fence leaves it out and does not stop run.routes.invoke: no boundary does" in note


def test_what_a_boundary_cuts_is_named_by_its_permission() -> None:
    """Minting the token of an account, and executing a job."""
    for who, what, permission in (
        ("user:bob", "service web", "iam.serviceAccounts.getOpenIdToken"),
        ("user:ann", "job nightly", "run.jobs.run"),
    ):
        answer = _why(who, what)
        assert answer.verdict is Verdict.CANNOT
        told = [one.reason for one in answer.blocks if one.kind is BlockKind.BOUNDARY]
        assert any(f"fence keeps it from {permission}" in reason for reason in told), told


def test_a_version_that_does_not_block_it_yet_is_told_by_its_number() -> None:
    """Version 1 stops jobs alone, so tokens are minted all the same."""
    answer = _why("user:bob", "service web", version=1)
    assert answer.verdict is Verdict.CAN
