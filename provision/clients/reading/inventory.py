"""What Cloud Asset Inventory tells of a whole scope at once: targets, accounts, callers, policies.

An organisation costs it a few hundred calls where the services' own APIs take tens of thousands.
It is eventually consistent, by minutes and now and then more, and by hours for functions: those are
read live (https://cloud.google.com/asset-inventory/docs/asset-types). Which members hold which
roles is asked without a query: a query by role or permission leaves out roles that the reader
cannot see, and says nothing.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.reading import callers, identities
from provision.clients.reading.containers import more, token
from provision.clients.reading.messages import raw
from provision.clients.reading.policies import to_policy
from provision.clients.reading.steps import Desk, Kind, Outcome, Step
from provision.snapshot.records import AnyRecord, Part, Policy, Target, Unread
from provision.snapshot.records import Kind as TargetKind

_MOST = 1000
"""Assets that one page of a list can have; pages of a search have 500 at most."""
_FOUND = 500
_RESOURCE = 1
"""``ContentType.RESOURCE`` of ``asset_v1``."""
_NUMBERED = "//cloudresourcemanager.googleapis.com/"
_NUMBERED_ACCOUNT = re.compile(
    r"//iam\.googleapis\.com/projects/[^/]+/serviceAccounts/(?P<number>[0-9]+)(?=/|$)"
)
_NOTES = "run.googleapis.com/"
_USER_MANAGED = "USER_MANAGED"

WHOLE = frozenset({"inventory", "inventory of policies"})
"""Steps without which there is nothing: one that is refused ends the run."""

_SEARCHED = (
    "cloudresourcemanager.googleapis.com/Folder",
    "cloudresourcemanager.googleapis.com/Organization",
    "cloudresourcemanager.googleapis.com/Project",
    "cloudtasks.googleapis.com/Queue",
    "iam.googleapis.com/ServiceAccount",
    "pubsub.googleapis.com/Topic",
    "run.googleapis.com/Job",
    "run.googleapis.com/Service",
)
"""Types of resources whose policies decide who can invoke."""


def first(scope: str, *, with_keys: bool, with_callers: bool) -> Iterator[Step]:
    """The steps that a scope begins with, once its projects are known."""
    for asset_type in _LISTED:
        if asset_type in _CALLING and not with_callers:
            continue
        if asset_type == _KEY and not with_keys:
            continue
        yield Step("inventory", scope, (asset_type,))


def policies_step(scope: str) -> Step:
    """The step that reads all policies in a scope."""
    return Step("inventory of policies", scope)


def tells_policy_of(resource: str) -> bool:
    """Whether no answer means no policy: the inventory has those that are not empty alone."""
    return not resource.startswith(("//cloudfunctions.", "//iap."))


def no_policy(_: Desk, step: Step) -> Outcome:
    """That a resource has no policy, since the search told of none. No call is made."""
    return Outcome((Policy(step.of),))


def policies(desk: Desk, step: Step) -> Outcome:
    """A page of all policies in a scope."""
    asked = {
        "scope": step.of,
        "asset_types": _SEARCHED,
        "page_size": _FOUND,
        "page_token": token(step),
    }
    call = desk.google.assets.search_all_iam_policies
    page = raw(next(call(request=asked, retry=None, timeout=TIMEOUT).pages))
    found = (to_policy(named(desk, one.resource), one.policy) for one in page.results)
    return Outcome(tuple(found), more(step, page.next_page_token))


def assets(desk: Desk, step: Step) -> Outcome:
    """A page of all resources of one type in a scope."""
    asset_type = step.rest[0]
    asked = {
        "parent": step.of,
        "asset_types": [asset_type],
        "content_type": _RESOURCE,
        "page_size": _MOST,
        "page_token": token(step),
    }
    call = desk.google.assets.list_assets
    page = raw(next(call(request=asked, retry=None, timeout=TIMEOUT).pages))
    is_first = asset_type == _SERVICE and not token(step)
    found: list[AnyRecord] = [unseen(step.of)] if is_first else []
    for one in page.assets:
        found += _LISTED[asset_type](named(desk, one.name), _json(one.resource.data))
    return Outcome(tuple(found), more(step, page.next_page_token))


def unseen(scope: str) -> Unread:
    """What the inventory does not have, whatever is there."""
    why = "Cloud Asset Inventory does not have instances of Cloud Run"
    return Unread(scope, Part.TARGETS, why, "instances")


def named(desk: Desk, name: str) -> str:
    """As a snapshot names it: by ids and e-mails, where the inventory may have numbers.

    Args:
        desk: knows whose numbers they are.
        name: full name of an asset.
    """
    account = _NUMBERED_ACCOUNT.match(name)
    if account and (known := desk.account(account["number"])):
        return f"{known}{name[account.end() :]}"
    host, _, rest = name.removeprefix("//").partition("/")
    kind, _, within = rest.partition("/")
    if kind != "projects":
        return rest if f"//{host}/" == _NUMBERED else name
    project, slash, inside = within.partition("/")
    home = desk.project(project) or f"projects/{project}"
    return home if f"//{host}/" == _NUMBERED else f"//{host}/{home}{slash}{inside}"


def _service(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    """A service in the form of version 1 of Cloud Run, which is what the inventory keeps."""
    metadata, status = told.get("metadata", {}), told.get("status", {})
    notes: Mapping[str, str] = metadata.get("annotations", {})
    template = told.get("spec", {}).get("template", {}).get("spec", {})
    yield Target(
        name,
        TargetKind.SERVICE,
        ingress=_ingress(notes),
        urls=_urls(notes, status),
        default_url=not _is_set(notes, "default-url-disabled"),
        invoker_check=not _is_set(notes, "invoker-iam-disabled"),
        iap=_is_set(notes, "iap-enabled"),
        audiences=tuple(_listed(notes, "custom-audiences")),
        account=str(template.get("serviceAccountName", "")),
        labels=_labels(metadata),
    )


def _job(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    metadata = told.get("metadata", {})
    execution = told.get("spec", {}).get("template", {}).get("spec", {})
    task = execution.get("template", {}).get("spec", {})
    account = str(task.get("serviceAccountName", ""))
    yield Target(name, TargetKind.JOB, account=account, labels=_labels(metadata))


def _ingress(notes: Mapping[str, str]) -> str:
    """Of the annotation that counts; what is not told counts as the widest."""
    told = notes.get(f"{_NOTES}ingress-status") or notes.get(f"{_NOTES}ingress") or "all"
    return told if told in {"internal", "internal-and-cloud-load-balancing", "none"} else "all"


def _is_set(notes: Mapping[str, str], name: str) -> bool:
    return str(notes.get(f"{_NOTES}{name}", "")).lower() == "true"


def _listed(notes: Mapping[str, str], name: str) -> list[str]:
    """A list that an annotation carries as JSON; nothing when it is none."""
    try:
        found = json.loads(notes.get(f"{_NOTES}{name}") or "[]")
    except ValueError:
        return []
    return [str(one) for one in found] if isinstance(found, list) else []


def _urls(notes: Mapping[str, str], status: Mapping[str, Any]) -> tuple[str, ...]:
    address = status.get("address") or {}
    every = (*_listed(notes, "urls"), status.get("url", ""), address.get("url", ""))
    return tuple(dict.fromkeys(one for one in every if one))


def _labels(metadata: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The user's own: those that Cloud Run adds in version 1 have a slash in their names."""
    every = metadata.get("labels", {}).items()
    return tuple(sorted((str(key), str(value)) for key, value in every if "/" not in key))


