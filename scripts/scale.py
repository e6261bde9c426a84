#!/usr/bin/env python3
"""What it costs to read an organisation: calls by what is there, and minutes at each quota.

The calls are those that a reading makes: tests/functional/audit/test_scale.py counts them.
"""

import math
from collections import Counter
from dataclasses import dataclass, replace

from provision.clients.reading.quotas import QUOTAS, SHARE, Quota
from provision.clients.reading.scheduler import LANES
from provision.clients.reading.walk import KINDS

BEGIN = "<!-- Made by scripts/docs.py from scripts/scale.py. Do not edit. -->"
END = "<!-- End of the figures. -->"
BUSIEST = 0.5
"""Of all services and jobs, those in the region that has most: an estimate."""
LATENCY = 0.1
"""Seconds that a call takes: an estimate."""


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """What there is to read; how many locations a service has is an estimate.

    Args:
        projects: projects.
        folders: folders.
        regions: of Cloud Run, whether or not anything is there.
        scheduler_places: locations of Cloud Scheduler.
        queue_places: locations of Cloud Tasks.
        services: services of Cloud Run, those of functions among them.
        jobs: jobs of Cloud Run.
        first_functions: functions of the first generation.
        functions: functions of the second.
        accounts: service accounts.
        keys: keys that users manage.
        groups: groups that policies name, directly or nested.
        roles: roles that the program's table does not know.
        deny: deny policies.
        boundaries: principal access boundaries.
        iap: resources of Identity-Aware Proxy whose policies are read.
        subscriptions: push subscriptions.
        triggers: triggers.
        workflows: workflows.
        schedules: Scheduler jobs.
        queues: queues.
        topics: topics that something is pushed from.
        topic_projects: projects that these topics are in.
        policies: policies that are not empty, of all that Asset Inventory has.
        instances: instances of Cloud Run.
        hidden_groups: groups that cannot be seen.
        bare_projects: projects of whose policy Asset Inventory knows nothing.
        bare_folders: such folders.
        tags: whether a condition compares tags.
    """

    projects: int
    folders: int
    regions: int = 40
    scheduler_places: int = 24
    queue_places: int = 24
    services: int
    jobs: int
    first_functions: int
    functions: int
    accounts: int
    keys: int
    groups: int
    roles: int
    deny: int
    boundaries: int
    iap: int
    subscriptions: int
    triggers: int
    workflows: int
    schedules: int
    queues: int
    topics: int
    topic_projects: int
    policies: int
    instances: int = 0
    hidden_groups: int = 0
    bare_projects: int = 0
    bare_folders: int = 0
    tags: bool = False

    @property
    def containers(self) -> int:
        """Projects, folders and the organisation."""
        return self.projects + self.folders + 1


LARGE = Organisation(
    projects=1_000,
    folders=100,
    services=100_000,
    jobs=5_000,
    first_functions=1_000,
    functions=4_000,
    accounts=50_000,
    keys=2_000,
    groups=20_000,
    roles=2_000,
    deny=100,
    boundaries=20,
    iap=2_000,
    subscriptions=10_000,
    triggers=2_000,
    workflows=1_000,
    schedules=5_000,
    queues=1_000,
    topics=10_000,
    topic_projects=1_000,
    policies=150_000,
)
"""With five revisions a service, and executions, about a million assets."""
LARGER = replace(
    LARGE,
    projects=10_000,
    folders=1_000,
    services=1_000_000,
    jobs=50_000,
    first_functions=10_000,
    functions=40_000,
    accounts=500_000,
    keys=20_000,
    groups=100_000,
    roles=10_000,
    deny=500,
    boundaries=100,
    iap=20_000,
    subscriptions=100_000,
    triggers=20_000,
    workflows=10_000,
    schedules=50_000,
    queues=10_000,
    topics=100_000,
    topic_projects=10_000,
    policies=1_500_000,
)


def pages(things: int, lists: int, size: int) -> int:
    """Pages of so many lists that have so many things among them, evenly."""
    return lists * max(1, math.ceil(things / lists / size))


def by_services(org: Organisation) -> Counter[str]:
    """Calls by kind of step, reading by the services' own APIs."""
    projects = org.projects
    places = projects * org.regions
    calls = _common(org) + Counter(
        {
            "policy by organizations": 1,
            "policy by folders": org.folders,
            "policy by projects": projects,
            "regions": projects,
            "services": pages(org.services, places, 500),
            "jobs": pages(org.jobs, places, 500),
            "instances": pages(org.instances, places, 500),
            "policy by services": org.services,
            "policy by jobs": org.jobs,
            "policy by instances": org.instances,
            "accounts": pages(org.accounts, projects, 100),
            "policy by iam": org.accounts,
            "keys": org.accounts,
            "subscriptions": projects,
            "triggers": projects,
            "workflows": projects,
            "scheduler places": projects,
            "queue places": projects,
            "schedules": projects * org.scheduler_places,
            "queues": projects * org.queue_places,
            "policy by queues": org.queues,
            "policy by topics": org.topics,
        }
    )
    return +calls


