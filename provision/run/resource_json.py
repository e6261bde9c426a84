"""A Cloud Run v2 resource in Google's JSON names: what is asserted laid over what is. Pure.

Services and jobs differ in where their containers stand (`POD`) and in nothing else here. Only what
is asserted is compared and written; whatever else a resource carries is left alone. Environment
variables are kept as a mapping here (the API has a list), so that a difference names the variable.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from provision.plan import Unknown
from provision.spec import SecretReference, Spec

Json = Mapping[str, Any]
Pod = Sequence[str]
"""The steps from a resource to the mapping that has its containers."""

MARK = ("managed-by", "provision")
"""The label that says a resource is ours."""

_SUFFIXES: Mapping[str, Decimal] = {
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
}


def container_fields(spec: Spec, image: str | Unknown) -> dict[str, Any]:
    """What every spec asserts of the container that it brings."""
    limits = given({"cpu": spec.cpu, "memory": spec.memory})
    return {
        "image": image,
        "env": OwnedMapping({**spec.env, **spec.secrets}),
        "resources": {"limits": limits} if limits else None,
    }


def pod_fields(spec: Spec, container: Json) -> dict[str, Any]:
    """What every spec asserts of the mapping that has the containers."""
    return {
        "serviceAccount": spec.account_email,
        "containers": [given(container)],
        "timeout": f"{spec.timeout}s" if spec.timeout else None,
    }


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` without those that are None."""
    return {name: value for name, value in values.items() if value is not None}


def with_free(spec: Spec, owned: Json, pod: Pod) -> dict[str, Any]:
    """What the spec owns, with what stands under its `run` beneath, marked as ours."""
    labels = {**spec.labels, MARK[0]: MARK[1]}
    return merged(in_our_terms(spec.run, pod), {**owned, "labels": labels})


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


def in_our_terms(resource: Json, pod: Pod) -> dict[str, Any]:
    """`resource`, serving container first, and each ``env`` as name → value or reference."""
    return _containers_changed(
        _serving_first(resource, pod),
        pod,
        lambda env: OwnedMapping({item["name"]: _env_value(item) for item in env}),
    )


def main_image(resource: Json, pod: Pod) -> str:
    """The image of the container that takes the requests or does the work; empty without one."""
    containers = pod_of(_serving_first(resource, pod), pod).get("containers") or [{}]
    return str(containers[0].get("image", ""))


def pod_of(resource: Json, pod: Pod) -> Json:
    """The mapping that has the containers; empty where it is missing."""
    found: object = resource
    for step in pod:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def with_pod(resource: Json, pod: Pod, changed: Json) -> dict[str, Any]:
    """`resource` with another mapping in the place of the one that has the containers."""
    if not pod:
        return dict(changed)
    first, *rest = pod
    inner = resource.get(first)
    within = inner if isinstance(inner, Mapping) else {}
    return {**resource, first: with_pod(within, rest, changed)}


def _serving_first(resource: Json, pod: Pod) -> Json:
    """The container with the ports takes the requests; the others are sidecars (run v2)."""
    found = pod_of(resource, pod)
    containers = found.get("containers", [])
    if not _mappings(containers) or not containers:
        return resource
    ordered = sorted(containers, key=lambda container: not container.get("ports"))
    return with_pod(resource, pod, {**found, "containers": ordered})


def env_as_list(resource: Json, pod: Pod) -> dict[str, Any]:
    """`resource` with each container's ``env`` as the API's list."""
    return _containers_changed(
        resource,
        pod,
        lambda env: [{"name": name, **_env_source(value)} for name, value in env.items()],
    )


def _containers_changed(
    resource: Json, pod: Pod, change: Callable[[Any], object]
) -> dict[str, Any]:
    found = pod_of(resource, pod)
    if not _mappings(found.get("containers")):
        return dict(resource)
    containers = [
        {**container, "env": change(container["env"])} if "env" in container else dict(container)
        for container in found["containers"]
    ]
    return with_pod(resource, pod, {**found, "containers": containers})


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


_OUTPUT_ONLY = frozenset(
    {
        *("uid", "generation", "createTime", "updateTime", "deleteTime", "expireTime"),
        *("creator", "lastModifier", "observedGeneration", "terminalCondition", "conditions"),
        *("latestReadyRevision", "latestCreatedRevision", "trafficStatuses", "reconciling"),
        *("urls", "uri", "satisfiesPzs", "threatDetectionEnabled"),
        *("executionCount", "latestCreatedExecution"),
    }
)
"""Fields that Cloud Run fills and does not take."""


def seen(live: Json, asserted: Json) -> dict[str, Any]:
    """Of what a resource is (`in_our_terms`), that which `asserted` speaks of.

    A value that means the same as the asserted one (``1`` and ``1000m``, an empty list and none)
    comes back as asserted, so that it is no difference. Sidecars that others added are left alone,
    and so are not seen.
    """
    return {name: _seen(name, live.get(name), value) for name, value in asserted.items()}


def laid_over(live: Json, asserted: Json, pod: Pod) -> dict[str, Any]:
    """The resource to send: what is, with what is asserted over it, in the API's terms."""
    kept = {
        name: item for name, item in in_our_terms(live, pod).items() if name not in _OUTPUT_ONLY
    }
    resource = merged(kept, asserted)
    containers = pod_of(resource, pod).get("containers", [])
    for index, container in enumerate(pod_of(asserted, pod).get("containers", [])):
        if "env" in container:
            containers[index]["env"] = container["env"]
    return env_as_list(resource, pod)


def is_settled(live: Json) -> bool:
    """The part of the documented test of success that services and jobs share (run v2)."""
    return (
        live.get("terminalCondition", {}).get("state") == "CONDITION_SUCCEEDED"
        and not live.get("reconciling", False)
        and live.get("observedGeneration") == live.get("generation")
    )
