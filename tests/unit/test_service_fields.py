"""What the spec asserts of a service, and what differs from what is."""

import pytest

from provision.run.resource_json import OwnedMapping, env_as_list, merged, same_value
from provision.run.service_fields import LATEST, addresses, is_ready, observed_fields, to_write
from provision.spec import SecretReference

TEMPLATE = {
    "revision": "orders-00001-abc",
    "containers": [
        {
            "image": "old",
            "env": [
                {"name": "A", "value": "1"},
                {"name": "B", "valueSource": {"secretKeyRef": {"secret": "s", "version": "2"}}},
            ],
            "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
        }
    ],
}


@pytest.mark.parametrize(
    ("live", "asserted", "same"),
    [
        ("1000m", "1", True),
        ("512Mi", "0.5Gi", True),
        ("300s", "300s", True),
        ("60.0s", "60s", True),
        ("5", 5, True),
        (None, False, True),
        (None, [], True),
        (None, "x", False),
        ("512Mi", "512M", False),
        ("1", True, False),
        ("1_0", "10", False),
        ("a", "b", False),
    ],
)
def test_amounts_that_mean_the_same_are_no_difference(
    live: object, asserted: object, same: bool
) -> None:
    """Cloud Run spells quantities its own way and leaves out what is false or empty."""
    assert same_value(live, asserted, quantity=True) is same


@pytest.mark.parametrize(
    ("live", "asserted"), [("1.10", "1.1"), ("007", "7"), ("1000", "1k"), (None, "")]
)
def test_texts_are_compared_as_texts(live: str | None, asserted: str) -> None:
    """A variable or a label is not an amount, and an empty one is not a missing one."""
    there = {} if live is None else {"V": live}
    env = [{"name": name, "value": value} for name, value in there.items()]
    service = {"labels": there, "template": {"containers": [{"env": env}]}}
    wanted = OwnedMapping({"V": asserted})
    seen = observed_fields(
        service, {"labels": {"V": asserted}, "template": {"containers": [{"env": wanted}]}}
    )
    assert seen["labels"] == there
    assert seen["template"]["containers"][0]["env"] == there


def test_sidecars_are_matched_by_name() -> None:
    """One that the spec brings does not inherit from one that others brought."""
    theirs = {"name": "theirs", "image": "t", "command": ["sleep"]}
    live = {"template": {"containers": [{"image": "a", "ports": [{}]}, theirs]}}
    asserted = {"template": {"containers": [{"image": "a"}, {"name": "mine", "image": "m"}]}}
    assert observed_fields(live, asserted)["template"]["containers"] == [{"image": "a"}]
    written = to_write(live, asserted)["template"]["containers"]
    assert written[1:] == [{"name": "mine", "image": "m"}, theirs]


def test_only_what_is_asserted_is_looked_at() -> None:
    """Fields that others set are none of our business."""
    live = {"ingress": "X", "description": "theirs", "template": {"timeout": "9s"}}
    asserted = {"ingress": "Y", "invokerIamDisabled": False, "template": {"timeout": "9s"}}
    seen = observed_fields(live, asserted)
    assert seen == {"ingress": "X", "invokerIamDisabled": False, "template": {"timeout": "9s"}}


def test_environment_variables_are_owned_whole() -> None:
    """A variable that the spec does not name any more is a difference."""
    asserted = {"template": {"containers": [{"env": OwnedMapping({"A": "1"})}]}}
    seen = observed_fields({"template": TEMPLATE}, asserted)
    assert seen["template"]["containers"][0]["env"] == {"A": "1", "B": SecretReference("s", "2")}


def test_sidecars_of_others_are_left_alone() -> None:
    """The container with the ports is the spec's, wherever it stands; others stay as they are."""
    sidecar = {"image": "sidecar", "env": [{"name": "X", "value": "theirs"}]}
    live = {"template": {"containers": [sidecar, {"image": "a", "ports": [{"containerPort": 1}]}]}}
    asserted = {"template": {"containers": [{"image": "b"}]}}
    assert observed_fields(live, asserted)["template"]["containers"] == [{"image": "a"}]
    assert to_write(live, asserted)["template"]["containers"] == [
        {"image": "b", "ports": [{"containerPort": 1}]},
        sidecar,
    ]


