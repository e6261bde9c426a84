"""One HTTP conversation with a registry, in the raw: what was asked and what came back."""

import hashlib
import http.client
import json
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
MANIFEST = f"{OCI}.manifest.v1+json"
INDEX = f"{OCI}.index.v1+json"
COMPARED = (
    "Accept-Ranges",
    "Allow",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Docker-Content-Digest",
    "Docker-Distribution-Api-Version",
    "Docker-Upload-UUID",
    "Link",
    "Location",
    "OCI-Filters-Applied",
    "OCI-Subject",
    "Range",
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECONDS = 60


def digest_of(content: bytes) -> str:
    """``sha256:…`` of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Answer:
    """What a registry answered.

    Args:
        status: HTTP status.
        headers: as sent, names as in `COMPARED` where they are there.
        body: the whole body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def code(self) -> str:
        """The first error's code; empty without an error document."""
        try:
            return str(self.json["errors"][0]["code"])
        except (ValueError, KeyError, TypeError, IndexError):
            return ""

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def outcome(self) -> str:
        """Status and error code, as in ``404 BLOB_UNKNOWN``."""
        return f"{self.status} {self.code}".strip()

    @property
    def location(self) -> str:
        """Where to go on."""
        return self.headers["Location"]

    def facts(self) -> dict[str, str]:
        """What is compared: status, error code, headers and body, without what must differ.

        Error documents have each registry's own words, so only their code counts.
        """
        found = {"status": str(self.status), "code": self.code}
        for name in COMPARED:
            value = self.headers.get(name)
            if value is not None and not (self.status >= 400 and name == "Content-Length"):
                found[name] = _plain(name, value)
        if self.status < 300 and self.body:
            found["body"] = self._plain_body()
        return {name: value for name, value in found.items() if value}

    def _plain_body(self) -> str:
        if "json" in self.headers.get("Content-Type", ""):
            return json.dumps(self.json, sort_keys=True)
        return digest_of(self.body)


def _plain(name: str, value: str) -> str:
    if name == "Content-Type":
        return value.partition(";")[0]
    if name == "Location":
        value = urlsplit(value).path
    return _UUID.sub("UUID", value)


class Peer:
    """A registry to talk to.

    Args:
        host: ``127.0.0.1:PORT``.
        prefix: what every image name begins with.
        headers: sent with every request.
    """

    def __init__(self, host: str, prefix: str, headers: Mapping[str, str]) -> None:
        self.host, self.prefix, self._headers = host, prefix, dict(headers)

    def name(self, image: str, repository: str = "one") -> str:
        """The image's full name."""
        return f"{self.prefix}/{repository}/{image}"

    def call(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] = b"",
        **headers: str,
    ) -> Answer:
        """One request; `path` may be a whole URL; header names have ``_`` for ``-``."""
        parts = urlsplit(path)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection = http.client.HTTPConnection(self.host, timeout=_SECONDS)
        try:
            connection.request(method, target, body=body or None, headers=self._with(headers))
            return _read(connection.getresponse())
        finally:
            connection.close()

    def image(self, method: str, image: str, rest: str, body: bytes = b"", **more: str) -> Answer:
        """One request about an image of the first repository."""
        return self.call(method, f"/v2/{self.name(image)}/{rest}", body, **more)

    def _with(self, headers: Mapping[str, str]) -> dict[str, str]:
        return self._headers | {name.replace("_", "-"): value for name, value in headers.items()}

    @contextmanager
    def cut(self, method: str, path: str, announced: int, sent: bytes) -> Iterator[socket.socket]:
        """A request that announces more than it sends; the connection is cut at the end."""
        parts = urlsplit(path)
        lines = [f"{method} {parts.path}{'?' * bool(parts.query)}{parts.query} HTTP/1.1"]
        headers = {"Host": self.host, "Content-Length": str(announced), **self._headers}
        headers["Content-Type"] = "application/octet-stream"
        lines += [f"{name}: {value}" for name, value in headers.items()]
        host, _, port = self.host.partition(":")
        with socket.create_connection((host, int(port)), timeout=_SECONDS) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + sent)
            yield connection

    def begin(self, image: str) -> Answer:
        """Open an upload."""
        return self.image("POST", image, "blobs/uploads/")

    def finish(self, location: str, content: bytes, body: bytes = b"", **more: str) -> Answer:
        """Close an upload with the digest of `content`."""
        return self.call("PUT", with_digest(location, digest_of(content)), body, **more)

    def push_blob(self, image: str, content: bytes) -> dict[str, object]:
        """Upload a blob; its digest and size, as a descriptor has them."""
        answer = self.finish(self.begin(image).location, content, content)
        assert answer.status == 201, answer
        return {"digest": digest_of(content), "size": len(content)}

    def manifest(self, image: str, text: str, **more: object) -> bytes:
        """An OCI manifest whose config and layer are there."""
        config = json.dumps({"os": "linux", "architecture": "amd64", "text": text}).encode()
        layer = f"layer of {image}".encode()
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": f"{OCI}.config.v1+json", **self.push_blob(image, config)},
            "layers": [
                {"mediaType": f"{OCI}.layer.v1.tar+gzip", **self.push_blob(image, layer)},
            ],
            **more,
        }
        return json.dumps(document).encode()

    def put(self, image: str, target: str, content: bytes, media_type: str = MANIFEST) -> Answer:
        """Push a manifest or index."""
        return self.image("PUT", image, f"manifests/{target}", content, Content_Type=media_type)


def with_digest(location: str, digest: str) -> str:
    """An upload's address with the digest that closes it."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def _read(response: http.client.HTTPResponse) -> Answer:
    canonical = {name.lower(): name for name in COMPARED}
    headers = {canonical.get(name.lower(), name): value for name, value in response.getheaders()}
    try:
        body = response.read()
    except http.client.IncompleteRead as error:  # docker-registry's 416 announces what it omits
        body = error.partial
    return Answer(response.status, headers, body)
