"""What calls targets on its own, as a service account, and who can set it off. Pure.

A subscription or trigger is set off by a message to its topic, a Scheduler job by running it, a
queue by a task in it, a workflow by an execution. Which target it calls is told by the address that
it calls; a workflow's address is in its source, which is not read.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from provision.audit.answers import Verdict
from provision.audit.index import Index
from provision.snapshot.records import Caller, CallerKind, Kind, Target

PUBLISH = "pubsub.topics.publish"
SETTING_OFF = {
    CallerKind.PUSH: PUBLISH,
    CallerKind.TRIGGER: PUBLISH,
    CallerKind.SCHEDULER: "cloudscheduler.jobs.run",
    CallerKind.QUEUE: "cloudtasks.tasks.create",
    CallerKind.WORKFLOW: "workflows.executions.create",
}
_JOB_V2 = re.compile(r"/v[12]/(projects/[^/]+/locations/[^/]+/jobs/[^/:]+):run")
_JOB_V1 = re.compile(r"/apis/run\.googleapis\.com/v1/namespaces/([^/]+)/jobs/([^/:]+):run")
_RUN = "run.googleapis.com"
_PLAIN = re.compile(r"https://([a-z0-9.-]+)/?")
"""As the addresses that Cloud Run gives are spelled."""


class Call(NamedTuple):
    """That something calls a target.

    Args:
        caller: what does.
        verdict: UNKNOWN where what it calls, or whether it still does, is not known.
        reason: why.
    """

    caller: Caller
    verdict: Verdict
    reason: str = ""

    @property
    def permission(self) -> str:
        """What sets it off."""
        return SETTING_OFF[self.caller.kind]

    @property
    def switch(self) -> str:
        """The full name of what that permission is asked on; empty where nobody sets it off."""
        return self.caller.by if self.permission == PUBLISH else self.caller.name


_PAUSED = "{} is paused, and whether it can be run nevertheless is not documented"
_SOURCE = "what {} calls is told by its source, which is not read"


@dataclass
class Callers:
    """Callers by what they call.

    Args:
        index: of the snapshot.
    """

    index: Index

    def of(self, target: Target) -> tuple[Call, ...]:
        """What is known to call a target, with a token of an account."""
        if target.name not in self._same:
            return tuple(self._named.get(target.name, ()))
        names = {target.name, *self._same[target.name]}
        return tuple(call for name in sorted(names) for call in self._named.get(name, ()))

    @cached_property
    def anywhere(self) -> tuple[Call, ...]:
        """What may call any target that its account gets into."""
        return tuple(call for call, targets in self._calls if targets is None)

    @cached_property
    def _named(self) -> dict[str, list[Call]]:
        found = defaultdict[str, list[Call]](list)
        for call, targets in self._calls:
            for name in targets or ():
                found[name].append(call)
        return dict(found)

    @cached_property
    def _same(self) -> dict[str, tuple[str, ...]]:
        """A second-generation function is its service under another name."""
        found = defaultdict[str, list[str]](list)
        for target in self.index.snapshot.targets:
            if target.service:
                found[target.service].append(target.name)
                found[target.name].append(target.service)
        return {name: tuple(others) for name, others in found.items()}

    @cached_property
    def _calls(self) -> tuple[tuple[Call, frozenset[str] | None], ...]:
        """Each caller with an account, with what it calls; None for whatever it likes."""
        return tuple(
            told
            for caller in self.index.snapshot.callers
            if caller.account and (told := self._told(caller)) is not None
        )

    def _told(self, caller: Caller) -> tuple[Call, frozenset[str] | None] | None:
        if caller.paused and caller.kind is not CallerKind.SCHEDULER:
            return None
        if not caller.calls:
            sure = caller.kind is CallerKind.QUEUE  # each of its tasks names an address
            verdict = Verdict.CAN if sure else Verdict.UNKNOWN
            return Call(caller, verdict, "" if sure else _SOURCE.format(caller.name)), None
        verdict = Verdict.UNKNOWN if caller.paused else Verdict.CAN
        call = Call(caller, verdict, _PAUSED.format(caller.name) if caller.paused else "")
        return call, self._called(caller.calls)

    def _called(self, address: str) -> frozenset[str]:
        if address in self.index.targets:
            return frozenset({address})
        url = urlsplit(address)
        host, path = (url.hostname or "").lower(), url.path
        found = {name for start, name in self._by_host.get(host, ()) if _under(path, start)}
        return frozenset(found | self._job(host, path))

    @cached_property
    def _by_host(self) -> dict[str, list[tuple[str, str]]]:
        """The paths under which targets answer, by the hosts of addresses and audiences."""
        found = defaultdict[str, list[tuple[str, str]]](list)
        for target in self.index.snapshot.targets:
            for address in (*target.urls, *target.audiences):
                if plain := _PLAIN.fullmatch(address):
                    found[plain[1]].append(("", target.name))
                    continue
                url = urlsplit(address if "//" in address else f"//{address}")
                if url.hostname:
                    found[url.hostname.lower()].append((url.path.rstrip("/"), target.name))
        return dict(found)

    def _job(self, host: str, path: str) -> set[str]:
        """Jobs are executed by the API: at its host, or one for a region."""
        if host != _RUN and not host.endswith((f"-{_RUN}", f".{_RUN}")):
            return set()
        if found := _JOB_V2.fullmatch(path):
            _, project, _, region, _, name = found[1].split("/")
        elif (found := _JOB_V1.fullmatch(path)) and host != _RUN:
            project, region, name = found[1], host.removesuffix(f"-{_RUN}"), found[2]
        else:
            return set()
        project = self.index.short(f"projects/{project}")
        full = f"//{_RUN}/{project}/locations/{region}/jobs/{name}"
        known = self.index.targets.get(full)
        return {full} if known is not None and known.kind is Kind.JOB else set()


def _under(path: str, start: str) -> bool:
    return not start or path == start or path.startswith(f"{start}/")
