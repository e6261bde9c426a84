"""What an audit reads, as plain records: one line of a snapshot each. Pure.

Names: what stands in the hierarchy is ``projects/ID``, ``folders/NUMBER`` or
``organizations/NUMBER``; everything else goes by its full resource name with the project's *id*,
as ``//run.googleapis.com/projects/ID/locations/REGION/services/NAME``
(https://cloud.google.com/iam/docs/full-resource-names). Members are written as policies write them
(`provision.principals.canonical`). Times are UTC.

A record says what was read. What could not be read is a record too (`Unread`): its absence would
read as "there is none", and an audit that takes the unseen for the empty is worth nothing.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

VERSION = 1
"""Of this layout; a later one that older readers would misread gets the next number."""


class Record(Struct, frozen=True, omit_defaults=True, tag_field="is", gc=False):
    """One line of a snapshot."""


class Kind(StrEnum):
    """What can be invoked."""

    SERVICE = "service"
    JOB = "job"
    FUNCTION = "function"
    INSTANCE = "instance"


class Header(Record, frozen=True, tag="snapshot"):
    """The first line: what was read, when, and how.

    Args:
        version: of the layout.
        scope: ``projects/ID``, ``folders/NUMBER`` or ``organizations/NUMBER``.
        begun: when reading began; nothing in the file is older.
        ended: when it ended; None while it goes on.
        source: ``apis`` (the services' own, live) or ``inventory`` (Cloud Asset Inventory).
        reader: who read, as ``user:ann@example.com``.
        tool: the version of this program.
    """

    version: int
    scope: str
    begun: datetime
    ended: datetime | None = None
    source: str = "apis"
    reader: str = ""
    tool: str = ""


class Container(Record, frozen=True, tag="container"):
    """A project, folder or organisation.

    Args:
        name: as above.
        parent: what stands above; empty at the top, None when it could not be read.
        number: of a project; empty for others.
        title: its display name.
        customer: of an organisation, its Cloud Identity customer id, as ``C01234567``.
    """

    name: str
    parent: str | None = ""
    number: str = ""
    title: str = ""
    customer: str = ""


class Target(Record, frozen=True, tag="target"):
    """Something that can be invoked, and what stands before it beside IAM.

    Args:
        name: full resource name.
        kind: what it is.
        ingress: ``all``, ``internal``, ``internal-and-cloud-load-balancing`` or ``none``; empty
            where there is no such thing (jobs).
        urls: where it answers, the address that is displayed first.
        default_url: whether its ``run.app`` addresses answer.
        invoker_check: whether IAM is asked at all; off is public (``invokerIamDisabled``).
        iap: whether Identity-Aware Proxy stands before it.
        audiences: custom audiences.
        account: its runtime service account, an e-mail; empty when not told.
        generation: of a function: 1 or 2; 0 for others.
        service: of a second-generation function, the full name of its Cloud Run service.
        labels: its labels, sorted; ``(key, value)``.
    """

    name: str
    kind: Kind
    ingress: str = ""
    urls: tuple[str, ...] = ()
    default_url: bool = True
    invoker_check: bool = True
    iap: bool = False
    audiences: tuple[str, ...] = ()
    account: str = ""
    generation: int = 0
    service: str = ""
    labels: tuple[tuple[str, str], ...] = ()


class Binding(Struct, frozen=True, omit_defaults=True, gc=False):
    """Members that hold a role, perhaps only under a condition.

    Args:
        role: ``roles/run.invoker``, ``projects/ID/roles/NAME``, ``organizations/N/roles/NAME``.
        members: as the policy spells them.
        condition: in CEL; empty for none.
        title: of the condition.
    """

    role: str
    members: tuple[str, ...]
    condition: str = ""
    title: str = ""


class Policy(Record, frozen=True, tag="policy"):
    """The allow policy of one resource; one that was read and is empty is here as well.

    Args:
        resource: whose; of IAP, ``//iap.googleapis.com/projects/ID/iap_web``, ``…/iap_web/
            cloud_run-REGION`` or ``…/cloud_run-REGION/services/NAME``.
        bindings: as read with version 3.
    """

    resource: str
    bindings: tuple[Binding, ...] = ()


class DenyRule(Struct, frozen=True, omit_defaults=True, gc=False):
    """One rule of a deny policy (IAM v2), everything as written there."""

    principals: tuple[str, ...]
    permissions: tuple[str, ...]
    except_principals: tuple[str, ...] = ()
    except_permissions: tuple[str, ...] = ()
    condition: str = ""
    title: str = ""


class DenyPolicy(Record, frozen=True, tag="deny"):
    """A deny policy.

    Args:
        resource: the container that it is attached to.
        name: its id there.
        rules: as written.
    """

    resource: str
    name: str
    rules: tuple[DenyRule, ...] = ()


class Boundary(Record, frozen=True, tag="boundary"):
    """A principal access boundary policy (IAM v3).

    Args:
        name: ``organizations/N/locations/global/principalAccessBoundaryPolicies/ID``.
        resources: of all its rules, as written: ``//cloudresourcemanager.googleapis.com/…``.
        version: its enforcement version, a number as text, or ``latest``.
    """

    name: str
    resources: tuple[str, ...] = ()
    version: str = "latest"


class BoundaryBinding(Record, frozen=True, tag="boundary-binding"):
    """That a boundary holds for a set of principals (IAM v3, policy bindings).

    Args:
        name: full name of the binding.
        boundary: name of the policy.
        principals: the target, as written: a project's, folder's or organisation's principal set
            ``//cloudresourcemanager.googleapis.com/…``, a pool's, or a Workspace domain's.
        condition: over ``principal.type`` and ``principal.subject``; empty for none.
    """

    name: str
    boundary: str
    principals: str
    condition: str = ""


class Role(Record, frozen=True, tag="role"):
    """A role that is not in our table, as IAM describes it.

    Args:
        name: as bindings name it.
        permissions: those that it includes, all of them.
        deleted: whether it is; a deleted role grants nothing.
    """

    name: str
    permissions: tuple[str, ...] = ()
    deleted: bool = False


class Membership(Struct, frozen=True, omit_defaults=True, gc=False):
    """Somebody in a group.

    Args:
        member: canonical: ``user:…``, ``serviceAccount:…``, ``group:…``; a whole Workspace
            account is ``cloudIdentityCustomerId:C01234567``.
        expires: when the membership ends; None for never.
    """

    member: str
    expires: datetime | None = None


class Group(Record, frozen=True, tag="group"):
    """A group and its direct members, groups among them.

    Args:
        member: ``group:EMAIL``, canonical.
        members: direct ones; where not all could be read, an `Unread` of `Part.MEMBERS` says so.
    """

    member: str
    members: tuple[Membership, ...] = ()


class Account(Record, frozen=True, tag="account"):
    """A service account.

    Args:
        name: ``//iam.googleapis.com/projects/ID/serviceAccounts/EMAIL``.
        email: its address, lower case.
        disabled: whether it is; no token is minted for a disabled one.
        unique_id: its number.
        title: display name.
    """

    name: str
    email: str
    disabled: bool = False
    unique_id: str = ""
    title: str = ""


class Key(Record, frozen=True, tag="key"):
    """A key of a service account that a user manages; Google's own are not read.

    Args:
        account: full name of the account.
        id: of the key.
        created: from when it counts.
        expires: until when; None for the year 9999, which means never.
        disabled: whether it is.
    """

    account: str
    id: str
    created: datetime | None = None
    expires: datetime | None = None
    disabled: bool = False


class CallerKind(StrEnum):
    """What calls services on its own."""

    PUSH = "push subscription"
    TRIGGER = "Eventarc trigger"
    SCHEDULER = "Scheduler job"
    QUEUE = "Tasks queue"
    WORKFLOW = "workflow"


class Caller(Record, frozen=True, tag="caller"):
    """Something that calls on its own, as a service account.

    Args:
        name: full resource name, as ``//pubsub.googleapis.com/projects/ID/subscriptions/NAME``.
        kind: what it is.
        account: e-mail of the service account it calls as; empty when it sends no token of one.
        calls: what it calls: a URL, or the full name of a target; empty when only its source
            would tell (workflows).
        by: what sets it off: the full name of a topic, or empty.
        paused: whether it does nothing for now.
    """

    name: str
    kind: CallerKind
    account: str = ""
    calls: str = ""
    by: str = ""
    paused: bool = False


class Tag(Struct, frozen=True, gc=False):
    """A tag value: what `resource.matchTag` and `resource.matchTagId` compare.

    Args:
        key: namespaced, as ``123456789012/env``.
        key_id: permanent, as ``tagKeys/281478395625645``.
        value: short name.
        value_id: permanent, as ``tagValues/…``.
    """

    key: str
    key_id: str
    value: str
    value_id: str


class Tags(Record, frozen=True, tag="tags"):
    """The tags bound to one resource; what stands above lends its own to it.

    Args:
        resource: whose.
        tags: bound to the resource itself.
    """

    resource: str
    tags: tuple[Tag, ...] = ()


class Part(StrEnum):
    """What of a thing could not be read."""

    POLICY = "policy"
    """The allow policy of a resource."""
    DENY = "deny policies"
    """Those attached to a container."""
    BOUNDARIES = "principal access boundaries"
    """Policies and bindings of an organisation."""
    PARENT = "what stands above"
    """Of a container."""
    TARGETS = "what can be invoked"
    """Services, jobs, functions or instances of a container; or one target itself."""
    ACCOUNTS = "service accounts"
    """Of a project."""
    KEYS = "keys"
    """Of a service account."""
    MEMBERS = "members"
    """Of a group, all or some."""
    ROLE = "role"
    """What a role includes."""
    TAGS = "tags"
    """Of a resource."""
    CALLERS = "what calls on its own"
    """Subscriptions, triggers, jobs, queues or workflows of a project."""
    CHILDREN = "what stands below"
    """Projects and folders of a container."""


class Unread(Record, frozen=True, tag="unread"):
    """Something that could not be read: whatever depends on it is not known.

    Args:
        of: the resource, group (``group:EMAIL``) or role, named as everywhere else.
        part: which part of it.
        why: in words, what the service said.
        detail: narrower: a region, or one kind of `Part.TARGETS` or `Part.CALLERS`; empty: all.
    """

    of: str
    part: Part
    why: str
    detail: str = ""


AnyRecord = (
    Header
    | Container
    | Target
    | Policy
    | DenyPolicy
    | Boundary
    | BoundaryBinding
    | Role
    | Group
    | Account
    | Key
    | Caller
    | Tags
    | Unread
)
"""All kinds of lines."""
