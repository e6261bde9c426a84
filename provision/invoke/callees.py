"""What a workflow calls, looked up: what answers at an address, and whether an account gets in."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from provision.clients.clock import Clock
from provision.clients.cloud_run import CloudRun
from provision.clients.functions import Functions
from provision.clients.google import GoogleClients
from provision.clients.iam import Iam
from provision.clients.resource_manager import ResourceManager
from provision.clients.targets import Resolved, Targets
from provision.errors import NotFoundError, ProvisionError, UsageError
from provision.invoke.addressing import Way
from provision.invoke.circumstances import Circumstances
from provision.invoke.explain import Asked, Credential, Holds, Known
from provision.principals import is_public
from provision.resources import FunctionName, JobName, Name, ServiceName
from provision.roles import RUN_WITH_OVERRIDES
from provision.targets import Target, TargetKind
from provision.tokens.audiences import Audience, for_address, plain
from provision.workflows.about import About, Access, Callee, Job, May, Unread
from provision.workflows.call_rules import audience_of, is_google
from provision.workflows.outgoing import JobStart, Request

_BALANCED = {"INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "ALLOW_INTERNAL_AND_GCLB"}
_EVERYBODY = "allUsers"
_BY_NUMBER = re.compile(r"(?:[^.]*---)?(.+)-([0-9]+)\.([a-z0-9-]+)\.run\.app")
"""The address that has the project's number in it: NAME-NUMBER.REGION.run.app."""
_FUNCTIONS = ".cloudfunctions.net"
_OF_FUNCTION = re.compile(r"([a-z]+-[a-z]+[0-9]+)-(.+)\.cloudfunctions\.net")


