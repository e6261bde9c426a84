"""A queue of Cloud Tasks, as the stage `callers` handles it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from provision.clients.callers import Queues
from provision.spec import Spec
from provision.spec.calls import QueueSpec
from provision.stages.called_by import Json, Root, oidc_of, request_of, seen_token, token_of


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
            **request_of(call, root),
            "headers": dict(call.headers),
            **token_of(self.caller, root),
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
            **seen_token(target),
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
            "oidcToken": oidc_of(wanted),
        }
        if seen is None:
            self.queues.create(self.name, {"httpTarget": target})
        else:
            self.queues.update(self.name, {"httpTarget": target}, ("httpTarget",))


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
