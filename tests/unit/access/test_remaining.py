"""What still lets a principal in after it was revoked."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from provision.access.above import Layer
from provision.access.remaining import How, Remaining, Remains
from provision.clients.policies import PolicyClient
from provision.clients.targets import Resolved
from provision.policy import Binding, Condition, Policy
from provision.resources import ServiceName
from provision.roles import predefined
from provision.targets import Target, TargetKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROLE = "roles/run.invoker"
ANN = "user:ann@example.com"
ROBOT = "serviceAccount:robot@demo-project.iam.gserviceaccount.com"
SERVICE = ServiceName("demo-project", "asia-east1", "orders")
MEMBERS = {"in@example.com": True, "out@example.com": False}


def remaining(
    here: Policy,
    *layers: Layer,
    member: str = ANN,
    live: Mapping[str, Any] | None = None,
) -> tuple[Remaining, ...]:
    """What remains for a principal; of two groups it can be read who is in them."""
    resolved = Resolved(
        target=Target(TargetKind.SERVICE, SERVICE),
        resource=SERVICE.name,
        policies=PolicyClient(None, ""),
        role=ROLE,
        permission="run.routes.invoke",
        takes_conditions=True,
        live=live or {},
    )
    remains = Remains(
        resolved,
        here,
        layers,
        lambda role: None if role.endswith("unreadable") else role in predefined(),
        lambda group, _: MEMBERS.get(group),
        NOW,
    )
    return remains.of([member])


def held(member: str, role: str = ROLE, condition: Condition | None = None) -> Policy:
    """A policy of one binding."""
    return Policy((Binding(role, (member,), condition),))


def test_nothing_remains_where_nobody_is_bound() -> None:
    """Other people's bindings are no way in."""
    assert remaining(held("user:bob@example.com")) == ()


@pytest.mark.parametrize("holder", [ANN, "allUsers", "allAuthenticatedUsers"])
def test_a_role_of_the_project_still_lets_somebody_in(holder: str) -> None:
    """The same principal higher up, or everybody."""
    (left,) = remaining(Policy(), Layer("projects/demo-project", held(holder, "roles/editor")))
    assert (left.how, left.role, left.resource) == (
        How.STILL,
        "roles/editor",
        "projects/demo-project",
    )


@pytest.mark.parametrize(
    ("holder", "how"),
    [
        ("group:in@example.com", How.STILL),
        ("group:unreadable@example.com", How.MAY),
        ("domain:example.com", How.MAY),
    ],
)
def test_a_group_or_a_domain_may_let_somebody_in(holder: str, how: How) -> None:
    """Surely only where it can be read who is in it."""
    (left,) = remaining(held(holder))
    assert (left.how, left.by) == (how, holder)


@pytest.mark.parametrize(
    "holder",
    ["group:out@example.com", "domain:example.org", "deleted:user:ann@example.com?uid=1"],
)
def test_what_is_surely_somebody_else_is_not_told(holder: str) -> None:
    """A group that one is not in, another domain, a deleted namesake."""
    assert remaining(held(holder)) == ()


def test_every_account_of_a_project_may_mean_an_account() -> None:
    """And never a person."""
    every = "principalSet://cloudresourcemanager.googleapis.com/projects/1/type/ServiceAccount"
    assert [one.how for one in remaining(held(every), member=ROBOT)] == [How.MAY]
    assert remaining(held(every)) == ()


def test_a_condition_or_a_role_that_cannot_be_read_leaves_a_doubt() -> None:
    """Doubts are told after what is sure."""
    here = Policy(
        (
            Binding(ROLE, (ANN,), Condition('request.path == "/a"', "for a")),
            Binding("projects/p/roles/unreadable", (ANN,)),
            Binding("roles/run.admin", (ANN,)),
        )
    )
    assert [one.how for one in remaining(here)] == [How.STILL, How.MAY, How.MAY]


def test_an_expired_grant_is_no_way_in() -> None:
    """Only what can hold now counts."""
    over = Condition('request.time < timestamp("2026-11-01T00:00:00Z")', "over")
    assert remaining(held(ANN, condition=over)) == ()


def test_a_check_that_is_off_lets_everybody_in() -> None:
    """Whatever the policies say."""
    (left,) = remaining(Policy(), live={"invokerIamDisabled": True})
    assert left.how is How.STILL
    assert "invoker check" in left.why


def test_a_policy_that_cannot_be_read_is_not_known() -> None:
    """It is told, and counts neither way."""
    (left,) = remaining(Policy(), Layer("organizations/1", None, "no permission"))
    assert (left.how, left.resource) == (How.UNKNOWN, "organizations/1")
