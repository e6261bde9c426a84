"""What calls a service by itself, as the stage `callers` handles it: one class a product."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json import dumps
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from provision.clients.callers import Queues, Schedules, Subscriptions
from provision.clients.iam import OURS
from provision.errors import ProvisionError
from provision.plan import Unknown
from provision.run.resource_json import MARK
from provision.spec import Spec
from provision.spec.calls import CallerSpec, HttpCall, PushSpec, QueueSpec, ScheduleSpec

Json = Mapping[str, Any]
Root = str | Unknown
"""The root URL of the service: the audience of every token."""

_OF_SCHEDULER = {
    "user-agent": "google-cloud-scheduler",
    "content-type": "application/octet-stream",
}
"""Headers that Cloud Scheduler puts on by itself.

https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget
"""


class CalledBy(Protocol):
    """One schedule, subscription or queue; what is compared goes by words of our own."""

    @property
    def caller(self) -> CallerSpec:
        """What is declared."""

    @property
    def name(self) -> str:
        """Its full name."""

    def wanted(self, root: Root) -> dict[str, Any]:
        """What should be; pure."""

    def seen(self) -> dict[str, Any] | None:
        """What is; None when there is none."""

    def write(self, seen: Json | None, wanted: Json) -> None:
        """Create it, or update what differs."""


@dataclass(frozen=True)
class ScheduleCaller:
    """A job of Cloud Scheduler."""

    spec: Spec
    caller: ScheduleSpec
    schedules: Schedules

    @property
    def name(self) -> str:
        """Its full name."""
        return self.spec.full_name(self.caller)

    def wanted(self, root: Root) -> dict[str, Any]:
        """When, and what it asks."""
        call = self.caller.call
        return {
            "schedule": self.caller.schedule,
            "timeZone": self.caller.time_zone,
            **_request(call, root),
            "headers": _typed_headers(call),
            "body": body_text(call),
            **_token(self.caller, root),
        }

    def seen(self) -> dict[str, Any] | None:
        """The same of what is."""
        live = self.schedules.find(self.name)
        if live is None:
            return None
        target = live.get("httpTarget", {})
        return {
            "schedule": live.get("schedule", ""),
            "timeZone": live.get("timeZone", ""),
            "method": target.get("httpMethod", "POST"),
            "uri": target.get("uri", ""),
            "headers": _own_headers(target.get("headers", {}), _typed_headers(self.caller.call)),
            "body": b64decode(target.get("body", "")).decode("utf-8", "replace"),
            **_seen_token(target),
        }

    def write(self, seen: Json | None, wanted: Json) -> None:
        """Create it, or update when, or what it asks."""
        job: dict[str, Any] = {
            "schedule": wanted["schedule"],
            "timeZone": wanted["timeZone"],
            "httpTarget": {
                "uri": wanted["uri"],
                "httpMethod": wanted["method"],
                "headers": wanted["headers"],
                "body": b64encode(wanted["body"].encode()).decode(),
                "oidcToken": _oidc(wanted),
            },
        }
        if seen is None:
            # Jobs of Cloud Scheduler carry no labels.
            job["description"] = f"{OURS}: calls {self.spec}"
            self.schedules.create(self.name, job)
            return
        differing = [key for key in wanted if seen.get(key) != wanted[key]]
        fields = (key if key in job else "httpTarget" for key in differing)
        self.schedules.update(self.name, job, dict.fromkeys(fields))


@dataclass(frozen=True)
class PushCaller:
    """A push subscription of Pub/Sub."""

    spec: Spec
    caller: PushSpec
    subscriptions: Subscriptions
    progress: Callable[[str], None]

    @property
    def name(self) -> str:
        """Its full name."""
        return self.spec.full_name(self.caller)

    def wanted(self, root: Root) -> dict[str, Any]:
        """Of which topic it is, and where it pushes."""
        return {
            "topic": self.caller.topic,
            "uri": _request(self.caller.call, root)["uri"],
            **_token(self.caller, root),
            "labels": {MARK[0]: MARK[1]},
        }

    def seen(self) -> dict[str, Any] | None:
        """The same of what is; no topic where that is not there."""
        live = self.subscriptions.find(self.name)
        if live is None:
            return None
        config = live.get("pushConfig", {})
        return {
            "topic": live.get("topic", ""),
            "uri": config.get("pushEndpoint", ""),
            **_seen_token(config),
            "labels": {MARK[0]: live.get("labels", {}).get(MARK[0])},
        }

    def write(self, seen: Json | None, wanted: Json) -> None:
        """Create it with its topic, or update where it pushes.

        Raises:
            ProvisionError: it is one of another topic.
        """
        config = {"pushEndpoint": wanted["uri"], "oidcToken": _oidc(wanted)}
        if seen is None:
            self._bring_topic()
            never: dict[str, Any] = {}  # else it goes after 31 days without a message
            body = {"topic": wanted["topic"], "pushConfig": config, "labels": wanted["labels"]}
            self.subscriptions.create(self.name, {**body, "expirationPolicy": never})
            return
        if seen["topic"] != wanted["topic"]:
            raise ProvisionError(
                f"Updating subscription {self.caller.name}: it is one of {seen['topic']}, and"
                f" Pub/Sub makes no subscription one of another topic ({wanted['topic']}).",
                hint="Name another subscription, or delete this one:"
                f" `gcloud pubsub subscriptions delete {self.caller.name}`.",
            )
        live = self.subscriptions.find(self.name) or {}
        body = {
            "pushConfig": {**live.get("pushConfig", {}), **config},
            "labels": {**live.get("labels", {}), **wanted["labels"]},
        }
        self.subscriptions.update(self.name, body, ("pushConfig", "labels"))

    def _bring_topic(self) -> None:
        topic = self.caller.topic
        own = topic.startswith(f"projects/{self.spec.project.value}/")
        if own and self.subscriptions.find_topic(topic) is None:
            self.progress(f"creating topic {topic.rpartition('/')[2]}")
            self.subscriptions.create_topic(topic, {MARK[0]: MARK[1]})


@dataclass(frozen=True)
class QueueCaller:
    """A queue of Cloud Tasks that says where its tasks go."""

    spec: Spec
    caller: QueueSpec
    queues: Queues

    @property
    def name(self) -> str:
        """Its full name."""
        return self.spec.full_name(self.caller)

    def wanted(self, root: Root) -> dict[str, Any]:
        """Where its tasks go, and how."""
        call = self.caller.call
        return {
            **_request(call, root),
            "headers": dict(call.headers),
            **_token(self.caller, root),
        }

    def seen(self) -> dict[str, Any] | None:
        """The same of what is."""
        live = self.queues.find(self.name)
        if live is None:
            return None
        target = live.get("httpTarget", {})
        headers = [one.get("header", {}) for one in target.get("headerOverrides", ())]
        return {
            "method": target.get("httpMethod", ""),
            "uri": _overridden(target.get("uriOverride", {})),
            "headers": {one.get("key", ""): one.get("value", "") for one in headers},
            **_seen_token(target),
        }

    def write(self, seen: Json | None, wanted: Json) -> None:
        """Create it, or update where its tasks go."""
        headers = [
            {"header": {"key": key, "value": value}} for key, value in wanted["headers"].items()
        ]
        target = {
            "uriOverride": _override(wanted["uri"]),
            "httpMethod": wanted["method"],
            "headerOverrides": headers,
            "oidcToken": _oidc(wanted),
        }
        if seen is None:
            self.queues.create(self.name, {"httpTarget": target})
        else:
            self.queues.update(self.name, {"httpTarget": target}, ("httpTarget",))


def body_text(call: HttpCall) -> str:
    """What is sent: text as it is, any other value as JSON; empty for no body."""
    if call.body is None or isinstance(call.body, str):
        return call.body or ""
    return dumps(call.body, ensure_ascii=False)


def _typed_headers(call: HttpCall) -> dict[str, str]:
    """The headers, with the body's type where it is JSON and nothing is said."""
    said = any(name.lower() == "content-type" for name in call.headers)
    is_json = call.body is not None and not isinstance(call.body, str)
    typed = {"Content-Type": "application/json"} if is_json and not said else {}
    return {**typed, **call.headers}


