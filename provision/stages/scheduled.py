"""A job of Cloud Scheduler, as the stage `callers` handles it."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps
from typing import Any

from provision.clients.callers import Schedules
from provision.clients.iam import OURS
from provision.spec import Spec
from provision.spec.calls import HttpCall, ScheduleSpec
from provision.stages.called_by import Json, Root, oidc_of, request_of, seen_token, token_of

_OF_SCHEDULER = {
    "user-agent": "google-cloud-scheduler",
    "content-type": "application/octet-stream",
}
"""Headers that Cloud Scheduler puts on by itself.

https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget
"""


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
            **request_of(call, root),
            "headers": _typed_headers(call),
            "body": _body(call),
            **token_of(self.caller, root),
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
            **seen_token(target),
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
                "oidcToken": oidc_of(wanted),
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


def _body(call: HttpCall) -> str:
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
