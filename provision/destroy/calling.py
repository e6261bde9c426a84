"""What `destroy` takes away of what calls a service or executes a job."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from provision.clients.callers import Queues, Schedules, Subscriptions
from provision.clients.iam import OURS
from provision.clients.workflows import Workflows
from provision.destroy.removal import NOT_OURS, Removal
from provision.run.resource_json import MARK
from provision.spec import ServiceSpec, Spec
from provision.spec.calls import CallerKind, CallerSpec, PushSpec, QueueSpec, WorkflowSpec
from provision.stages import Progress
from provision.stages.called_by import CalledBy

Json = Mapping[str, Any]


@dataclass(frozen=True)
class CallingThings:
    """Looks for workflows, schedules, subscriptions and queues that are ours and go.

    Args:
        workflows: those of Workflows.
        schedules: of Cloud Scheduler.
        subscriptions: of Pub/Sub, with topics.
        queues: of Cloud Tasks.
        called_by: a caller as its stage handles it.
        progress: told what is being waited for.
    """

    workflows: Workflows
    schedules: Schedules
    subscriptions: Subscriptions
    queues: Queues
    called_by: Callable[[Spec, CallerSpec], CalledBy]
    progress: Progress

    def of(self, spec: Spec) -> Iterator[Removal]:
        """What is declared beside a service or job, where it is there; reads only."""
        found = [self._workflow(spec, one) for one in spec.workflows]
        callers = spec.callers if isinstance(spec, ServiceSpec) else ()
        found += [self._caller(self.called_by(spec, one)) for one in callers]
        yield from filter(None, found)

    def users(self, spec: Spec, going: frozenset[str]) -> dict[str, str]:
        """What stays of the products that the spec names, and the account that it calls as.

        Args:
            spec: what is declared.
            going: full names of all that is taken away now.
        """
        found: list[tuple[str, Json]] = []
        project = f"projects/{spec.project.value}"
        if spec.workflows:
            listed = self.workflows.everywhere(spec.project.value)
            found += [("workflow", one) for one in listed]
        kinds = {caller.kind for caller in spec.callers} if isinstance(spec, ServiceSpec) else ()
        for kind in sorted(kinds):
            place = project if kind is CallerKind.PUSH else spec.resource_name.parent
            found += [(kind, one) for one in self._client(kind).below(place)]
        return {
            f"{kind} {_short(one['name'])}": _account(one)
            for kind, one in found
            if one["name"] not in going
        }

    def _client(self, kind: CallerKind) -> Schedules | Subscriptions | Queues:
        if kind is CallerKind.PUSH:
            return self.subscriptions
        return self.queues if kind is CallerKind.QUEUE else self.schedules

    def topics(self, spec: Spec, going: frozenset[str]) -> Iterator[Removal]:
        """Topics that were made for it, where nothing that stays listens to them.

        Args:
            spec: what is declared.
            going: full names of all that is taken away now.
        """
        callers = spec.callers if isinstance(spec, ServiceSpec) else ()
        named = (one.topic for one in callers if isinstance(one, PushSpec))
        for name in dict.fromkeys(named):
            topic = self.subscriptions.find_topic(name)
            if topic is None:
                continue
            subject = f"topic {name.rpartition('/')[2]}"
            staying = [one for one in self.subscriptions.of_topic(name) if one not in going]
            if not _is_marked(topic):
                yield Removal(subject, name, reason=NOT_OURS)
            elif staying:
                yield Removal(subject, name, reason=f"there listens to it: {', '.join(staying)}")
            else:
                yield Removal(subject, name, partial(self.subscriptions.delete_topic, name))

    def _workflow(self, spec: Spec, workflow: WorkflowSpec) -> Removal | None:
        name = spec.workflow_name(workflow)
        live = self.workflows.find(name)
        subject = f"workflow {workflow.name} in {name.region}"
        if live is None:
            return None
        if not _is_marked(live):
            return Removal(subject, name.name, reason=NOT_OURS)
        remove = partial(self.workflows.delete, name, self.progress)
        return Removal(subject, name.name, remove, ("its executions, and what they tell",))

    def _caller(self, one: CalledBy) -> Removal | None:
        subject = f"{one.caller.kind} {one.caller.name}"
        if isinstance(one.caller, QueueSpec):
            return self._queue(one, subject)
        is_push = isinstance(one.caller, PushSpec)
        client = self._client(one.caller.kind)
        live = client.find(one.name)
        if live is None:
            return None
        ours = _is_marked(live) or str(live.get("description", "")).startswith(OURS)
        if not ours:
            return Removal(subject, one.name, reason=NOT_OURS)
        details = ("its messages that are not delivered yet",) if is_push else ()
        return Removal(subject, one.name, partial(client.delete, one.name), details)

    def _queue(self, one: CalledBy, subject: str) -> Removal | None:
        """A queue carries no mark: it is ours where its tasks go as the spec says, as whom too."""
        seen = one.seen()
        if seen is None:
            return None
        caller = one.caller
        same = seen["serviceAccount"] == caller.account.email
        if not same or not str(seen["uri"]).partition("?")[0].endswith(caller.call.path):
            why = "its tasks do not go where the spec says, so it may not be ours"
            return Removal(subject, one.name, reason=why)
        details = ("its tasks that are not done yet", "its name, for some days")
        return Removal(subject, one.name, partial(self.queues.delete, one.name), details)


def _account(live: Json) -> str:
    """As whom a workflow runs, or a caller calls; empty for nobody."""
    target = live.get("httpTarget") or live.get("pushConfig") or {}
    named = live.get("serviceAccount") or target.get("oidcToken", {}).get("serviceAccountEmail")
    return _short(named or "")


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _is_marked(live: Json) -> bool:
    return bool(live.get("labels", {}).get(MARK[0]) == MARK[1])