def _own_headers(live: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in live.items()
        if name in wanted or _OF_SCHEDULER.get(name.lower()) != value.lower()
    }


def _request(call: HttpCall, root: Root) -> dict[str, Any]:
    if isinstance(root, Unknown):
        return {"method": call.method, "uri": root}
    query = f"?{urlencode(call.query)}" if call.query else ""
    return {"method": call.method, "uri": f"{root}{call.path}{query}"}


def _token(caller: CallerSpec, root: Root) -> dict[str, Any]:
    return {"serviceAccount": caller.account.email, "audience": root}


def _seen_token(target: Json) -> dict[str, Any]:
    token = target.get("oidcToken", {})
    return {
        "serviceAccount": token.get("serviceAccountEmail", ""),
        "audience": token.get("audience", ""),
    }


def _oidc(wanted: Json) -> dict[str, str]:
    return {"serviceAccountEmail": wanted["serviceAccount"], "audience": wanted["audience"]}


def _override(uri: str) -> dict[str, Any]:
    """An address as Cloud Tasks has it, in place of the one that a task brings."""
    parts = urlsplit(uri)
    override: dict[str, Any] = {
        "scheme": parts.scheme.upper(),
        "host": parts.hostname or "",
        "pathOverride": {"path": parts.path},
        "uriOverrideEnforceMode": "ALWAYS",
    }
    if parts.port:
        override["port"] = parts.port
    if parts.query:
        override["queryOverride"] = {"queryParams": parts.query}
    return override


def _overridden(override: Json) -> str:
    """The address that a queue's override makes; empty where there is none."""
    if not override.get("host"):
        return ""
    port = f":{override['port']}" if override.get("port") else ""
    path = override.get("pathOverride", {}).get("path", "")
    query = override.get("queryOverride", {}).get("queryParams", "")
    scheme = str(override.get("scheme", "HTTPS")).lower()
    return f"{scheme}://{override['host']}{port}{path}{f'?{query}' if query else ''}"
