"""Messages of Resource Manager v1 and v2, which no installed package has, made at run time.

Source: the public discovery documents of the Cloud Resource Manager API, versions v1 and v2. What
v3 says in the same messages (policies) needs none of these: see `older_routes`.
"""

from collections.abc import Iterator
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from provision.emulator.rpc.wellknown import Empty

PROJECTS, ORGANIZATIONS = "google.cloudresourcemanager.v1", "google.cloudresourcemanager.v1"
FOLDERS = "google.cloudresourcemanager.v2"
_KINDS: Any = descriptor_pb2.FieldDescriptorProto  # type: ignore[attr-defined] # made at run time
_SCALARS = {
    "string": _KINDS.TYPE_STRING,
    "bool": _KINDS.TYPE_BOOL,
    "int32": _KINDS.TYPE_INT32,
    "int64": _KINDS.TYPE_INT64,
}
_STATE = ("LIFECYCLE_STATE_UNSPECIFIED", "ACTIVE", "DELETE_REQUESTED", "DELETE_IN_PROGRESS")
_OPERATION = ("OPERATION_TYPE_UNSPECIFIED", "CREATE", "MOVE")
_PAGES = "int32 page_size, string page_token"
_PAGES_PARENT = f"string parent, {_PAGES}, bool show_deleted"
_V1 = {
    "ResourceId": "string type, string id",
    "Project": (
        "int64 project_number, string project_id, LifecycleState lifecycle_state, string name, "
        "Timestamp create_time, map labels, ResourceId parent"
    ),
    "ProjectCreationStatus": "Timestamp create_time, bool gettable, bool ready",
    "CreateProjectRequest": "Project project",
    "UpdateProjectRequest": "string project_id, Project project",
    "ProjectRequest": "string project_id",
    "ListProjectsRequest": f"string filter, {_PAGES}",
    "ListProjectsResponse": "repeated Project projects, string next_page_token",
    "Ancestor": "ResourceId resource_id",
    "GetAncestryResponse": "repeated Ancestor ancestor",
    "OrganizationOwner": "string directory_customer_id",
    "Organization": (
        "string name, string display_name, OrganizationOwner owner, LifecycleState "
        "lifecycle_state, Timestamp creation_time"
    ),
    "GetOrganizationRequest": "string name",
    "SearchOrganizationsRequest": f"string filter, {_PAGES}",
    "SearchOrganizationsResponse": "repeated Organization organizations, string next_page_token",
}
_V2 = {
    "Folder": (
        "string name, string parent, string display_name, LifecycleState lifecycle_state, "
        "Timestamp create_time"
    ),
    "FolderOperation": (
        "string display_name, OperationType operation_type, string source_parent, "
        "string destination_parent"
    ),
    "FolderRequest": "string name",
    "CreateFolderRequest": "string parent, Folder folder",
    "UpdateFolderRequest": "string name, Folder folder, string update_mask",
    "MoveFolderRequest": "string name, string destination_parent",
    "ListFoldersRequest": _PAGES_PARENT,
    "SearchFoldersRequest": f"string query, {_PAGES}",
    "FoldersResponse": "repeated Folder folders, string next_page_token",
}


def _made(package: str, messages: dict[str, str]) -> dict[str, Any]:
    """Message classes of a package, from one line of fields each."""
    file = descriptor_pb2.FileDescriptorProto(  # type: ignore[attr-defined] # made at run time
        name=f"{package.replace('.', '/')}/older_forms.proto",
        package=package,
        syntax="proto3",
        dependency=[timestamp_pb2.DESCRIPTOR.name],
    )
    for name, values in (("LifecycleState", _STATE), ("OperationType", _OPERATION)):
        added = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            added.value.add(name=value, number=number)
    for name, fields in messages.items():
        _add(file.message_type.add(name=name), f".{package}.", fields)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in messages
    }


