"""What can be invoked: services, jobs and instances of Cloud Run, functions of both generations."""

from collections.abc import Iterable
from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.reading.containers import more, token
from provision.clients.reading.messages import in_project, last, raw
from provision.clients.reading.refusals import checked
from provision.clients.reading.steps import Desk, Kind, Outcome, Step
from provision.snapshot.records import AnyRecord, Part, Target, Unread
from provision.snapshot.records import Kind as TargetKind

RUN = "//run.googleapis.com/"
FUNCTIONS = "//cloudfunctions.googleapis.com/"

_PAGE = 500
_INGRESS = ("", "all", "internal", "internal-and-cloud-load-balancing", "none")
"""By the number of ``run_v2.IngressTraffic``; 0 is told of what has no revision yet."""
_FUNCTION_INGRESS = ("", "all", "internal", "internal-and-cloud-load-balancing")
"""By the number of ``functions_v2.ServiceConfig.IngressSettings``."""
_FIRST_GENERATION = 1


def regions(desk: Desk, step: Step) -> Outcome:
    """The regions of Cloud Run: version 1 of its API alone tells them, and v2 takes no ``-``.

    A parent that it does not understand is answered with 200 and nothing in it, so nothing is not
    believed.
    """
    url = f"{desk.google.rest_base('run')}/v1/{step.of}/locations"
    asked = {"pageSize": 100, "pageToken": token(step)}
    told = checked(desk.google.rest.get(url, params=asked, timeout=TIMEOUT))
    found = [str(one.get("locationId", "")) for one in told.get("locations", ())]
    if not found and not token(step):
        silent = Unread(step.of, Part.TARGETS, "Cloud Run told of no region at all", "Cloud Run")
        return Outcome((silent,))
    each = (Step(kind, step.of, (one,)) for one in found if one for kind in _IN_A_REGION)
    return Outcome((), (*each, *more(step, str(told.get("nextPageToken", "")))))


_IN_A_REGION = ("services", "jobs", "instances")


def services(desk: Desk, step: Step) -> Outcome:
    """A page of the services of one region."""
    page = _page(desk.google.services.list_services, step)
    found = tuple(_service(step, one) for one in page.services)
    return Outcome(found, more(step, page.next_page_token))


def jobs(desk: Desk, step: Step) -> Outcome:
    """A page of the jobs of one region."""
    page = _page(desk.google.jobs.list_jobs, step)
    found = tuple(_job(step, one) for one in page.jobs)
    return Outcome(found, more(step, page.next_page_token))


def instances(desk: Desk, step: Step) -> Outcome:
    """A page of the instances of one region."""
    page = _page(desk.google.instances.list_instances, step)
    found = tuple(_instance(step, one) for one in page.instances)
    return Outcome(found, more(step, page.next_page_token))


def functions(desk: Desk, step: Step) -> Outcome:
    """A page of the functions of a project, of both generations, in all regions."""
    parent = f"{step.of}/locations/-"
    asked = {"parent": parent, "page_size": _PAGE, "page_token": token(step)}
    pager = desk.google.functions.list_functions(request=asked, retry=None, timeout=TIMEOUT)
    page = raw(next(pager.pages))
    found: tuple[AnyRecord, ...] = tuple(_function(step.of, one) for one in page.functions)
    missed = out_of_reach(step, page.unreachable, Part.TARGETS, "functions")
    return Outcome((*found, *missed), more(step, page.next_page_token))


def single(desk: Desk, step: Step) -> Outcome:
    """One target, by its full name."""
    name = step.of.split("/", 3)[3]
    collection = name.split("/")[-2]
    get, shape = _SINGLE[collection]
    client = getattr(desk.google, collection)
    told = raw(getattr(client, get)(request={"name": name}, retry=None, timeout=TIMEOUT))
    project = "/".join(name.split("/")[:2])
    found = shape(Step(collection, project, (name.split("/")[3],)), told)
    return Outcome((found,))


def out_of_reach(step: Step, places: Iterable[str], part: Part, what: str) -> tuple[AnyRecord, ...]:
    """What a list over all regions could not reach: it is not known, not empty."""
    return tuple(
        Unread(step.of, part, "the service could not reach that region", f"{what} in {last(one)}")
        for one in places
    )


