"""What a workflow calls: services and functions over HTTP, jobs by the connector. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from provision.errors import UsageError
from provision.spec.nodes import Path
from provision.tokens.audiences import for_address
from provision.workflows.document import Document
from provision.workflows.known import Constants, Text, constants, text_of
from provision.workflows.steps import Step, steps

_HTTP = {"http.get", "http.post", "http.put", "http.patch", "http.delete", "http.request"}
_RUN_JOB = {
    "googleapis.run.v1.namespaces.jobs.run": re.compile(r"namespaces/([^/]+)/jobs/([^/]+)"),
    "googleapis.run.v2.projects.locations.jobs.run": re.compile(
        r"projects/([^/]+)/locations/([^/]+)/jobs/([^/]+)"
    ),
}
_V1 = "googleapis.run.v1.namespaces.jobs.run"


class Auth(StrEnum):
    """What a call brings to show who calls."""

    NONE = "none"
    OIDC = "OIDC"
    OAUTH2 = "OAuth2"
    BY_HAND = "by hand"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Request:
    """A call of ``http.*``.

    Args:
        step: where it is made.
        method: in capitals; empty where it is only known when it is executed.
        url: as far as it is known.
        auth: what it brings.
        audience: what it names; None where it names none.
        at: the place of each of its arguments, by their names; `url` is always there.
    """

    step: Step
    method: str
    url: Text
    auth: Auth
    audience: Text | None
    at: Mapping[str, Path] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The host that it goes to, with its port; empty where that is not known."""
        rest = self.url.start.partition("://")[2]
        if not rest or (not self.url.whole and not re.search(r"[/?#]", rest)):
            return ""
        return _split(self.url.start)

    @property
    def root(self) -> str:
        """The root URL that its token has to be for; empty where that is not known."""
        if not self.host:
            return ""
        try:
            root = for_address(self.url.start).value
        except UsageError:
            return ""
        rest = self.url.start.partition("://")[2].partition("/")[2]
        # Of a function the name is part of it, and all of the name has to be known.
        named = self.url.whole or "/" in rest or not self.host.endswith(".cloudfunctions.net")
        return root if named else ""

    @property
    def path(self) -> str:
        """The path, where all of it is known; empty otherwise."""
        rest = self.url.start
        known = self.url.whole or "?" in rest
        return urlsplit(rest).path if known and self.host else ""


@dataclass(frozen=True)
class JobStart:
    """An execution of a job by the connector.

    Args:
        step: where it is started.
        project: id or number; empty where it is only known when it is executed.
        region: likewise.
        job: likewise.
        overrides: whether it changes anything of the job for this execution.
        waits: whether it waits for the end.
        path: where its name is.
        is_v2: whether the connector is that of Cloud Run v2.
    """

    step: Step
    project: str
    region: str
    job: str
    overrides: bool
    waits: bool
    path: Path
    is_v2: bool = False

    @property
    def watch(self) -> str:
        """The permission that waiting asks for; of v2 on the project, where operations are."""
        return "run.operations.get" if self.is_v2 else "run.executions.get"


def _split(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def calls(
    document: Document, env: Mapping[str, str] | None = None, argument: object = None
) -> Iterator[Request | JobStart]:
    """Everything that the workflow calls, in the order of the file.

    Args:
        document: the source.
        env: what ``sys.get_env`` tells, as far as it is known.
        argument: that of one execution, where it is about one.
    """
    told = env or {}
    known = constants(document, told, argument)
    for step in steps(document):
        function = step.body.get("call")
        args = step.body.get("args")
        if not isinstance(function, str) or not isinstance(args, Mapping):
            continue
        if function in _HTTP:
            yield _request(step, function, args, known[step.routine], told)
        elif function in _RUN_JOB:
            yield _job(step, function, args, known[step.routine], told)


def _request(
    step: Step,
    function: str,
    args: Mapping[str, object],
    known: Constants,
    env: Mapping[str, str],
) -> Request:
    auth = args.get("auth")
    audience = auth.get("audience") if isinstance(auth, Mapping) else None
    method = function.partition(".")[2].upper()
    if method == "REQUEST":
        told = text_of(args.get("method"), known, env)
        method = told.start.upper() if told.whole else ""
    at: dict[str, Path] = {"url": (*step.path, "args", "url")}
    if auth is not None:
        at["auth"] = (*step.path, "args", "auth")
    if isinstance(auth, Mapping):
        at |= {name: (*step.path, "args", "auth", name) for name in auth}
    return Request(
        step=step,
        method=method,
        url=text_of(args.get("url"), known, env),
        auth=_auth(auth, args.get("headers"), known, env),
        audience=None if audience is None else text_of(audience, known, env),
        at=at,
    )


def _auth(auth: object, headers: object, known: Constants, env: Mapping[str, str]) -> Auth:
    if auth is None:
        named = {str(name).lower() for name in headers} if isinstance(headers, Mapping) else set()
        by_hand = named & {"authorization", "x-serverless-authorization"}
        unsure = headers is not None and not isinstance(headers, Mapping)
        return Auth.BY_HAND if by_hand else Auth.UNKNOWN if unsure else Auth.NONE
    if not isinstance(auth, Mapping):
        return Auth.UNKNOWN
    told = text_of(auth.get("type"), known, env)
    if not told.whole:
        return Auth.UNKNOWN
    # The words are compared without regard to case, as Workflows does.
    return {"oidc": Auth.OIDC, "oauth2": Auth.OAUTH2}.get(told.start.lower(), Auth.UNKNOWN)


def _job(
    step: Step,
    function: str,
    args: Mapping[str, object],
    known: Constants,
    env: Mapping[str, str],
) -> JobStart:
    name = text_of(args.get("name"), known, env)
    found = _RUN_JOB[function].fullmatch(name.start) if name.whole else None
    parts = found.groups() if found else ("", "") if function == _V1 else ("", "", "")
    if function == _V1:
        location = text_of(args.get("location"), known, env)
        parts = (parts[0], location.start if location.whole else "", parts[1])
    project, region, job = parts
    body, params = args.get("body"), args.get("connector_params")
    skips = params.get("skip_polling") if isinstance(params, Mapping) else None
    return JobStart(
        step=step,
        project=project,
        region=region,
        job=job,
        overrides=isinstance(body, Mapping) and bool(body.get("overrides")),
        waits=skips is not True,
        path=(*step.path, "args", "name"),
        is_v2=function != _V1,
    )