def by_inventory(org: Organisation) -> Counter[str]:
    """Calls by kind of step, where Cloud Asset Inventory is asked for what it has."""
    listed = (
        org.services,
        org.jobs,
        org.accounts,
        org.keys,
        org.schedules,
        org.queues,
        org.triggers,
        org.subscriptions,
        org.workflows,
    )
    asked = {
        "inventory": sum(pages(one, 1, 1000) for one in listed),
        "inventory of policies": pages(org.policies, 1, 500),
        "policy by projects": org.bare_projects,
        "policy by folders": org.bare_folders,
    }
    return +(_common(org) + Counter(asked))


def _common(org: Organisation) -> Counter[str]:
    """What is read live in both ways."""
    above = org.folders + 1
    tagged = org.containers + org.services + org.jobs + org.accounts
    return Counter(
        {
            "container": 1 + org.topic_projects,
            "projects below": pages(org.projects, above, 500),
            "folders below": pages(org.folders, above, 500),
            "deny policies": org.containers,
            "deny policy": org.deny,
            "boundaries": 1,
            "boundary bindings": org.boundaries,
            "functions": pages(org.functions + org.first_functions, org.projects, 500),
            "policy by functions": org.functions,
            "policy by first_functions": org.first_functions,
            "policy by iap": org.iap,
            "role": org.roles,
            "group": org.groups + org.hidden_groups,
            "members": pages(0, org.groups, 500) if org.groups else 0,
            "tags": tagged if org.tags else 0,
        }
    )


def by_quota(calls: Counter[str]) -> Counter[str]:
    """The same by the quota that they fall under."""
    found: Counter[str] = Counter()
    for kind, many in calls.items():
        found[KINDS[kind].quota] += many
    return found


def rate(quota: Quota) -> float:
    """Calls a minute that a reading makes at most, where the quota is not raised."""
    return quota.usual or quota.per_minute * SHARE


def minutes(name: str, calls: Counter[str], org: Organisation) -> float:
    """How long the calls under a quota take at it; of Cloud Run, those of the busiest region."""
    many = float(by_quota(calls)[name])
    if name == "run" and many:
        targets = org.services + org.jobs
        many = 3 * org.projects + targets * BUSIEST
    return many / rate(QUOTAS[name])


def with_figures(page: str) -> str:
    """The page with its figures made anew. Raises `ValueError` when its markers are not there."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/scale.md has no markers for the figures")
    return f"{before}{BEGIN}\n\n{_figures()}\n{END}{after}"


def _figures() -> str:
    one = _section("1,000 projects, 100,000 services", LARGE)
    ten = _section("10,000 projects, 1,000,000 services", LARGER)
    return f"{_quotas()}\n{one}\n{ten}"


def _quotas() -> str:
    rows = [
        f"| {one.words} | {one.documented:,} | {_page(one)} |\n"
        for name, one in QUOTAS.items()
        if name != "nothing"
    ]
    head = "| quota | calls a minute | source |\n| --- | ---: | --- |\n"
    return f"### The quotas\n\n{head}{''.join(rows)}"


def _page(quota: Quota) -> str:
    return f"<{quota.source}>" if quota.source else "estimate"


def _section(title: str, org: Organisation) -> str:
    found = [by_services(org), by_inventory(org)]
    head = (
        f"### {title}\n\n"
        f"And {org.folders:,} folders, {org.jobs:,} jobs,"
        f" {org.functions + org.first_functions:,} functions, {org.accounts:,} service accounts,\n"
        f"{org.groups:,} groups, {org.topics:,} topics, {org.deny:,} deny policies.\n\n"
        "| quota | calls, services' APIs | time | calls, inventory | time |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
    )
    names = [name for name in QUOTAS if by_quota(found[0] + found[1])[name]]
    names.sort(key=lambda name: -max(minutes(name, one, org) for one in found))
    return head + "".join(_row(name, found, org) for name in names) + _totals(found)


def _row(name: str, found: list[Counter[str]], org: Organisation) -> str:
    cells = (
        f"{by_quota(one)[name]:,} | {_time(minutes(name, one, org))}"
        if by_quota(one)[name]
        else " | "
        for one in found
    )
    return f"| {QUOTAS[name].words} | {' | '.join(cells)} |\n"


def _totals(found: list[Counter[str]]) -> str:
    cells = (f"**{one.total():,}** | {_time(one.total() * LATENCY / LANES / 60)}" for one in found)
    return f"| all, {LANES} in flight, {LATENCY} s each | {' | '.join(cells)} |\n"


def _time(many: float) -> str:
    if many < 1:
        return "< 1 min"
    return f"{many:.0f} min" if many < 120 else f"{many / 60:.1f} h"  # noqa: PLR2004 - two hours