def _page(call: Any, step: Step) -> Any:  # noqa: ANN401 - a method and its raw answer
    parent = f"{step.of}/locations/{step.rest[0]}"
    asked = {"parent": parent, "page_size": _PAGE, "page_token": token(step)}
    return raw(next(call(request=asked, retry=None, timeout=TIMEOUT).pages))


def _service(step: Step, told: Any) -> Target:  # noqa: ANN401 - run_v2.Service, raw
    return Target(
        _named(RUN, step, "services", told.name),
        TargetKind.SERVICE,
        ingress=_ingress(told.ingress),
        urls=_urls(told.urls, told.uri),
        default_url=not told.default_uri_disabled,
        invoker_check=not told.invoker_iam_disabled,
        iap=told.iap_enabled,
        audiences=tuple(told.custom_audiences),
        account=told.template.service_account,
        labels=_labels(told),
    )


def _job(step: Step, told: Any) -> Target:  # noqa: ANN401 - run_v2.Job, raw
    return Target(
        _named(RUN, step, "jobs", told.name),
        TargetKind.JOB,
        account=told.template.template.service_account,
        labels=_labels(told),
    )


def _instance(step: Step, told: Any) -> Target:  # noqa: ANN401 - run_v2.Instance, raw
    return Target(
        _named(RUN, step, "instances", told.name),
        TargetKind.INSTANCE,
        ingress=_ingress(told.ingress),
        urls=tuple(told.urls),
        invoker_check=not told.invoker_iam_disabled,
        iap=told.iap_enabled,
        account=told.service_account,
        labels=_labels(told),
    )


def _function(project: str, told: Any) -> Target:  # noqa: ANN401 - functions_v2.Function, raw
    runs = told.service_config
    first = told.environment == _FIRST_GENERATION
    place = told.name.split("/")
    ingress = runs.ingress_settings
    service = "" if first or not runs.service else f"{RUN}{in_project(project, runs.service)}"
    return Target(
        f"{FUNCTIONS}{project}/locations/{place[3]}/functions/{place[-1]}",
        TargetKind.FUNCTION,
        ingress=_FUNCTION_INGRESS[ingress] if ingress < len(_FUNCTION_INGRESS) else "all",
        urls=_urls((told.url,), runs.uri),
        account=runs.service_account_email,
        generation=1 if first else 2,
        service=service,
        labels=_labels(told),
    )


def _of_step(step: Step, told: Any) -> Target:  # noqa: ANN401 - functions_v2.Function, raw
    return _function(step.of, told)


_SINGLE: dict[str, tuple[str, Any]] = {
    "services": ("get_service", _service),
    "jobs": ("get_job", _job),
    "instances": ("get_instance", _instance),
    "functions": ("get_function", _of_step),
}


def _named(host: str, step: Step, collection: str, name: str) -> str:
    """With the project's id, whichever way the service wrote it."""
    return f"{host}{step.of}/locations/{step.rest[0]}/{collection}/{last(name)}"


def _ingress(number: int) -> str:
    # What is newer than this program counts as the widest.
    return _INGRESS[number] if number < len(_INGRESS) else "all"


def _urls(urls: Iterable[str], uri: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(url for url in (*urls, uri) if url))


def _labels(told: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - any of them
    return tuple(sorted(told.labels.items()))


KINDS = {
    "regions": Kind(
        regions,
        "run",
        Part.TARGETS,
        "regions of Cloud Run for {of}",
        "run.locations.list",
        "Cloud Run",
    ),
    "services": Kind(
        services,
        "run",
        Part.TARGETS,
        "services of {of} in {0}",
        "run.services.list",
        "services in {0}",
    ),
    "jobs": Kind(jobs, "run", Part.TARGETS, "jobs of {of} in {0}", "run.jobs.list", "jobs in {0}"),
    "instances": Kind(
        instances,
        "run",
        Part.TARGETS,
        "instances of {of} in {0}",
        "run.instances.list",
        "instances in {0}",
    ),
    "functions": Kind(
        functions,
        "functions",
        Part.TARGETS,
        "functions of {of}",
        "cloudfunctions.functions.list",
        "functions",
    ),
    "target": Kind(single, "run", Part.TARGETS, "{of}"),
}
