"""Principal access boundaries of an organisation, and the tags that conditions compare."""

from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.reading.containers import more, token
from provision.clients.reading.messages import raw
from provision.clients.reading.steps import Desk, Kind, Outcome, Step
from provision.snapshot.records import Boundary, BoundaryBinding, Part, Tag, Tags

_PAGE = 500
_TAGS_PAGE = 300
_HOST = "//cloudresourcemanager.googleapis.com/"


def boundaries(desk: Desk, step: Step) -> Outcome:
    """A page of the boundary policies of an organisation, with their rules."""
    parent = f"{step.of}/locations/global"
    asked = {"parent": parent, "page_size": _PAGE, "page_token": token(step)}
    call = desk.google.boundaries.list_principal_access_boundary_policies
    page = raw(next(call(request=asked, retry=None, timeout=TIMEOUT).pages))
    found = tuple(_boundary(one) for one in page.principal_access_boundary_policies)
    each = (Step("boundary bindings", step.of, (one.name,)) for one in found)
    return Outcome(found, (*each, *more(step, page.next_page_token)))


def boundary_bindings(desk: Desk, step: Step) -> Outcome:
    """A page of what one boundary is bound to, wherever the binding stands."""
    asked = {"name": step.rest[0], "page_size": _PAGE, "page_token": token(step)}
    call = desk.google.boundaries.search_principal_access_boundary_policy_bindings
    page = raw(next(call(request=asked, retry=None, timeout=TIMEOUT).pages))
    found = tuple(_binding(one) for one in page.policy_bindings)
    return Outcome(found, more(step, page.next_page_token))


def tags(desk: Desk, step: Step) -> Outcome:
    """A page of the tags bound to a resource itself; what it inherits stands with those above it.

    https://cloud.google.com/resource-manager/reference/rest/v3/effectiveTags/list
    """
    place = step.rest[0]
    asked = {
        "parent": _full(desk, step.of),
        "page_size": _TAGS_PAGE,
        "page_token": token(step),
    }
    client = desk.google.tag_bindings(place)
    page = raw(next(client.list_effective_tags(request=asked, retry=None, timeout=TIMEOUT).pages))
    found = tuple(_tag(one) for one in page.effective_tags if not one.inherited)
    return Outcome((Tags(step.of, found),), more(step, page.next_page_token))


def _full(desk: Desk, resource: str) -> str:
    """With the number of the project, by which tags are bound."""
    name = resource if resource.startswith("//") else f"{_HOST}{resource}"
    host, _, path = name.removeprefix("//").partition("/")
    parts = path.split("/")
    if parts[0] == "projects":
        parts[1] = desk.number(f"projects/{parts[1]}") or parts[1]
    return f"//{host}/{'/'.join(parts)}"


def _boundary(told: Any) -> Boundary:  # noqa: ANN401 - iam_v3.PrincipalAccessBoundaryPolicy, raw
    resources = (one for rule in told.details.rules for one in rule.resources)
    version = told.details.enforcement_version or "latest"
    return Boundary(told.name, tuple(resources), version)


def _binding(told: Any) -> BoundaryBinding:  # noqa: ANN401 - iam_v3.PolicyBinding, raw
    return BoundaryBinding(
        told.name, told.policy, told.target.principal_set, told.condition.expression
    )


def _tag(told: Any) -> Tag:  # noqa: ANN401 - resourcemanager_v3.EffectiveTag, raw
    value = told.namespaced_tag_value.rpartition("/")[2]
    return Tag(told.namespaced_tag_key, told.tag_key, value, told.tag_value)


KINDS = {
    "boundaries": Kind(
        boundaries,
        "iam-boundaries",
        Part.BOUNDARIES,
        "principal access boundaries of {of}",
        "iam.principalaccessboundarypolicies.list",
    ),
    "boundary bindings": Kind(
        boundary_bindings,
        "iam-boundaries",
        Part.BOUNDARIES,
        "principal access boundaries of {of}",
        "iam.principalaccessboundarypolicies.searchPolicyBindings",
        "bindings of {0}",
    ),
    "tags": Kind(tags, "tags", Part.TAGS, "tags"),
}
