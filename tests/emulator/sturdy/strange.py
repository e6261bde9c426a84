"""Makes strange requests from a seed: near to what the emulator offers, and wrong in some way."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from google.protobuf import descriptor

from provision.emulator.rpc.catalogue import Method, Route, methods
from tests.emulator.sturdy.strange_words import (
    DOCUMENTS,
    GRPC_NAMES,
    HEADERS,
    HOSTS,
    NAMES,
    NUMBERS,
    OTHER_PATHS,
    RAW,
    TEXTS,
    USUAL,
    USUAL_VERBS,
    VERBS,
    WELL_KNOWN,
    WORDS,
)

_FD = descriptor.FieldDescriptor


@dataclass(frozen=True)
class Strange:
    """A request over HTTP.

    Args:
        head: request line and headers without the length of the body.
        body: what follows.
        rpc: whether its path is one of an RPC, on the emulator's own host.
    """

    head: tuple[bytes, ...]
    body: bytes
    rpc: bool

    @property
    def raw(self) -> bytes:
        """As it goes over the wire."""
        length = b"Content-Length: %d" % len(self.body)
        return b"\r\n".join((*self.head, length, b"", self.body))


class Strangeness:
    """A stream of strange requests, the same for the same seed.

    Args:
        seed: which stream.
        token: an owner's access token, which about two thirds of the requests carry.
    """

    def __init__(self, seed: int, token: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be repeated
        self._wild = 1.0
        self._token = token
        self.methods = methods()
        self._routes = [(method, route) for method in self.methods for route in method.routes]

    def http(self) -> Strange:
        """One request for the HTTP port."""
        self._wild = self._random.choice((0.0, 0.1, 0.3, 1.0))
        pick = self._random.random()
        if pick < 0.7:
            method, route = self._random.choice(self._routes)
            verb, path = route.verb, self._path(route)
            query, body = self._query(method), self._body(method, route)
        else:
            method = None
            path, query = self._random.choice(OTHER_PATHS), ""
            usual = [verb for part, verb in USUAL_VERBS if part in path]
            verb = self._random.choice(usual if usual and self._chance(0.6) else VERBS)
            body = self._loose_body(path)
        whole = self._mutated(path) + query
        host = self._random.choice(HOSTS) if self._chance(0.1) else "127.0.0.1"
        if path.startswith("/apis/"):
            host = "asia-east1-run.googleapis.com"
        if self._chance(0.05):
            whole = f"http://{self._random.choice(HOSTS)}{whole}"
        headers = tuple(self._headers())
        head = [f"{verb} {whole} HTTP/1.1", f"Host: {host}", *headers]
        own = method is not None and whole.startswith(path) and host == "127.0.0.1"
        # What is no HTTP is refused by the HTTP server, in no form of Google's.
        own = own and whole.isascii() and _is_http(headers)
        return Strange(tuple(line.encode("utf-8", "replace") for line in head), body, own)

    def grpc(self) -> tuple[str, bytes, bool]:
        """A method's path, the bytes of its request, and whether the token goes with it."""
        self._wild = self._random.choice((0.0, 0.1, 0.3, 1.0))
        method = self._random.choice(self.methods)
        message = method.request()
        self._fill(message, 0)
        raw = bytes(message.SerializeToString())
        if self._chance(0.4 * self._wild):
            raw = self._broken(raw)
        name = f"/{method.name}" if self._chance(0.95) else self._random.choice(GRPC_NAMES)
        return name, raw, self._chance(0.9)

    def _astray(self) -> bool:
        """Whether something is as it should not be; how often, every request has its own share."""
        return self._chance(0.5 * self._wild)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _word(self) -> str:
        return self._random.choice(WORDS)

    def _broken(self, raw: bytes) -> bytes:
        if self._chance(0.3) or not raw:
            return self._random.randbytes(self._random.choice((1, 7, 300)))
        changed = bytearray(raw)
        for _ in range(self._random.randint(1, 4)):
            changed[self._random.randrange(len(changed))] = self._random.randrange(256)
        return bytes(changed[: self._random.randint(1, len(changed))])

    def _path(self, route: Route) -> str:
        """The route's template with its variables filled in, mostly in the form it wants."""
        path = ""
        for piece in route.template.replace("}", "{").split("{"):
            _, _, pattern = piece.partition("=")
            if not piece or piece.startswith(("/", ":")):
                path += piece
            else:
                for one in (pattern or "*").split("/"):
                    path += self._segment(one, path) + "/"
                path = path[:-1]
        return path

    def _segment(self, wanted: str, path: str) -> str:
        if wanted not in ("*", "**"):
            return wanted
        usual = USUAL.get(path.rstrip("/").rpartition("/")[2], "orders")
        return quote(self._word(), safe="%:@~*") if self._astray() else usual

    def _mutated(self, path: str) -> str:
        if not self._chance(0.4 * self._wild):
            return path
        at = self._random.randrange(len(path) + 1)
        what = self._random.choice(
            ("%", "%zz", "/", "//", "%2f", "?", "..", "%00", "\u00fc", ";", ":")
        )
        return f"/{path[:at]}{what}{path[at:]}".replace("//", "/", 1)

    def _query(self, method: Method) -> str:
        pairs = []
        names = [field.json_name for field in method.request.DESCRIPTOR.fields]
        number = self._random.randrange(10**6)
        pairs += [f"{name}=n{number}" for name in names if name.endswith("Id")]
        while self._astray():
            name = self._random.choice((*names, "a.b.c", "", "$alt", "access_token", "fields"))
            if self._chance(0.3):
                name += "." + self._random.choice((*names, "paths", "seconds", "x"))
            value = self._random.choice((self._word(), "1", "true", "json;enum-encoding=int"))
            pairs.append(f"{quote(name)}={quote(value, safe='%')}")
        return "?" + "&".join(pairs) if pairs else ""

    def _headers(self) -> Iterator[str]:
        if self._chance(0.85):
            yield f"Authorization: Bearer {self._token}"
        while self._astray():
            name, value = self._random.choice(HEADERS)
            yield f"{name}: {value}"

    def _body(self, method: Method, route: Route) -> bytes:
        if self._chance(0.25 * self._wild):
            return self._random.choice(RAW)
        if not route.body:
            return b""
        message = method.request()
        found = message.DESCRIPTOR
        if route.body != "*":
            found = found.fields_by_name[route.body].message_type
        return json.dumps(self._json(found, 0)).encode()

    def _changed(self, value: object) -> object:
        """A document in which some part may be something else, missing, or twice there."""
        if self._chance(0.12 * self._wild):
            return self._any(2)
        if isinstance(value, dict):
            kept = {key: self._changed(one) for key, one in value.items() if not self._astray()}
            return kept | ({self._word(): self._any(3)} if self._chance(0.1 * self._wild) else {})
        if isinstance(value, list):
            return [self._changed(one) for one in value] * self._random.choice((1, 1, 1, 2))
        return value

    def _loose_body(self, path: str) -> bytes:
        fitting = [document for part, document in DOCUMENTS if part in path]
        if fitting and self._chance(0.7):
            return json.dumps(self._changed(self._random.choice(fitting))).encode()
        if self._chance(0.4):
            return self._random.choice(RAW)
        keys = (
            "method", "code", "times", "kind", "seconds", "member", "resource", "role", "group",
            "members", "constraint", "allowed", "enforce", "projectId", "iamDelay", "metadata",
            "spec", "template", "apiVersion", "grant_type", "assertion", "schemaVersion", "layers",
            "config", "mediaType", "serviceIds", "refresh_token",
        )  # fmt: skip
        if "token" in path and self._chance(0.5):
            return "&".join(
                f"{key}={self._word()}" for key in self._random.sample(keys, 3)
            ).encode()
        return json.dumps({key: self._any(0) for key in self._random.sample(keys, 4)}).encode()

    def _any(self, depth: int) -> object:
        kind = self._random.choice(
            ("number", "text", "plain", "list", "object")[: 3 if depth > 3 else 5]
        )
        if kind == "list":
            return [self._any(depth + 1) for _ in range(self._random.randint(0, 3))]
        if kind == "object":
            return {self._word(): self._any(depth + 1) for _ in range(2)}
        values: dict[str, tuple[object, ...]] = {"number": NUMBERS, "text": TEXTS}
        return self._random.choice(values.get(kind, (None, True, False)))

    def _json(self, message: Any, depth: int) -> dict[str, object]:  # noqa: ANN401 - descriptor
        tree: dict[str, object] = {}
        for field in message.fields:
            if self._chance(0.3 if depth < 5 else 0.0):
                name = self._random.choice((field.json_name, field.name))
                value = self._any(1) if self._chance(0.1 * self._wild) else self._of(field, depth)
                repeated = field.is_repeated and not self._chance(0.05 * self._wild)
                tree[name] = [value] * self._random.randint(0, 2) if repeated else value
        if self._chance(0.05 * self._wild):
            tree[self._word()] = self._any(1)
        return tree

    def _of(self, field: Any, depth: int) -> object:  # noqa: ANN401 - descriptor
        """A value of the kind that a field wants, or nearly."""
        if field.message_type is not None:
            wellknown = WELL_KNOWN.get(field.message_type.full_name)
            if wellknown is None:
                return self._json(field.message_type, depth + 1)
            return self._random.choice(wellknown) if self._astray() else wellknown[0]
        if field.enum_type is not None:
            names = [value.name for value in field.enum_type.values]
            return self._random.choice((*names, 0, 99, -1, "NONE") if self._astray() else names)
        if field.type == _FD.TYPE_BOOL:
            return self._random.choice((True, False))
        if field.type in (_FD.TYPE_STRING, _FD.TYPE_BYTES):
            usual = USUAL.get(field.name, f"n{self._random.randrange(10**6)}")
            strange = self._random.choice((self._word(), self._random.choice(TEXTS)))
            return strange if self._astray() else usual
        return self._random.choice((0, 1, 3, "5", *NUMBERS) if self._astray() else (0, 1, 3, "5"))

    def _fill(self, message: Any, depth: int) -> None:  # noqa: ANN401 - protobuf
        for field in message.DESCRIPTOR.fields:
            if depth > 4 or not self._chance(0.4) or field.type == _FD.TYPE_GROUP:
                continue
            value = getattr(message, field.name)
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                continue
            if field.message_type is not None:
                self._fill(value.add() if field.is_repeated else value, depth + 1)
            elif field.is_repeated:
                value.append(self._scalar(field))
            else:
                setattr(message, field.name, self._scalar(field))

    def _scalar(self, field: Any) -> object:  # noqa: ANN401 - descriptor
        if field.type == _FD.TYPE_STRING:
            text = self._random.choice((*WORDS, *TEXTS, *NAMES))
            if field.name in ("name", "parent", "resource"):
                text = self._random.choice(NAMES)
            elif field.name.endswith("_id"):
                text = f"n{self._random.randrange(10**6)}"
            elif not self._astray():
                text = USUAL.get(field.name, "x")
            return text.encode("utf-8", "ignore").decode()
        if field.type == _FD.TYPE_BYTES:
            return self._random.randbytes(self._random.choice((0, 3, 8)))
        if field.enum_type is not None:
            return self._random.choice((0, 1, 2, 99))
        if field.type in (_FD.TYPE_DOUBLE, _FD.TYPE_FLOAT):
            return self._random.choice((0.0, float("nan"), 1e300))
        return self._random.choice((0, 1, 3, 2**31 - 1))


def _is_http(headers: tuple[str, ...]) -> bool:
    names = [line.partition(":")[0] for line in headers]
    return len(set(names)) == len(names) and not any("\x7f" in line for line in headers)