def _add(message: Any, scope: str, fields: str) -> None:  # noqa: ANN401 - a DescriptorProto
    for number, field in enumerate(fields.split(", "), start=1):
        *label, kind, name = field.split()
        added = message.field.add(name=name, number=number, label=_KINDS.LABEL_OPTIONAL)
        if label or kind == "map":
            added.label = _KINDS.LABEL_REPEATED
        if kind in _SCALARS:
            added.type = _SCALARS[kind]
        elif kind == "map":
            added.type, added.type_name = _KINDS.TYPE_MESSAGE, _map(message, scope)
        elif kind in ("LifecycleState", "OperationType"):
            added.type, added.type_name = _KINDS.TYPE_ENUM, scope + kind
        else:
            own = scope + kind
            added.type = _KINDS.TYPE_MESSAGE
            added.type_name = ".google.protobuf.Timestamp" if kind == "Timestamp" else own


def _map(message: Any, scope: str) -> str:  # noqa: ANN401 - a DescriptorProto
    """The entry of a map of texts to texts, which is a message within the message."""
    entry = message.nested_type.add(name="LabelsEntry")
    entry.options.map_entry = True
    for number, name in enumerate(("key", "value"), start=1):
        entry.field.add(
            name=name, number=number, label=_KINDS.LABEL_OPTIONAL, type=_KINDS.TYPE_STRING
        )
    return f"{scope}{message.name}.LabelsEntry"


V1 = _made(PROJECTS, _V1)
V2 = _made(FOLDERS, _V2)
_PROJECT, _FOLDER = "/v1/projects/{project_id}", "/v2/{name=folders/*}"
_LINES = f"""
{PROJECTS}.Projects/GetProject          ProjectRequest       Project              GET {_PROJECT}
{PROJECTS}.Projects/ListProjects        ListProjectsRequest  ListProjectsResponse GET /v1/projects
{PROJECTS}.Projects/CreateProject       CreateProjectRequest Operation    POST /v1/projects project
{PROJECTS}.Projects/UpdateProject       UpdateProjectRequest Project         PUT {_PROJECT} project
{PROJECTS}.Projects/DeleteProject       ProjectRequest       Empty             DELETE {_PROJECT}
{PROJECTS}.Projects/UndeleteProject     ProjectRequest       Empty    POST {_PROJECT}:undelete *
{PROJECTS}.Projects/GetAncestry ProjectRequest GetAncestryResponse POST {_PROJECT}:getAncestry *
{ORGANIZATIONS}.Organizations/GetOrganization     GetOrganizationRequest     Organization \
    GET /v1/{{name=organizations/*}}
{ORGANIZATIONS}.Organizations/SearchOrganizations SearchOrganizationsRequest \
    SearchOrganizationsResponse POST /v1/organizations:search *
{FOLDERS}.Folders/GetFolder             FolderRequest        Folder               GET {_FOLDER}
{FOLDERS}.Folders/ListFolders           ListFoldersRequest   FoldersResponse      GET /v2/folders
{FOLDERS}.Folders/SearchFolders   SearchFoldersRequest FoldersResponse POST /v2/folders:search *
{FOLDERS}.Folders/CreateFolder          CreateFolderRequest  Operation      POST /v2/folders folder
{FOLDERS}.Folders/UpdateFolder          UpdateFolderRequest  Folder         PATCH {_FOLDER} folder
{FOLDERS}.Folders/MoveFolder            MoveFolderRequest    Operation        POST {_FOLDER}:move *
{FOLDERS}.Folders/DeleteFolder          FolderRequest        Folder              DELETE {_FOLDER}
{FOLDERS}.Folders/UndeleteFolder        FolderRequest        Folder       POST {_FOLDER}:undelete *
"""


def _forms() -> Iterator[tuple[str, Any, Any, tuple[str, str, str]]]:
    shared = {"Operation": operations_pb2.Operation, "Empty": Empty}
    for line in _LINES.strip().splitlines():
        name, request, response, verb, path, *body = line.split()
        known = {**(V2 if name.startswith(FOLDERS) else V1), **shared}
        yield name, known[request], known[response], (verb, path, body[0] if body else "")


FORMS = tuple(_forms())
"""RPC, request, response and route (verb, path, body field) of each."""
