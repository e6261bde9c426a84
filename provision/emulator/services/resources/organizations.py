"""Resource Manager v3: organisations, which are found and not made."""

from typing import Any

from google.cloud import resourcemanager_v3

from provision.emulator.iam.hierarchy import Organization
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.permissions import project_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.resources.queries import matches
from provision.emulator.services.resources.words import PACKAGE, allow, etag, listed, refused
from provision.emulator.times import timestamp
from provision.emulator.world import World

_SERVICE = f"{PACKAGE}.Organizations"
_OrganizationMessage = resourcemanager_v3.Organization.pb()


class Organizations:
    """The RPCs about organisations, and what v1 shares with them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._policies = PolicyRpcs(
            world,
            PolicyKind(
                _SERVICE, "resourcemanager.organizations", self._check_exists, project_refusal
            ),
        )

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/GetOrganization": self._get,
            f"{_SERVICE}/SearchOrganizations": self._search,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        if self._world.hierarchy.organization(name) is None:
            raise refused()

    def find(self, call: Call) -> Organization:
        """The organisation that a request names, if the caller may get it."""
        name = call.request.name
        allow(self._world, call, "organizations.get", name)
        found = self._world.hierarchy.organization(name)
        if found is None:
            raise refused()
        return found

    def visible(self, call: Call, query: str) -> list[Organization]:
        """The organisations that the caller may get and a query fits."""
        may = self._world.access.allowed
        return [
            one
            for one in self._world.hierarchy.organizations()
            if matches(query, _fields(one))
            and may(call.principal, "resourcemanager.organizations.get", one.name)
        ]

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Organization
        return _message(self.find(call))

    async def _search(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        found = [_message(one) for one in self.visible(call, call.request.query)]
        answer = resourcemanager_v3.SearchOrganizationsResponse.pb()
        return listed(answer, "organizations", found, call.request)


def _message(organization: Organization) -> Any:  # noqa: ANN401 - Organization
    return _OrganizationMessage(
        name=organization.name,
        display_name=organization.domain,
        directory_customer_id=organization.customer_id,
        state="ACTIVE",
        create_time=timestamp(organization.created),
        update_time=timestamp(organization.created),
        etag=etag(organization.name, organization.created),
    )


def _fields(organization: Organization) -> dict[str, str]:
    return {
        "domain": organization.domain,
        "directorycustomerid": organization.customer_id,
        "owner.directorycustomerid": organization.customer_id,
        "name": organization.name,
        "displayname": organization.domain,
    }
