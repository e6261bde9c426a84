"""What takes access away or limits it in a made-up organisation: deny, boundaries, conditions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from provision.snapshot.records import (
    Boundary,
    BoundaryBinding,
    Container,
    DenyPolicy,
    DenyRule,
    Tag,
)
from tests import audit_sizes as sizes

TAKEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""When every such snapshot was taken."""
ORGANIZATION = "organizations/123456789012"
TAGS = tuple(
    Tag("123456789012/env", "tagKeys/281470000001", value, f"tagValues/28148000000{place}")
    for place, value in enumerate(("prod", "test", "dev"))
)


@dataclass
class Guards:
    """Makes them.

    Args:
        random: where chance comes from.
        containers: the organisation first.
        people: whom they are about.
        groups: likewise.
    """

    random: Random
    containers: Sequence[Container]
    people: Sequence[str]
    groups: Sequence[str]

    def denials(self, many: int) -> Iterator[DenyPolicy]:
        """So many deny policies, the first of them on the organisation."""
        for place in range(many):
            above = self.containers[0] if place == 0 else self.random.choice(self.containers[1:])
            emails = [one.partition(":")[2] for one in self.random.choices(self.people, k=3)]
            group = self.random.choice(self.groups).partition(":")[2]
            principals = tuple(f"principal://goog/subject/{email}" for email in emails)
            rule = DenyRule(
                (*principals[:2], f"principalSet://goog/group/{group}"),
                self.random.choice(sizes.DENIED),
                principals[2:],
                condition="" if place % 4 else 'resource.matchTag("123456789012/env", "prod")',
            )
            yield DenyPolicy(above.name, f"guard{place}", (rule,))

    def boundaries(self, many: int) -> Iterator[Boundary | BoundaryBinding]:
        """So many boundaries, each bound once."""
        where = f"{ORGANIZATION}/locations/global"
        for place in range(many):
            name = f"{where}/principalAccessBoundaryPolicies/boundary{place}"
            inside = self.random.choice(self.containers[1:])
            top = "//cloudresourcemanager.googleapis.com"
            yield Boundary(name, (f"{top}/{inside.name}",), str(1 + place % 4))
            condition = 'principal.type == "iam.googleapis.com/ServiceAccount"'
            yield BoundaryBinding(
                f"{where}/policyBindings/binding{place}",
                name,
                f"{top}/{self.random.choice(self.containers[1:]).name}",
                condition if place % 2 else "",
            )


def condition(random: Random) -> str:
    """In CEL: of all sorts, some never true, some ended."""
    day = (TAKEN + timedelta(days=random.randint(-90, 400))).strftime("%Y-%m-%dT00:00:00Z")
    tag = random.choice(TAGS)
    return random.choice(
        (
            f'request.time < timestamp("{day}")',
            f'request.time < timestamp("{day}")',
            f'resource.matchTag("{tag.key}", "{tag.value}")',
            f'request.path.startsWith("/v{random.randint(1, 9)}/")',
            'request.host.endsWith(".example.com")',
            'request.time.getDayOfWeek("Europe/Berlin") < 6',
            'resource.name.startsWith("projects/_/buckets/")',
            'resource.type == "run.googleapis.com/Service"',
        )
    )
