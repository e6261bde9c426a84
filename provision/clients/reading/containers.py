"""Projects, folders and organisations: what stands above, below, and which policies hold there."""

from typing import Any
from urllib.parse import quote

from provision.clients.calls import TIMEOUT
from provision.clients.reading.messages import raw
from provision.clients.reading.refusals import checked
from provision.clients.reading.steps import Desk, Kind, Outcome, Step
from provision.snapshot.records import Container, DenyPolicy, DenyRule, Part

_PAGE = 500
_ACTIVE = 1
"""``State.ACTIVE`` of projects and folders alike; what is being deleted serves nobody."""


def container(desk: Desk, step: Step) -> Outcome:
    """One of the three, by its name."""
    google, asked = desk.google, {"name": step.of}
    if step.of.startswith("projects/"):
        told = google.projects.get_project(request=asked, retry=None, timeout=TIMEOUT)
        return Outcome((_project(told),))
    if step.of.startswith("folders/"):
        told = google.folders.get_folder(request=asked, retry=None, timeout=TIMEOUT)
        return Outcome((_folder(told),))
    told = google.organizations.get_organization(request=asked, retry=None, timeout=TIMEOUT)
    found = Container(told.name, title=told.display_name, customer=str(told.directory_customer_id))
    return Outcome((found,))


def ancestry(desk: Desk, step: Step) -> Outcome:
    """The names of all that stands above a project: seen by who may see the project alone.

    https://cloud.google.com/resource-manager/reference/rest/v1/projects/getAncestry
    """
    url = f"{desk.google.rest_base('cloudresourcemanager')}/v1/{step.of}:getAncestry"
    told = checked(desk.google.rest.post(url, json={}, timeout=TIMEOUT))
    ids = [one["resourceId"] for one in told.get("ancestor", ())]
    names = [f"{one['type']}s/{one['id']}" for one in ids][1:]
    above = [*names[1:], "" if names and names[-1].startswith("organizations/") else None]
    return Outcome(tuple(Container(name, parent=up) for name, up in zip(names, above, strict=True)))


def projects_below(desk: Desk, step: Step) -> Outcome:
    """A page of the projects directly below a folder or an organisation."""
    asked = {"parent": step.of, "page_size": _PAGE, "page_token": token(step)}
    pager = desk.google.projects.list_projects(request=asked, retry=None, timeout=TIMEOUT)
    page = next(pager.pages)
    found = (_project(one) for one in page.projects if one.state == _ACTIVE)
    return Outcome(tuple(found), more(step, page.next_page_token))


def folders_below(desk: Desk, step: Step) -> Outcome:
    """A page of the folders directly below a folder or an organisation."""
    asked = {"parent": step.of, "page_size": _PAGE, "page_token": token(step)}
    pager = desk.google.folders.list_folders(request=asked, retry=None, timeout=TIMEOUT)
    page = next(pager.pages)
    found = (_folder(one) for one in page.folders if one.state == _ACTIVE)
    return Outcome(tuple(found), more(step, page.next_page_token))


def deny_policies(desk: Desk, step: Step) -> Outcome:
    """A page of the names of deny policies: IAM lists them without their rules."""
    point = quote(f"cloudresourcemanager.googleapis.com/{step.of}", safe="")
    asked = {"parent": f"policies/{point}/denypolicies", "page_token": token(step)}
    pager = desk.google.deny_policies.list_policies(request=asked, retry=None, timeout=TIMEOUT)
    page = next(pager.pages)
    each = (Step("deny policy", step.of, (one.name,)) for one in page.policies)
    return Outcome((), (*each, *more(step, page.next_page_token)))


def deny_policy(desk: Desk, step: Step) -> Outcome:
    """One deny policy, with its rules."""
    asked = {"name": step.rest[0]}
    told = desk.google.deny_policies.get_policy(request=asked, retry=None, timeout=TIMEOUT)
    name = step.rest[0].rpartition("/")[2]
    rules = tuple(_rule(one) for one in raw(told).rules)
    return Outcome((DenyPolicy(step.of, name, rules),))


_MARK, _AGAIN = "page=", "again="
"""Before the token of a page; the second where a list was begun anew."""


def is_page(text: str) -> bool:
    """Whether that, of the rest of a step, tells a page."""
    return text.startswith((_MARK, _AGAIN))


def more(step: Step, following: str) -> tuple[Step, ...]:
    """The next page of a list; nothing when this was the last."""
    if not following:
        return ()
    paged = bool(step.rest) and is_page(step.rest[-1])
    first = step.rest[:-1] if paged else step.rest
    mark = _AGAIN if paged and step.rest[-1].startswith(_AGAIN) else _MARK
    return (Step(step.kind, step.of, (*first, f"{mark}{following}")),)


def from_the_start(step: Step) -> Step | None:
    """The first page once more, for a step whose page is not there any more; None for others.

    The tokens of pages end some time; a run that goes on with an earlier one's may meet that. All
    pages are read anew then, for their tokens may be the same.
    """
    return Step(step.kind, step.of, (*step.rest[:-1], _AGAIN)) if token(step) else None


def token(step: Step) -> str:
    """The token of the page that a step is to read; empty for the first."""
    last = step.rest[-1] if step.rest else ""
    return last.partition("=")[2] if is_page(last) else ""


def _project(told: Any) -> Container:  # noqa: ANN401 - resourcemanager_v3.Project
    number = told.name.rpartition("/")[2]
    name = f"projects/{told.project_id}"
    return Container(name, parent=told.parent, number=number, title=told.display_name)


def _folder(told: Any) -> Container:  # noqa: ANN401 - resourcemanager_v3.Folder
    return Container(told.name, parent=told.parent, title=told.display_name)


def _rule(told: Any) -> DenyRule:  # noqa: ANN401 - iam_v2.PolicyRule, raw
    rule = told.deny_rule
    return DenyRule(
        tuple(rule.denied_principals),
        tuple(rule.denied_permissions),
        tuple(rule.exception_principals),
        tuple(rule.exception_permissions),
        rule.denial_condition.expression,
        rule.denial_condition.title,
    )


KINDS = {
    "container": Kind(container, "resources", Part.PARENT, "{of}"),
    "ancestry": Kind(ancestry, "resources", Part.PARENT, "what stands above {of}"),
    "projects below": Kind(
        projects_below,
        "resources",
        Part.CHILDREN,
        "projects in {of}",
        "resourcemanager.projects.list",
        "projects",
    ),
    "folders below": Kind(
        folders_below,
        "resources",
        Part.CHILDREN,
        "folders in {of}",
        "resourcemanager.folders.list",
        "folders",
    ),
    "deny policies": Kind(
        deny_policies, "iam-deny", Part.DENY, "deny policies of {of}", "iam.denypolicies.list"
    ),
    "deny policy": Kind(
        deny_policy, "iam-deny", Part.DENY, "deny policies of {of}", "iam.denypolicies.get"
    ),
}
