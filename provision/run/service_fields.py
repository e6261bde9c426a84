"""A Cloud Run v2 Service in Google's JSON names: what the spec asserts of it, and what is. Pure."""

from typing import Any

from provision.plan import Unknown
from provision.run.resource_json import (
    Json,
    container_fields,
    given,
    in_our_terms,
    is_settled,
    laid_over,
    main_image,
    pod_fields,
    seen,
    with_free,
)
from provision.spec import ServiceSpec
from provision.spec.model import POD, Kind

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
_POD = POD[Kind.SERVICE]


def desired_fields(spec: ServiceSpec, image: str | Unknown) -> dict[str, Any]:
    """The fields that `spec` asserts, by API name.

    Those that decide who can call are always among them, so that a default can never open a
    service: ``invokerIamDisabled``, ``ingress``, ``iapEnabled``, ``defaultUriDisabled``,
    ``customAudiences``.
    """
    owned = {
        "ingress": spec.ingress.api_name,
        "invokerIamDisabled": False,
        "iapEnabled": spec.iap,
        "defaultUriDisabled": not spec.default_url,
        "customAudiences": list(spec.custom_audiences),
        "traffic": [{"type": LATEST, "percent": 100}],
        "template": _template(spec, image),
    }
    return with_free(spec, owned, _POD)


def _template(spec: ServiceSpec, image: str | Unknown) -> dict[str, Any]:
    scaling = {"minInstanceCount": spec.min_instances, "maxInstanceCount": spec.max_instances}
    container = {
        **container_fields(spec, image),
        "ports": [{"containerPort": spec.port}] if spec.port else None,
    }
    template = {
        **pod_fields(spec, container),
        "maxInstanceRequestConcurrency": spec.concurrency,
        "scaling": given(scaling) or None,
    }
    return given(template)


def observed_fields(live: Json, asserted: Json) -> dict[str, Any]:
    """Of what the service is, that which `asserted` speaks of, in the same spelling.

    Traffic tags that others added are left alone, and so are not seen.
    """
    return seen({**in_our_terms(live, _POD), "traffic": _shares(live)}, asserted)


def _shares(live: Json) -> list[dict[str, Any]]:
    """Who gets the traffic, tags left out; the latest revision all of it where nothing is said."""
    targets = live.get("traffic") or [{"type": LATEST, "percent": 100}]
    parts = ("type", "revision", "percent")
    return [
        {part: target[part] for part in parts if part in target}
        for target in targets
        if target.get("percent")
    ]


def _traffic(live: Json, asserted: Json) -> list[dict[str, Any]]:
    """The asserted shares, with the tags that others gave to revisions."""
    tagged = [target for target in live.get("traffic", []) if target.get("tag")]
    kept = [{part: target[part] for part in target if part != "percent"} for target in tagged]
    return [*asserted["traffic"], *kept]


def serving_image(service: Json) -> str:
    """The image of the container that takes the requests; empty when there is none."""
    return main_image(service, _POD)


def to_write(live: Json, asserted: Json) -> dict[str, Any]:
    """The service to send: what is, with what the spec asserts laid over it.

    The revision's name is left to Cloud Run, which would refuse to use one twice.
    """
    service = laid_over(live, asserted, _POD)
    if "traffic" in asserted:
        service["traffic"] = _traffic(live, asserted)
    service["template"] = {k: v for k, v in service["template"].items() if k != "revision"}
    if not live.get("template"):
        _keep_cpu_idle(service)
    return service


def _keep_cpu_idle(service: dict[str, Any]) -> None:
    """Leave CPU to a new service's requests alone, as Cloud Run does where nothing is said.

    Limits without ``cpuIdle`` would have it allocated, and billed, always (run v2,
    ResourceRequirements). In a service that is there already, it stays as it is.
    """
    template = service["template"]
    first, *others = template.get("containers") or [{}]
    if first.get("resources"):
        resources = {"cpuIdle": True, **first["resources"]}
        template["containers"] = [{**first, "resources": resources}, *others]


def addresses(live: Json) -> tuple[str, ...]:
    """Every address of a service, the one that Cloud Run displays first."""
    urls = [url for url in (*live.get("urls", ()), live.get("uri", "")) if url]
    return tuple(dict.fromkeys(urls))


def is_ready(live: Json) -> bool:
    """The documented test of success (Cloud Run Admin API v2, Service)."""
    return is_settled(live) and (
        live.get("latestReadyRevision") == live.get("latestCreatedRevision")
    )
