"""A workflow's source, from the templates. Pure: the same call gives the same bytes.

Syntax: https://cloud.google.com/workflows/docs/reference/syntax;
``http.*``: https://cloud.google.com/workflows/docs/reference/stdlib/http/request;
jobs: https://cloud.google.com/workflows/docs/tutorials/execute-cloud-run-jobs;
data in a bucket: https://cloud.google.com/workflows/docs/tutorials/execute-cloud-run-jobs-stored-events.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from urllib.parse import urlsplit

import yaml

from provision.errors import UsageError
from provision.tokens.audiences import for_address, require_private_way
from provision.workflows.calls import HttpCall, JobRun, Laid
from provision.workflows.yaml_text import block, inline

MAX_SOURCE = 128 * 1024
"""Bytes of a source: https://cloud.google.com/workflows/quotas."""
MAX_EXPRESSION = 400
"""Characters of an expression; the same page."""
MAX_TIMEOUT = 1800
"""Seconds that a request may take: ``http.request`` in the standard library."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""What `http.request` takes and a service may answer."""

_SHORTCUTS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_BODYLESS = {"GET", "DELETE"}
_REPEATABLE = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}
"""Methods that do the same twice as once: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2"""
_LONGEST_EXECUTION = 86_400
"""Seconds that the connector waits; left alone it gives up after 1800."""

_LINE = re.compile(r"( *)(?:- )?[a-zA-Z_]+: __([A-Z]+)__")
_MARKER = re.compile(r"__([A-Z]+)__")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*")
_WHOLE_EXPRESSION = re.compile(r"\$\{(.+)\}", re.DOTALL)
_EXPRESSIONS = re.compile(r"\$\{[^\n]*?\}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")

_JSON = "${answer.body}"
_DECODED = "${json.decode(text.encode(answer.body))}"


def render(
    call: HttpCall | JobRun,
    *,
    request: bool = False,
    decode: bool = False,
    retry: bool = False,
    as_json: bool = False,
) -> str:
    """The source of a workflow that makes `call`, ending with a newline.

    Args:
        call: what it does.
        request: by `http.request`, where a shortcut such as `http.get` would do.
        decode: the answer is JSON and does not say so in its media type.
        retry: a request that may have been in vain is sent again.
        as_json: as JSON, without the comments.

    Raises:
        UsageError: something in the call cannot be written, or not by these means.
    """
    if isinstance(call, JobRun):
        if request or decode or retry:
            raise UsageError(
                "A job gives no answer over HTTP: it is executed by the connector, which tries"
                " again by itself.",
            )
        name, values = _job(call)
    else:
        name, values = _service(call, request=request, decode=decode, retry=retry)
    template = (files("provision") / "templates" / "workflows" / name).read_text(encoding="utf-8")
    text = "".join(f"{line}\n" for line in _filled(template, values))
    _check(text)
    if as_json:
        return json.dumps(yaml.safe_load(text), indent=2, ensure_ascii=False) + "\n"
    return text


def _filled(template: str, values: Mapping[str, object]) -> Iterator[str]:
    """The lines of the template; a field without a value goes, and its comment with it."""
    comments: list[str] = []
    for line in template.splitlines():
        if line.lstrip().startswith("#"):
            comments.append(_MARKER.sub(lambda found: str(values[found[1]]), line))
            continue
        found = _LINE.fullmatch(line)
        if found and values[found[2]] is None:
            comments.clear()
            continue
        yield from comments
        comments.clear()
        if found is None:
            yield line
            continue
        value, before = values[found[2]], line.partition(" __")[0]
        short = inline(value)
        yield before if short is None else f"{before} {short}"
        if short is None:
            yield from block(value, len(found[1]) + 2)


def _service(
    call: HttpCall, *, request: bool, decode: bool, retry: bool
) -> tuple[str, Mapping[str, object]]:
    if call.method not in METHODS:
        raise UsageError(f"{call.method!r} is no method.", hint=f"Methods: {', '.join(METHODS)}.")
    by_shortcut = (
        not request
        and call.method in _SHORTCUTS
        and not (call.method in _BODYLESS and call.body is not None)
    )
    repeatable = call.method in _REPEATABLE
    plain = call.path if not _WHOLE_EXPRESSION.fullmatch(call.path) else "a path of its argument"
    head = f"{call.method} {plain or '/'} of {call.what}, as this workflow's own account."
    return ("service-retried.yaml" if retry else "service.yaml"), {
        "HEAD": _comment(head),
        "CALL": f"http.{call.method.lower() if by_shortcut else 'request'}",
        "URL": _url(call),
        "METHOD": None if by_shortcut else call.method,
        "QUERY": dict(call.query) or None,
        "HEADERS": _headers(call),
        "BODY": call.body,
        "TIMEOUT": _timeout(call.timeout),
        "AUDIENCE": call.audience or _audience(call.url),
        "RETURN": _DECODED if decode else _JSON,
        "PREDICATE": "${http.default_retry_predicate}"
        if repeatable
        else "${http.default_retry_predicate_non_idempotent}",
        "WHEN": "429, 502, 503, 504, and no connection or no answer in time."
        if repeatable
        else "429, 503 and no connection only: a second request must not do it twice.",
    }


