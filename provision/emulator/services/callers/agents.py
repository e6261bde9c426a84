"""Google's own accounts, as whom these APIs act in a project.

Google makes such an account, and grants it its role, when the API is enabled or first used. Here
that is when the first resource of the API is made: until then a project's policy is as it was.
Names and roles: the list of service agents in IAM's documentation.
"""

from typing import TYPE_CHECKING

from provision.emulator.iam.policies import CONDITIONS_VERSION
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_AGENTS = {
    "pubsub": ("gcp-sa-pubsub", "roles/pubsub.serviceAgent"),
    "eventarc": ("gcp-sa-eventarc", "roles/eventarc.serviceAgent"),
    "cloudscheduler": ("gcp-sa-cloudscheduler", "roles/cloudscheduler.serviceAgent"),
    "cloudtasks": ("gcp-sa-cloudtasks", "roles/cloudtasks.serviceAgent"),
    "workflows": ("gcp-sa-workflows", "roles/workflows.serviceAgent"),
}


class ServiceAgents:
    """Makes them appear.

    Args:
        world: projects and their policies.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._there: Table[bool] = world.store.table("service-agents")

    def appear(self, api: str, resource: str) -> None:
        """Grant the agent of an API its role in a resource's project, the first time only.

        Args:
            api: as in ``pubsub``.
            resource: a name within the project.
        """
        project = self._world.hierarchy.find(resource.split("/")[1])
        if project is None:
            return
        role = _AGENTS[api][1]
        email = agent_of(self._world, api, project.project_id)
        if email in self._there:  # whoever took its role from it later meant to
            return
        self._there.put(email, value=True)
        member = f"serviceAccount:{email}"
        bindings = self._world.policies.get(project.name, CONDITIONS_VERSION).bindings
        if not any(one.role == role and member in one.members for one in bindings):
            self._world.grant_at_once(project.name, member, (role,))


def agent_of(world: World, api: str, project_id: str) -> str:
    """The address of an API's agent in a project; empty for a project that there is not."""
    project = world.hierarchy.find(project_id)
    if project is None:
        return ""
    return f"service-{project.number}@{_AGENTS[api][0]}.iam.gserviceaccount.com"
