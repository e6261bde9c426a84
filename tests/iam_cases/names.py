"""The short names of the cases, and the full ones that they stand for."""

import re
from functools import partial

PROJECT = "p"
REGION = "europe-west1"
DOMAIN = "example.com"

KINDS = {
    "service": "//run.googleapis.com/projects/{project}/locations/{region}/services/{name}",
    "job": "//run.googleapis.com/projects/{project}/locations/{region}/jobs/{name}",
    "instance": "//run.googleapis.com/projects/{project}/locations/{region}/instances/{name}",
    "function": (
        "//cloudfunctions.googleapis.com/projects/{project}/locations/{region}/functions/{name}"
    ),
    "account": (
        "//iam.googleapis.com/projects/{project}/serviceAccounts/"
        "{name}@{project}.iam.gserviceaccount.com"
    ),
    "topic": "//pubsub.googleapis.com/projects/{project}/topics/{name}",
    "subscription": "//pubsub.googleapis.com/projects/{project}/subscriptions/{name}",
    "trigger": "//eventarc.googleapis.com/projects/{project}/locations/{region}/triggers/{name}",
    "schedule": "//cloudscheduler.googleapis.com/projects/{project}/locations/{region}/jobs/{name}",
    "queue": "//cloudtasks.googleapis.com/projects/{project}/locations/{region}/queues/{name}",
    "workflow": (
        "//workflows.googleapis.com/projects/{project}/locations/{region}/workflows/{name}"
    ),
    "iap": ("//iap.googleapis.com/projects/{project}/iap_web/cloud_run-{region}/services/{name}"),
    "iap-region": "//iap.googleapis.com/projects/{project}/iap_web/cloud_run-{region}",
    "iap-project": "//iap.googleapis.com/projects/{project}/iap_web",
}
"""What a short name such as ``service web`` (or ``service q/web``, of another project) means."""

_WORD = r"[A-Za-z0-9-]+"
_SHORT = re.compile(rf"(?P<kind>[a-z-]+) (?:(?P<project>{_WORD})/)?(?P<name>{_WORD})")
_MEMBER = re.compile(
    r"(?P<before>(?:deleted:)?(?P<kind>user|group|serviceAccount):)"
    r"(?P<name>[^@?\s\[\]]+)(?:@(?P<project>[a-z0-9-]+))?(?P<after>\?uid=.*)?"
)


def resource(text: str) -> str:
    """The full name of ``service web``, ``account q/robot``; what is no short name, as it is."""
    found = _SHORT.fullmatch(text)
    if found is None or found["kind"] not in KINDS:
        return text
    project, name = found["project"] or PROJECT, found["name"]
    if found["kind"] in ("iap-project", "iap-region"):
        project = name
    return KINDS[found["kind"]].format(project=project, region=REGION, name=name)


def member(text: str) -> str:
    """A member with its whole address: ``user:ann`` is of example.com, ``robot`` of project p."""
    found = _MEMBER.fullmatch(text)
    if found is None:
        return text
    if found["kind"] == "serviceAccount":
        domain = f"{found['project'] or PROJECT}.iam.gserviceaccount.com"
    elif found["project"]:
        return text
    else:
        domain = DOMAIN
    return f"{found['before']}{found['name']}@{domain}{found['after'] or ''}"


def address(text: str) -> str:
    """The e-mail address of a service account: ``robot``, ``robot@q``, or a whole one."""
    return member(f"serviceAccount:{text}").removeprefix("serviceAccount:")


def shortened(text: str) -> str:
    """A text with every full name in it made short again."""
    for kind, form in KINDS.items():
        text = re.sub(_pattern(form), partial(_short, kind), text)
    text = re.sub(
        r"(serviceAccount:[^@\s]+)@([a-z0-9-]+)\.iam\.gserviceaccount\.com",
        lambda found: found[1] if found[2] == PROJECT else f"{found[1]}@{found[2]}",
        text,
    )
    return re.sub(rf"((?:user|group):[^@\s]+)@{re.escape(DOMAIN)}\b", r"\1", text)


def _pattern(form: str) -> str:
    parts = re.split(r"(\{[a-z]+\})", form)
    seen = set[str]()
    found = ""
    for part in parts:
        name = part.strip("{}")
        if not part.startswith("{"):
            found += re.escape(part)
        elif name in seen:
            found += f"(?P={name})"
        else:
            seen.add(name)
            found += f"(?P<{name}>{_WORD})"
    return found + r"(?![A-Za-z0-9/_-])"


def _short(kind: str, found: re.Match[str]) -> str:
    groups = found.groupdict()
    project = groups["project"]
    if kind in ("iap-project", "iap-region"):
        return f"{kind} {project}"
    return f"{kind} {'' if project == PROJECT else f'{project}/'}{groups['name']}"