def _project(name: str) -> str:
    return "/".join(name.split("/")[3:5])


def _account(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    from google.cloud.iam_admin_v1 import ServiceAccount

    yield identities.to_account(_project(name), _read(ServiceAccount, told))


def _key(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    from google.cloud.iam_admin_v1 import ServiceAccountKey

    if told.get("keyType", _USER_MANAGED) == _USER_MANAGED:
        account = _account_of_key(name, str(told.get("name", "")))
        yield identities.to_key(account, _read(ServiceAccountKey, told))


def _account_of_key(name: str, told: str) -> str:
    """The account by its e-mail: the asset's name may have its number, what IAM tells has not."""
    email = told.rpartition("/keys/")[0].rpartition("/")[2].lower()
    account = name.rpartition("/keys/")[0]
    return f"{account.rpartition('/')[0]}/{email}" if "@" in email else account


def _subscription(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    from google.pubsub_v1 import Subscription

    read = _read(Subscription, told)
    if read.push_config.push_endpoint:
        yield callers.push(_project(name), read)


def _trigger(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    from google.cloud.eventarc_v1 import Trigger

    yield callers.trigger(_project(name), _read(Trigger, told))


def _schedule(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    from google.cloud.scheduler_v1 import Job

    yield from callers.without_policies([callers.schedule(_project(name), _read(Job, told))])


def _queue(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    from google.cloud.tasks_v2 import Queue

    yield callers.queue(_project(name), _read(Queue, told))


def _workflow(name: str, told: Mapping[str, Any]) -> Iterator[AnyRecord]:
    from google.cloud.workflows_v1 import Workflow

    yield from callers.without_policies([callers.workflow(_project(name), _read(Workflow, told))])


def _read(kind: Any, told: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a proto-plus class, its message
    """JSON of an API as the message of Google's client for it."""
    from google.protobuf import json_format

    return json_format.ParseDict(dict(told), kind.pb()(), ignore_unknown_fields=True)


def _json(data: Any) -> dict[str, Any]:  # noqa: ANN401 - a Struct
    from google.protobuf import json_format

    found: dict[str, Any] = json_format.MessageToDict(data)
    return found


_SERVICE = "run.googleapis.com/Service"
_KEY = "iam.googleapis.com/ServiceAccountKey"
_CALLING: dict[str, Callable[[str, Mapping[str, Any]], Iterable[AnyRecord]]] = {
    "cloudscheduler.googleapis.com/Job": _schedule,
    "cloudtasks.googleapis.com/Queue": _queue,
    "eventarc.googleapis.com/Trigger": _trigger,
    "pubsub.googleapis.com/Subscription": _subscription,
    "workflows.googleapis.com/Workflow": _workflow,
}
_LISTED: dict[str, Callable[[str, Mapping[str, Any]], Iterable[AnyRecord]]] = {
    _SERVICE: _service,
    "run.googleapis.com/Job": _job,
    "iam.googleapis.com/ServiceAccount": _account,
    _KEY: _key,
    **_CALLING,
}
"""What makes records of an asset, by its type."""

KINDS = {
    "inventory": Kind(
        assets, "inventory-list", Part.TARGETS, "{0} of {of}", "cloudasset.assets.listResource"
    ),
    "inventory of policies": Kind(
        policies,
        "inventory-search",
        Part.POLICY,
        "policies in {of}",
        "cloudasset.assets.searchAllIamPolicies",
    ),
    "no policy": Kind(no_policy, "nothing", Part.POLICY, "policies"),
}