def _url(call: HttpCall) -> str:
    require_private_way(call.url)
    root = call.url.rstrip("/")
    expression = _WHOLE_EXPRESSION.fullmatch(call.path)
    if expression:
        return f'${{"{root}" + {expression[1]}}}'
    if call.path and not _PATH.fullmatch(call.path):
        raise UsageError(
            f"{call.path!r} is no path.",
            hint="It begins with a slash; what is no sign of addresses is written with percent"
            ' signs, as in /a%20b. Or it is one expression: ${"/orders/" + args.id}.',
        )
    return root + call.path


def _audience(root: str) -> str:
    """The root URL as tokens have it; a traffic tag's address is none."""
    right = for_address(root)
    return right.value if right.note or not urlsplit(root).path.strip("/") else root.rstrip("/")


def _headers(call: HttpCall) -> Mapping[str, str] | None:
    for name in call.headers:
        if name.lower() in {"authorization", "x-serverless-authorization"}:
            raise UsageError(
                f"{name} is a header of the token, which Workflows puts in by itself.",
                hint="Leave it out: `auth` in the workflow does it.",
            )
    return dict(call.headers) or None


def _timeout(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    if not 0 < seconds <= MAX_TIMEOUT:
        raise UsageError(f"A request may take {MAX_TIMEOUT} s at most, and not {seconds:g}.")
    return int(seconds) if seconds == int(seconds) else seconds


def _job(call: JobRun) -> tuple[str, Mapping[str, object]]:
    data = call.data
    env = {**call.env, **({"INPUT_BUCKET": "${bucket}", "INPUT_FILE": "${object}"} if data else {})}
    container: dict[str, object] = {
        "name": call.container,
        "args": list(call.args),
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }
    container = {name: value for name, value in container.items() if value}
    of_container = bool(env or call.args)
    overrides: dict[str, object] = {
        **({"containerOverrides": [container]} if of_container else {}),
        **({"taskCount": call.tasks} if call.tasks else {}),
        **({"timeoutSeconds": call.timeout} if call.timeout else {}),
    }
    waits: dict[str, object] = {"timeout": _LONGEST_EXECUTION}
    values: dict[str, object] = {
        "HEAD": _comment(f"Executes {call.what}, as this workflow's own account."),
        "NAME": f"namespaces/{call.project}/jobs/{call.job}",
        "LOCATION": call.region,
        "BODY": {"overrides": overrides} if overrides else None,
        "CONNECTOR": waits if call.wait else {"skip_polling": True},
    }
    return ("job-data.yaml", {**values, **_laid(data)}) if data else ("job.yaml", values)


def _laid(data: Laid) -> Mapping[str, object]:
    if not _BUCKET.fullmatch(data.bucket):
        raise UsageError(
            f"{data.bucket!r} is no bucket's name.", hint="Without gs://, as in inbox."
        )
    if data.key and not _KEY.fullmatch(data.key):
        raise UsageError(
            f"{data.key!r} is no key.",
            hint="Its full name: projects/P/locations/L/keyRings/R/cryptoKeys/K.",
        )
    return {
        "BUCKET": data.bucket,
        "UPLOAD": f"https://storage.googleapis.com/upload/storage/v1/b/{data.bucket}/o",
        "KEY": data.key or None,
    }


def _comment(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _check(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_SOURCE:
        raise UsageError(
            f"The workflow is {size:,} bytes long, and {MAX_SOURCE:,} are allowed.",
            hint="Give the data when it is executed instead: it is `args` there.",
        )
    for found in _EXPRESSIONS.findall(text):
        if len(found) > MAX_EXPRESSION:
            raise UsageError(
                f"An expression is {len(found)} characters long, and {MAX_EXPRESSION} are allowed:"
                f" {found[:60]}…",
            )
