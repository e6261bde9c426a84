"""Recorded traffic of the real APIs, read into one form."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
"""Where the recordings lie, beside the checkout. They are data of others and never copied."""

_DAMAGED = (
    '"cnrm-test":"config-connector-resource-type":"project","true"',
    '"cnrm-test":"true","config-connector-resource-type":"project"',
)
"""A request of one cassette is no JSON: a label was written into the middle of another."""

REPLACED = "fake error message"
"""What one recorder wrote over the bodies of errors."""


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer.

    Args:
        method: of the request.
        host: it went to.
        path: still percent-encoded.
        query: decoded parameters in their order.
        body: the request's JSON; None when there was none.
        status: of the answer.
        answer: its JSON; None when the recorder wrote over it, or it was empty.
    """

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any
    status: int
    answer: Any

    @property
    def line(self) -> str:
        """Method and path, as steps are named in the list of differences."""
        return f"{self.method} {unquote(self.path)}"


class Recording(NamedTuple):
    """A recorded life.

    Args:
        name: its path below the folder of recordings.
        exchanges: in their order.
    """

    name: str
    exchanges: tuple[Exchange, ...]

    @property
    def date(self) -> str:
        """``YYYY-MM-DD`` from the file's name; empty where it has none."""
        found = re.search(r"__(\d{4}-\d\d-\d\d)__", self.name)
        return found.group(1) if found else ""


def recordings(pattern: str = "kcc/**/*") -> list[Recording]:
    """Every recording of requests and answers whose path matches, sorted by name."""
    files = sorted(path for path in GOLDEN.glob(pattern) if path.suffix in {".log", ".yaml"})
    return [load(path) for path in files]


def load(path: Path) -> Recording:
    """One recording: a log of the newer recorder or a cassette of the older one."""
    read = _cassette if path.suffix == ".yaml" else _log
    return Recording(path.relative_to(GOLDEN).as_posix(), tuple(read(path.read_text())))


def _log(text: str) -> Iterator[Exchange]:
    job = re.search(r"jobs/([\w-]*\$\{uniqueId\}[\w-]*)", text)
    named = re.search(r'"name": "([\w-]*\$\{uniqueId\}[\w-]*)"', text)
    name = (job or named).group(1) if (job or named) else ""  # type: ignore[union-attr] # tested
    mended = text.replace("${jobID}", name).replace("${tagValueID}Name", "namespacedName")
    blocks = re.split(r"\n---(?:\n|$)", mended)
    for block in filter(str.strip, blocks):
        if block.lstrip().startswith("GRPC "):
            yield _grpc(block)
            continue
        head, status, tail = re.split(r"\n(\d{3}) [A-Z].*\n", block.strip() + "\n", maxsplit=1)
        method, url = head.split("\n", 1)[0].split(" ", 1)
        yield _exchange(method, url, _after_headers(head), int(status), _after_headers(tail))


def _grpc(block: str) -> Exchange:
    """One recording mixes in calls over gRPC, of one service; they are told by its host only."""
    path = block.split()[1]
    found = re.search(r"google\.cloud\.(\w+)\.", path)
    host = f"{found.group(1)}.googleapis.com" if found else ""
    return Exchange("GRPC", host, path, (), None, 200, None)


def _after_headers(text: str) -> str:
    start = re.search(r"^[\[{]", text, re.MULTILINE)
    return text[start.start() :] if start else ""


def _cassette(text: str) -> Iterator[Exchange]:
    for each in yaml.safe_load(text)["interactions"]:
        asked, answered = each["request"], each["response"]
        body = answered["body"] if answered["body"].strip() != REPLACED else ""
        sent = asked["body"].replace(*_DAMAGED)
        yield _exchange(asked["method"], asked["url"], sent, answered["code"], body)


def _exchange(method: str, url: str, body: str, status: int, answer: str) -> Exchange:
    parts = urlsplit(url)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Exchange(
        method,
        parts.hostname or "",
        _mended(parts.path, dict(query)),
        query,
        json.loads(body) if body.strip() else None,
        status,
        _undebugged(json.loads(answer)) if answer.strip() else None,
    )


def _undebugged(answer: Any) -> Any:  # noqa: ANN401 - JSON
    """An answer without the details of an error that has stacks of Google's own servers in them.

    They were told to somebody of Google's; other recordings of the same requests have no details.
    """
    error = answer.get("error") if isinstance(answer, dict) else None
    details = error.get("details", ()) if isinstance(error, dict) else ()
    if not any(one.get("@type", "").endswith("google.rpc.DebugInfo") for one in details):
        return answer
    rest = {key: value for key, value in answer["error"].items() if key != "details"}
    return {**answer, "error": rest}


def _mended(path: str, query: dict[str, str]) -> str:
    """The newer recorder takes the word ``namespaced`` in a path for an id; a name tells it."""
    if "name" in query and re.search(r"/tag(Keys|Values)/\$\{tag(Key|Value)ID\}$", path):
        return f"{path.rpartition('/')[0]}/namespaced"
    return path