@dataclass(frozen=True)
class Callees:
    """Looks up what a workflow calls; reads only.

    Args:
        google: the clients to call with.
        project: the project that the workflow runs in.
        progress: told what is being looked at.
        account: the e-mail of the workflow's account; empty where it is not known.
    """

    google: GoogleClients
    project: str
    progress: Callable[[str], None]
    account: str = ""
    clock: Clock = field(default_factory=Clock)

    def about(self, calls: Iterable[Request | JobStart]) -> About:
        """What is known of everything that `calls` go to."""
        at: dict[str, Callee | Unread | None] = {}
        jobs: dict[tuple[str, str, str], Job | Unread | None] = {}
        for call in calls:
            if isinstance(call, JobStart):
                key = (call.project, call.region, call.job)
                if all(key) and key not in jobs:
                    jobs[key] = self._job(call)
            elif call.host and not call.host.endswith(".googleapis.com"):
                at.setdefault(call.url.start, self._callee(call))
        return About(self.project, self.account, at, jobs)

    def find(self, call: Request) -> Resolved | None:
        """What answers a call: by its address, else by the audience that it is for.

        Raises:
            ProvisionError: it could not be looked up.
        """
        for url in (call.url.start, audience_of(call)):
            name = self._name(url) if "://" in url else None
            found = self._resolved(name) if name is not None else None
            if found is not None:
                return found
        return None

    def known(self, resolved: Resolved, member: str) -> Known:
        """What the control side says of a request by `member`."""
        accepted = (*map(plain, resolved.urls), *resolved.audiences)
        way = Way(str(resolved.target), "", Audience(""), accepted, resolved)
        asked = Asked("POST", next(iter(accepted), ""), Credential.ID, member)
        return self._circumstances.of(way, resolved, asked, self.clock.now(), policies=True)

    def _callee(self, call: Request) -> Callee | Unread | None:
        self.progress(f"looking for {call.root or call.host}")
        try:
            resolved = self.find(call)
            return None if resolved is None else self._described(resolved)
        except ProvisionError as error:
            return Unread(str(error))

    def _described(self, resolved: Resolved) -> Callee:
        known = self.known(
            resolved, f"serviceAccount:{self.account}" if self.account else _EVERYBODY
        )
        gate = known.gate
        off = gate is not None and gate.default_url_disabled
        return Callee(
            name=known.name,
            argument=known.argument,
            project=self._own(resolved.target.name.project),
            roots=tuple(map(plain, resolved.urls)),
            audiences=resolved.audiences,
            is_internal=gate is not None and gate.shut_from_outside and not off,
            is_balanced=gate is not None and gate.ingress in _BALANCED,
            is_off=off,
            is_open=known.unchecked
            or any(
                one.holds is Holds.YES and is_public(one.member) for one in known.standings or ()
            ),
            role=known.role,
            access=_access(known) if self.account else Access(May.UNKNOWN),
        )

    def _job(self, call: JobStart) -> Job | Unread | None:
        self.progress(f"looking for job {call.job}")
        try:
            name = JobName.parse(
                f"projects/{self._own(call.project)}/locations/{call.region}/jobs/{call.job}"
            )
            resolved = self._resolved(name)
            if resolved is None:
                return None
            member = f"serviceAccount:{self.account}"
            may = Access(May.UNKNOWN)
            told = Job(str(resolved.target), f"job/{call.job}", may, may, may)
            if not self.account:
                return told
            told = replace(told, run=_access(self.known(resolved, member)))
            if call.overrides:
                other = replace(resolved, permission=RUN_WITH_OVERRIDES)
                told = replace(told, overridden=_access(self.known(other, member)))
            if call.waits:
                known = self.known(replace(resolved, permission=call.watch), member)
                told = replace(told, watched=_access(_above(known) if call.is_v2 else known))
        except ProvisionError as error:
            return Unread(str(error))
        return told

    def _name(self, url: str) -> Name | None:
        """The name of what answers at `url`."""
        host = (urlsplit(url).hostname or "").lower()
        found = self._listed(url)
        by_number = _BY_NUMBER.fullmatch(host)
        if found is None and host.endswith(_FUNCTIONS):
            return self._function(host, url)
        if found is None and by_number:
            service, number, region = by_number.groups()
            return ServiceName.parse(
                f"projects/{self._own(number)}/locations/{region}/services/{service}"
            )
        return found

    def _function(self, host: str, url: str) -> FunctionName | None:
        own = f"-{self.project}{_FUNCTIONS}"
        region, project = host.removesuffix(own), self.project
        if region == host:
            found = _OF_FUNCTION.fullmatch(host)
            if not found:
                return None
            region, project = found.groups()
        name = urlsplit(url).path.lstrip("/").partition("/")[0]
        return FunctionName.parse(f"projects/{project}/locations/{region}/functions/{name}")

    def _listed(self, url: str) -> Name | None:
        """The service or function of the project that has this address or custom audience."""
        found = _at(url, self._services)
        if found is None and not is_google((urlsplit(url).netloc).lower()):
            found = _at(url, self._functions)
        return found

    @cached_property
    def _services(self) -> tuple[tuple[Name, tuple[str, ...]], ...]:
        """Every service of the project and its addresses."""
        listed = CloudRun(self.google, self.clock).services_everywhere(self.project)
        return tuple(self._addressed(one) for one in listed)

    def _addressed(self, service: Mapping[str, Any]) -> tuple[Name, tuple[str, ...]]:
        """A service in Cloud Run's v1 form."""
        meta = service["metadata"]
        told = meta.get("annotations", {})
        region = meta["labels"]["cloud.googleapis.com/location"]
        lists = (
            told.get(f"run.googleapis.com/{one}", "[]") for one in ("urls", "custom-audiences")
        )
        urls = (
            service.get("status", {}).get("url", ""),
            *(url for one in lists for url in _parsed(one)),
        )
        name = ServiceName.parse(
            f"projects/{self.project}/locations/{region}/services/{meta['name']}"
        )
        return name, tuple(plain(url) for url in urls if url)

    @cached_property
    def _functions(self) -> tuple[tuple[Name, tuple[str, ...]], ...]:
        """Every function of the project and its address."""
        return tuple(
            (one.name, (plain(one.url),)) for one in Functions(self.google).everywhere(self.project)
        )

    def _resolved(self, name: Name) -> Resolved | None:
        kind = {ServiceName: "service", JobName: "job", FunctionName: "function"}[type(name)]
        try:
            return Targets(self.google, self.clock).resolve(Target(TargetKind(kind), name))
        except NotFoundError:
            return None

    def _own(self, project: str) -> str:
        """The project's id, where `project` is the number of the workflow's own."""
        return self.project if project == self._number else project

    @cached_property
    def _number(self) -> str:
        """The number of the project; empty where it cannot be read."""
        return ResourceManager(self.google).number(self.project)

    @cached_property
    def _circumstances(self) -> Circumstances:
        return Circumstances(Iam(self.google), ResourceManager(self.google), self.progress)


def _at(url: str, listed: Iterable[tuple[Name, tuple[str, ...]]]) -> Name | None:
    """Which of them answers at `url`."""
    root = _root(url)
    for name, addresses in listed:
        if any(one in (url, root) or url.startswith(f"{one}/") for one in addresses):
            return name
    return None


def _access(known: Known) -> Access:
    """Whether the caller gets in, by the policies that could be read."""
    standings = known.standings or ()
    if known.unchecked or any(one.holds is Holds.YES for one in standings):
        return Access(May.YES)
    unsure = [str(one) for one in standings if one.holds is Holds.UNKNOWN]
    if known.standings is None or unsure or known.unread:
        return Access(May.UNKNOWN, "; ".join((*unsure, *known.unread)) or "its policy was not read")
    return Access(May.NO)


def _above(known: Known) -> Known:
    """What is known without the target's own policy, beneath which operations do not stand."""
    standings = [one for one in known.standings or () if one.where != known.name]
    return replace(known, standings=None if known.standings is None else tuple(standings))


def _root(url: str) -> str:
    try:
        return for_address(url).value
    except UsageError:
        return url


def _parsed(text: str) -> tuple[str, ...]:
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()
