"""What whoever deploys a service or a job must be allowed to do besides."""

from provision.emulator.iam.hierarchy import Project
from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import Images
from provision.emulator.services.permissions import run_refusal
from provision.emulator.world import World

_READ_IMAGE = "artifactregistry.repositories.downloadArtifacts"
_ACT_AS = "iam.serviceAccounts.actAs"


def check_account(world: World, principal: str, email: str) -> None:
    """Raise (PERMISSION_DENIED) unless the account exists and the principal may act as it."""
    account = world.accounts.get(email)
    if not account or not world.access.allowed(principal, _ACT_AS, account["name"]):
        raise ApiError(
            "PERMISSION_DENIED",
            "Permission 'iam.serviceaccounts.actAs' denied on service account "
            f"{email} (or it may not exist).",
        )


def project_of(world: World, name: str, permission: str) -> Project:
    """The project that a full name is in. Raises `ApiError` (PERMISSION_DENIED) without one.

    Args:
        world: the hierarchy.
        name: full name of what is written.
        permission: what the refusal says is missing.
    """
    found = world.hierarchy.find(name.split("/")[1])
    if found is None:
        raise run_refusal(permission, name)
    return found


def check_image(world: World, images: Images, principal: str, reference: str) -> None:
    """Raise (PERMISSION_DENIED) unless the principal may read the image; a missing one passes."""
    image = images.find(reference)
    if image is not None and not world.access.allowed(
        principal, _READ_IMAGE, image.repository.name
    ):
        raise run_refusal(_READ_IMAGE, image.repository.name)
