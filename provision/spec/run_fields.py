"""What may stand under `run`: any field of a Service or Job of Cloud Run v2 without a spec's word.

One thing has one place. A field that the spec has its own word for is refused with that word, and
so is what only the server writes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from provision.resources import ImageReference, InvalidNameError
from provision.spec.model import POD, Kind
from provision.spec.nodes import Path

_ASSERTED = "is asserted false on every run: the invoker check stays on"
_LATEST = "is asserted on every run: all traffic goes to the latest revision"
_EXECUTES = "would execute the job whenever it is deployed; `provision execute` does on demand"
_PLAIN = {_ASSERTED, _LATEST, _EXECUTES}


def _pod_words(*pod: str) -> dict[Path, str]:
    """The spec's words for what the containers' part has, which services and jobs share."""
    container: Path = (*pod, "containers", 0)
    return {
        ("labels",): "use `labels`",
        (*pod, "serviceAccount"): "use `service_account`",
        (*pod, "timeout"): "use `timeout`",
        (*container, "image"): "use `image`; it is deployed by digest",
        (*container, "env"): "use `env` and `secrets`",
        (*container, "resources", "limits", "cpu"): "use `cpu`",
        (*container, "resources", "limits", "memory"): "use `memory`",
    }


_JOB_CONTAINER: Path = ("template", "template", "containers", 0)
_SPEC_WORD: Mapping[Kind, Mapping[Path, str]] = {
    Kind.SERVICE: {
        ("ingress",): "use `ingress`",
        ("invokerIamDisabled",): _ASSERTED,
        ("traffic",): _LATEST,
        ("iapEnabled",): "use `iap`",
        ("defaultUriDisabled",): "use `default_url`",
        ("customAudiences",): "use `custom_audiences`",
        **_pod_words("template"),
        ("template", "maxInstanceRequestConcurrency"): "use `concurrency`",
        ("template", "scaling", "minInstanceCount"): "use `min_instances`",
        ("template", "scaling", "maxInstanceCount"): "use `max_instances`",
        ("template", "containers", 0, "ports"): "use `port`",
    },
    Kind.JOB: {
        ("startExecutionToken",): _EXECUTES,
        ("runExecutionToken",): _EXECUTES,
        **_pod_words("template", "template"),
        ("template", "taskCount"): "use `tasks`",
        ("template", "parallelism"): "use `parallelism`",
        ("template", "template", "maxRetries"): "use `max_retries`",
        (*_JOB_CONTAINER, "command"): "use `command`",
        (*_JOB_CONTAINER, "args"): "use `args`",
    },
}
_SERVER_WRITES = frozenset(
    {
        *("name", "uid", "generation", "createTime", "updateTime", "deleteTime", "expireTime"),
        *("creator", "lastModifier", "observedGeneration", "terminalCondition", "conditions"),
        *("latestReadyRevision", "latestCreatedRevision", "trafficStatuses", "uri", "urls"),
        *("satisfiesPzs", "reconciling", "etag", "executionCount", "latestCreatedExecution"),
    }
)
_FREE_KEYS = frozenset({"labels", "annotations", "nodeSelector", "limits"})
_SNAKE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
_PUBLIC_ANNOTATIONS = (
    "run.googleapis.com/ingress",
    "run.googleapis.com/invoker-iam-disabled",
    "run.googleapis.com/default-url-disabled",
    "run.googleapis.com/iap-enabled",
    "run.googleapis.com/custom-audiences",
)


def run_problems(run: object, kind: Kind) -> Iterator[tuple[Path, str]]:
    """What is wrong under `run`: the path below it, and the message."""
    if not isinstance(run, dict):
        return
    for key in run:
        if key in _SERVER_WRITES:
            yield (key,), "is written by Cloud Run; it cannot be set"
    for path, advice in _SPEC_WORD[kind].items():
        if _has(run, path):
            verb = "" if advice in _PLAIN else "belongs to the spec; "
            yield path, verb + advice
    yield from _annotation_problems(run)
    yield from _spelling_problems(run, ())
    yield from _container_problems(run, POD[kind])


def _has(value: object, path: Path) -> bool:
    for step in path:
        within = value.keys() if isinstance(value, dict) else range(_length(value))
        if step not in within:
            return False
        value = value[step]  # type: ignore[index] # a list or mapping that holds the step
    return True


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _annotation_problems(run: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
    annotations = run.get("annotations")
    for name in _PUBLIC_ANNOTATIONS:
        if isinstance(annotations, dict) and name in annotations:
            yield ("annotations", name), "belongs to the spec, which has a word of its own for it"


def _spelling_problems(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _spelling_problems(item, (*path, index))
    if not isinstance(value, dict) or (path and path[-1] in _FREE_KEYS):
        return
    for key, inner in value.items():
        if _SNAKE.fullmatch(key):
            first, *rest = key.split("_")
            wanted = first + "".join(word.capitalize() for word in rest)
            yield (*path, key), f"fields under `run` go by their JSON names; write {wanted}"
        else:
            yield from _spelling_problems(inner, (*path, key))


def _container_problems(
    run: Mapping[str, object], pod: Sequence[str]
) -> Iterator[tuple[Path, str]]:
    template: object = run
    for depth, step in enumerate(pod, 1):
        template = template.get(step, {}) if isinstance(template, dict) else {}
        if not isinstance(template, dict):
            yield tuple(pod[:depth]), "must be a mapping"
            return
    path: Path = (*pod, "containers")
    containers = template.get("containers", []) if isinstance(template, dict) else []
    if not isinstance(containers, list):
        yield path, "must be a list; the first item is merged into its own container"
        return
    for index, container in enumerate(containers):
        if not isinstance(container, dict):
            yield (*path, index), "must be a mapping"
        elif index and not _by_digest(container.get("image")):
            wanted = "a sidecar needs an image by digest: HOST/…/image@sha256:…"
            yield (*path, index, "image"), wanted


def _by_digest(image: object) -> bool:
    try:
        return isinstance(image, str) and bool(ImageReference.parse(image).digest)
    except InvalidNameError:
        return False
