"""Cloud Functions: v2 knows the functions of both generations, v1 the policy of the first.

https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions
(``environment`` tells the generation).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.google import GoogleClients
from provision.clients.run_resources import from_message
from provision.errors import NotFoundError
from provision.resources import FunctionName, ServiceName

Json = Mapping[str, Any]

FIRST = "GEN_1"


@dataclass(frozen=True)
class Function:
    """A function as far as access goes.

    Args:
        name: its full name.
        first_generation: it has a policy and a gate of its own.
        service: of the second generation, the Cloud Run service that runs it.
        url: its address at cloudfunctions.net.
        live: as the API told it, in Google's JSON names.
    """

    name: FunctionName
    first_generation: bool
    service: ServiceName | None
    url: str
    live: Json


@dataclass(frozen=True)
class Functions:
    """Functions of both generations.

    Args:
        google: the clients to call with.
    """

    google: GoogleClients

    def find(self, name: FunctionName) -> Function | None:
        """The function, or None when there is none."""
        doing = f"Reading function {name.function} in {name.region}"
        try:
            with calling(doing, member=self.google.caller.member):
                told = self.google.functions.get_function(name=name.name, timeout=TIMEOUT)
        except NotFoundError:
            return None
        return _from_message(name, told)

    def everywhere(self, project: str) -> list[Function]:
        """Every function of a project, of both generations and in all regions."""
        doing = f"Listing the functions of {project} in every region"
        parent = f"projects/{project}/locations/-"
        with calling(doing, member=self.google.caller.member):
            listed = self.google.functions.list_functions(
                request={"parent": parent, "page_size": 1000}, timeout=TIMEOUT
            )
            return [_from_message(FunctionName.parse(one.name), one) for one in listed]


def _from_message(name: FunctionName, message: Any) -> Function:  # noqa: ANN401 - functions_v2
    live = from_message(message)
    runs = live.get("serviceConfig", {}).get("service", "")
    first = live.get("environment") == FIRST
    return Function(
        name=name,
        first_generation=first,
        service=ServiceName.parse(runs) if runs and not first else None,
        url=live.get("url") or name.url,
        live=live,
    )
