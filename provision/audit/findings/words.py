"""Names and numbers as findings say them. Pure."""

from collections.abc import Sequence

from provision.audit.findings.holds import Hold

_KINDS = {
    "services": "service",
    "jobs": "job",
    "functions": "function",
    "instances": "instance",
    "serviceAccounts": "service account",
    "iap_web": "IAP of",
    "subscriptions": "subscription",
    "topics": "topic",
    "triggers": "trigger",
    "queues": "queue",
    "workflows": "workflow",
}
_CONTAINERS = {"projects": "project", "folders": "folder", "organizations": "organization"}


def called(resource: str) -> str:
    """A resource as sentences name it: ``service orders``, ``folder 123``."""
    kind, _, name = resource.partition("/")
    if kind in _CONTAINERS:
        return f"{_CONTAINERS[kind]} {name}"
    if resource.startswith("//iap.googleapis.com/"):
        _, _, below = resource.partition("/iap_web")
        at = below.strip("/").rpartition("/")[2].removeprefix("cloud_run-")
        return f"IAP of {at or resource.split('/')[4]}"
    if not resource.startswith("//"):
        return resource
    *_, kind, name = resource.split("/")
    return f"{_KINDS.get(kind, kind)} {name}"


def number(count: int, one: str, many: str = "") -> str:
    """As ``1 target``, ``12,000 targets``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def what(hold: Hold, targets: Sequence[str]) -> str:
    """What a binding opens: the target itself, or how many where."""
    if targets == (hold.resource,):
        return called(hold.resource)
    below = number(len(targets), "target")
    return f"{below} in {called(hold.resource)}" if targets else f"all of {called(hold.resource)}"


def roles(holds: Sequence[Hold]) -> str:
    """The roles of bindings, each once."""
    return " and ".join(sorted({hold.role for hold in holds}))
