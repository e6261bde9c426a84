"""What the RPCs of both APIs share: the functions, their sources, and who may deploy them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from provision.emulator.iam.hierarchy import Project
from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.seams import ServiceKey
from provision.emulator.services.functions.records import FunctionRecord, FunctionState
from provision.emulator.services.functions.uploads import Upload, Uploads
from provision.emulator.services.permissions import run_refusal
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.iam.hierarchy import Hierarchy

_ACT_AS = "iam.serviceAccounts.actAs"
_NO_STORAGE = (
    "Cloud Storage is not offered by this emulator: a function's source is uploaded to the "
    "address that GenerateUploadUrl answers."
)


class Keeping:
    """Functions and what they need.

    Args:
        world: accounts and policies.
        state: the functions.
        uploads: their sources.
        has_service: whether there is a Cloud Run service.
    """

    def __init__(
        self,
        world: World,
        state: FunctionState,
        uploads: Uploads,
        has_service: Callable[[ServiceKey], bool],
    ) -> None:
        self.world = world
        self.state = state
        self.has_service = has_service
        self._uploads = uploads

    @property
    def _hierarchy(self) -> "Hierarchy":
        return self.world.hierarchy

    def keep(self, record: FunctionRecord) -> FunctionRecord:
        """Keep a new function, before the first await of its creation."""
        self.state.keep(record)
        return record

    def project(self, name: str) -> Project:
        """The project that a full name is in. Raises `ApiError` (PERMISSION_DENIED)."""
        found = self._hierarchy.find(name.split("/")[1])
        if found is None:
            raise run_refusal("cloudfunctions.functions.create", name)
        return found

    def new_upload(self, parent: str, *, first: bool) -> Upload:
        """An address for a source of a function below ``projects/P/locations/L``."""
        return self._uploads.new(
            self.project(parent).number, parent.rpartition("/")[2], first=first
        )

    def take_source(self, record: FunctionRecord, bucket: str, name: str) -> None:
        """Take note of a function's source. Raises `ApiError` for what is none of our uploads."""
        if not bucket or not name:
            raise invalid("The function has no source.")
        if not self._uploads.is_ours(bucket):
            raise ApiError("UNIMPLEMENTED", _NO_STORAGE)
        record.source = (bucket, name)

    @staticmethod
    def builder(project: Project) -> str:
        """The name of the account that builds: the default compute account."""
        return f"projects/{project.project_id}/serviceAccounts/{project.compute_account}"

    def app_account(self, project: Project) -> str:
        """The default account of first-generation functions, made when it is first needed.

        At Google it comes with App Engine or when Cloud Functions is enabled.
        """
        email = f"{project.project_id}@appspot.gserviceaccount.com"
        if email not in self.world.accounts:
            title = "App Engine default service account"
            self.world.add_account(project, email, displayName=title)
        return email

    def check_account(self, call: Call, email: str, refusal: str) -> None:
        """Raise (PERMISSION_DENIED) unless the caller may act as an account, and it exists.

        Args:
            call: who deploys.
            email: the account's.
            refusal: what is said otherwise.
        """
        account = self.world.accounts.get(email)
        if not account or not self.world.access.allowed(call.principal, _ACT_AS, account["name"]):
            raise ApiError("PERMISSION_DENIED", refusal)
