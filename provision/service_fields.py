"""A Cloud Run v2 Service in Google's JSON names: what the spec asserts of it, and what is. Pure.

Only what the spec asserts is compared and written; whatever else a service carries is left alone.
Environment variables are kept as a mapping here (the API has a list), so that a difference names
the variable.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from provision.plan import Unknown
from provision.spec import SecretReference, Spec

Json = Mapping[str, Any]

MARK = ("managed-by", "provision")
"""The label that says a resource is ours."""

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
_SUFFIXES: Mapping[str, Decimal] = {
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
}


def desired_fields(spec: Spec, image: str | Unknown) -> dict[str, Any]:
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
        "labels": {**spec.labels, MARK[0]: MARK[1]},
        "traffic": [{"type": LATEST, "percent": 100}],
        "template": _template(spec, image),
    }
    return merged(_in_our_terms(spec.run), owned)


def _template(spec: Spec, image: str | Unknown) -> dict[str, Any]:
    scaling = {"minInstanceCount": spec.min_instances, "maxInstanceCount": spec.max_instances}
    limits = {"cpu": spec.cpu, "memory": spec.memory}
    container = {
        "image": image,
        "env": OwnedMapping({**spec.env, **spec.secrets}),
        "ports": [{"containerPort": spec.port}] if spec.port else None,
        "resources": {"limits": _given(limits)} if _given(limits) else None,
    }
    template = {
        "serviceAccount": spec.account_email,
        "containers": [_given(container)],
        "timeout": f"{spec.timeout}s" if spec.timeout else None,
        "maxInstanceRequestConcurrency": spec.concurrency,
        "scaling": _given(scaling) or None,
    }
    return _given(template)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def merged(under: Json, over: Json) -> dict[str, Any]:
    """`over` laid onto `under`: mappings merged, containers item by item, else `over`."""
    result = dict(under)
    for name, value in over.items():
        result[name] = _laid(name, result[name], value) if name in result else value
    return result


def _laid(name: str, under: Any, over: Any) -> object:  # noqa: ANN401 - JSON
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return merged(under, over)
    if name == "containers" and under and over:
        pairs = _paired(under, over)
        laid = [merged(one, other) for one, other in pairs]
        return [*laid, *(one for one in under if not any(one is known for known, _ in pairs))]
    return over


def _paired(live: list[Json], asserted: list[Json]) -> list[tuple[Json, Json]]:
    """Each asserted container with the live one it is about: the first, then sidecars by name."""
    named = {one.get("name"): one for one in live[1:] if one.get("name")}
    rest = [(named.get(one.get("name"), {}), one) for one in asserted[1:]]
    return [(live[0], asserted[0]), *rest]


def _mappings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def observed_fields(live: Json, asserted: Json) -> dict[str, Any]:
    """Of what the service is, that which `asserted` speaks of, in the same spelling.

    A value that means the same as the asserted one (``1`` and ``1000m``, an empty list and none)
    comes back as asserted, so that it is no difference. Sidecars and traffic tags that others
    added are left alone, and so are not seen.
    """
    known = {**_in_our_terms(live), "traffic": _shares(live)}
    return {name: _seen(name, known.get(name), value) for name, value in asserted.items()}


def _seen(name: str, live: Any, asserted: Any) -> object:  # noqa: ANN401 - JSON
    if isinstance(asserted, Mapping):
        return _seen_mapping(name, live if isinstance(live, Mapping) else {}, asserted)
    if name == "containers" and live and _mappings(live):
        return [_seen("", one, other) for one, other in _paired(live, asserted) if one]
    return asserted if same_value(live, asserted, quantity=name in _QUANTITIES) else live


def _seen_mapping(name: str, live: Json, asserted: Json) -> dict[str, Any]:
    if isinstance(asserted, OwnedMapping):
        return OwnedMapping(live)
    if name in _TEXTS:
        return {key: live[key] for key in asserted if key in live}
    seen = {key: _seen(key, live.get(key), value) for key, value in asserted.items()}
    return {key: value for key, value in seen.items() if value is not None}


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


class OwnedMapping(dict[str, Any]):
    """A mapping that the spec owns whole: what it does not name is to be taken away."""


_QUANTITIES = frozenset({"cpu", "memory", "timeout"})
"""Fields in which ``1`` and ``1000m``, or ``60s`` and ``60.0s``, are the same."""

_TEXTS = frozenset({"labels", "annotations"})
"""Mappings of texts, in which ``1.1`` and ``1.10`` are not the same."""

_QUANTITY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(m|k|M|G|Ki|Mi|Gi|s)?")


def same_value(live: object, asserted: object, *, quantity: bool = False) -> bool:
    """Whether two values mean the same to Cloud Run.

    Args:
        live: as Cloud Run told it; None where it leaves out what is false or empty.
        asserted: as the spec has it.
        quantity: both are amounts, of which there are several spellings.
    """
    if live is None:
        return asserted in (None, False, 0, "", [], {})
    if isinstance(live, bool) or isinstance(asserted, bool):
        return live is asserted
    if isinstance(live, int) or isinstance(asserted, int):  # 64-bit integers come as texts
        return str(live) == str(asserted)
    return live == asserted or (
        quantity and _amount(live) == _amount(asserted) and _amount(live) is not None
    )


def _amount(value: object) -> Decimal | None:
    """The number that ``500m``, ``512Mi`` or ``300s`` stands for."""
    found = _QUANTITY.fullmatch(str(value))
    return Decimal(found[1]) * _SUFFIXES.get(found[2] or "", Decimal(1)) if found else None


def _in_our_terms(service: Json) -> dict[str, Any]:
    """`service` with the serving container first, and each ``env`` as name → value or reference."""
    return _containers_changed(
        _serving_first(service),
        lambda env: OwnedMapping({item["name"]: _env_value(item) for item in env}),
    )


def serving_image(service: Json) -> str:
    """The image of the container that takes the requests; empty when there is none."""
    containers = _serving_first(service).get("template", {}).get("containers") or [{}]
    return str(containers[0].get("image", ""))


def _serving_first(service: Json) -> Json:
    """The container with the ports takes the requests; the others are sidecars (run v2)."""
    template = service.get("template", {})
    containers = template.get("containers", []) if isinstance(template, Mapping) else []
    if not _mappings(containers):
        return service
    ordered = sorted(containers, key=lambda container: not container.get("ports"))
    return {**service, "template": {**template, "containers": ordered}} if containers else service


def env_as_list(service: Json) -> dict[str, Any]:
    """`service` with each container's ``env`` as the API's list."""
    return _containers_changed(
        service, lambda env: [{"name": name, **_env_source(value)} for name, value in env.items()]
    )


def _containers_changed(service: Json, change: Any) -> dict[str, Any]:  # noqa: ANN401
    template = service.get("template")
    if not isinstance(template, Mapping) or not _mappings(template.get("containers")):
        return dict(service)
    containers = [
        {**container, "env": change(container["env"])} if "env" in container else dict(container)
        for container in template["containers"]
    ]
    return {**service, "template": {**template, "containers": containers}}


def _env_value(item: Json) -> object:
    if "valueSource" in item:
        told = item["valueSource"].get("secretKeyRef", {})
        return SecretReference(told.get("secret", ""), told.get("version", "latest"))
    return item.get("value", "")


def _env_source(value: object) -> dict[str, Any]:
    if isinstance(value, SecretReference):
        told = {"secret": value.secret, "version": value.version}
        return {"valueSource": {"secretKeyRef": told}}
    return {"value": value}


OUTPUT_ONLY = frozenset(
    {
        *("uid", "generation", "createTime", "updateTime", "deleteTime", "expireTime"),
        *("creator", "lastModifier", "observedGeneration", "terminalCondition", "conditions"),
        *("latestReadyRevision", "latestCreatedRevision", "trafficStatuses", "reconciling"),
        *("urls", "uri", "satisfiesPzs", "threatDetectionEnabled"),
    }
)
"""Fields that Cloud Run fills and does not take."""


def to_write(live: Json, asserted: Json) -> dict[str, Any]:
    """The service to send: what is, with what the spec asserts laid over it.

    The revision's name is left to Cloud Run, which would refuse to use one twice.
    """
    kept = {name: value for name, value in _in_our_terms(live).items() if name not in OUTPUT_ONLY}
    service = merged(kept, asserted)
    if "traffic" in asserted:
        service["traffic"] = _traffic(live, asserted)
    for index, container in enumerate(asserted.get("template", {}).get("containers", [])):
        if "env" in container:
            service["template"]["containers"][index]["env"] = container["env"]
    service["template"] = {k: v for k, v in service["template"].items() if k != "revision"}
    if not live.get("template"):
        _keep_cpu_idle(service)
    return env_as_list(service)


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
    return (
        live.get("terminalCondition", {}).get("state") == "CONDITION_SUCCEEDED"
        and not live.get("reconciling", False)
        and live.get("observedGeneration") == live.get("generation")
        and live.get("latestReadyRevision") == live.get("latestCreatedRevision")
    )
