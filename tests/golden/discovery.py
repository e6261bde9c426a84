"""Google's discovery documents: which answer each request line of an API has.

They ship with google-api-python-client.
"""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import googleapiclient

_FOLDER = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
_NAMES = (
    "run.v1",
    "run.v2",
    "artifactregistry.v1",
    "iam.v1",
    "iam.v2",
    "iamcredentials.v1",
    "cloudresourcemanager.v1",
    "cloudresourcemanager.v2",
    "cloudresourcemanager.v3",
    "serviceusage.v1",
    "cloudfunctions.v1",
    "cloudfunctions.v2",
    "cloudbuild.v1",
    "cloudidentity.v1",
    "pubsub.v1",
    "eventarc.v1",
    "cloudscheduler.v1",
    "cloudtasks.v2",
    "workflows.v1",
    "workflowexecutions.v1",
    "cloudasset.v1",
    "iap.v1",
)
# Names of Identity-Aware Proxy, whose document would take any.
_WIDE = r"projects/[^/]+/iap_(?:web|tunnel)(?:/.+)?"
_REGIONAL = re.compile(r"^[a-z]+-[a-z]+\d+-(?=run\.|cloudresourcemanager\.|pubsub\.)")


@dataclass(frozen=True)
class Shape:
    """What a request line is answered with.

    Args:
        document: the API and version, as in ``run.v2``.
        method: its id, as in ``run.projects.locations.services.get``.
        schema: the answer's schema, within `schemas`.
        schemas: all schemas of the document.
    """

    document: str
    method: str
    schema: dict[str, Any]
    schemas: dict[str, Any]


@dataclass(frozen=True)
class _Line:
    host: str
    verb: str
    pattern: re.Pattern[str]
    shape: Shape


def shapes(host: str, verb: str, path: str) -> list[Shape]:
    """What a request may be answered with; several, where only the host would tell which.

    Args:
        host: as asked; one of Google's decides, any other (loopback) leaves it open.
        verb: HTTP method.
        path: still percent-encoded.
    """
    wanted = _REGIONAL.sub("", host.partition(":")[0])
    google = wanted.endswith(".googleapis.com")
    fitting = [
        line
        for line in _lines()
        if line.verb == verb
        and line.pattern.fullmatch(path)
        and (not google or line.host == wanted)
    ]
    # A verb behind a colon is meant before a name that has one.
    verbs = [line for line in fitting if _ends_in_verb(line.pattern.pattern)]
    return [line.shape for line in verbs or fitting]


def _ends_in_verb(pattern: str) -> bool:
    return re.search(r":[a-zA-Z]+$", pattern) is not None


@functools.cache
def _lines() -> tuple[_Line, ...]:
    return tuple(line for name in _NAMES for line in _of_document(name))


def _of_document(name: str) -> Iterator[_Line]:
    document = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    host = urlsplit(document["rootUrl"]).hostname or ""
    for method in _methods(document):
        shape = Shape(name, method["id"], method.get("response", {}), document["schemas"])
        paths = {method["path"], method.get("flatPath", method["path"])}
        for path in sorted(paths, key=len, reverse=True)[:1]:
            wide = any(
                one.get("pattern") == "^.*$" for one in method.get("parameters", {}).values()
            )
            yield _Line(host, method["httpMethod"], _compiled(path, _WIDE if wide else None), shape)


def _methods(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from tree.get("methods", {}).values()
    for inner in tree.get("resources", {}).values():
        yield from _methods(inner)


def _compiled(path: str, name: str | None = None) -> re.Pattern[str]:
    parts = re.split(r"(\{\+?\w+\})", unquote(path))
    variable = name or "[^/]+"
    made = (variable if part.startswith("{") else re.escape(part) for part in parts)
    return re.compile("/" + "".join(made))