def test_traffic_goes_to_the_latest_revision_and_tags_stay() -> None:
    """A split is a difference; a tag alone is not, and survives the write."""
    latest = {"type": LATEST, "percent": 100}
    old = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "r1", "tag": "green"}
    asserted = {"traffic": [latest], "template": {}}
    assert observed_fields({"traffic": [latest, old]}, asserted)["traffic"] == [latest]
    assert observed_fields({}, asserted)["traffic"] == [latest]
    split = {"traffic": [{**old, "percent": 60}, {"type": LATEST, "percent": 40}]}
    assert observed_fields(split, asserted)["traffic"] != [latest]
    assert to_write(split, asserted)["traffic"] == [latest, old]


def test_writing_keeps_what_is_not_asserted() -> None:
    """The revision's name and what the server fills go; everything else stays."""
    live = {"uri": "u", "etag": "e", "description": "theirs", "template": TEMPLATE}
    asserted = {"template": {"containers": [{"image": "new", "env": OwnedMapping({"A": "2"})}]}}
    written = to_write(live, asserted)
    assert written == {
        "etag": "e",
        "description": "theirs",
        "template": {
            "containers": [
                {
                    "image": "new",
                    "env": [{"name": "A", "value": "2"}],
                    "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
                }
            ]
        },
    }


@pytest.mark.parametrize(
    ("live", "said", "sent"),
    [
        ({}, {}, True),
        ({}, {"cpuIdle": False}, False),
        ({"template": {"containers": [{"resources": {"cpuIdle": False}}]}}, {}, False),
    ],
)
def test_limits_alone_do_not_have_cpu_billed_always(
    live: dict[str, object], said: dict[str, object], sent: object
) -> None:
    """A new service with limits keeps Cloud Run's default; who said otherwise is obeyed."""
    resources = {"limits": {"cpu": "500m"}, **said}
    asserted = {"template": {"containers": [{"resources": resources}]}}
    written = to_write(live, asserted)["template"]["containers"][0]
    assert written["resources"]["cpuIdle"] is sent
    assert asserted == {"template": {"containers": [{"resources": resources}]}}


def test_secrets_go_back_as_they_came() -> None:
    """As references, never as values."""
    service = {"template": {"containers": [{"env": {"B": SecretReference("s", "2")}}]}}
    assert env_as_list(service, ("template",))["template"]["containers"][0]["env"] == [
        {"name": "B", "valueSource": {"secretKeyRef": {"secret": "s", "version": "2"}}}
    ]


def test_what_the_spec_owns_goes_over_what_is_free() -> None:
    """The free part can add, and never overrule."""
    free = {"a": 1, "template": {"containers": [{"image": "free", "x": 1}]}}
    own = {"a": 2, "template": {"containers": [{"image": "own"}]}}
    assert merged(free, own) == {"a": 2, "template": {"containers": [{"image": "own", "x": 1}]}}


def test_addresses_are_told_once_each() -> None:
    """The preferred one first, the other form after it."""
    assert addresses({"urls": ["a", "b"], "uri": "b"}) == ("a", "b")
    assert addresses({}) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"terminalCondition": {"state": "CONDITION_FAILED"}},
        {"reconciling": True},
        {"observedGeneration": "1"},
        {"latestCreatedRevision": "r2"},
    ],
)
def test_ready_is_the_documented_test(wrong: dict[str, object]) -> None:
    """All of it has to hold."""
    ready = {
        "terminalCondition": {"state": "CONDITION_SUCCEEDED"},
        "generation": "2",
        "observedGeneration": "2",
        "latestCreatedRevision": "r1",
        "latestReadyRevision": "r1",
    }
    assert is_ready(ready)
    assert not is_ready({**ready, **wrong})
