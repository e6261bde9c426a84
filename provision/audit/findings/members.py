"""What sort of principal a member of a policy is, as far as its spelling tells. Pure."""

import re
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from provision.audit.forms import normal
from provision.resources import project_in


class Shape(Enum):
    """Sorts of members that rules tell apart."""

    __hash__ = object.__hash__
    """Each is one object; by its name it takes ten times as long."""

    PUBLIC = auto()
    USER = auto()
    GROUP = auto()
    ACCOUNT = auto()
    AGENT = auto()
    """Google's own accounts, for its services' use."""
    DOMAIN = auto()
    POOL = auto()
    """All identities of a workforce or workload pool."""
    PART = auto()
    """Some identities of a pool."""
    ACCOUNTS = auto()
    """All service accounts, or agents, of a project, folder or organisation."""
    ONE = auto()
    """One identity of a pool, or one agent."""
    DELETED = auto()
    BASIC = auto()
    """``projectOwner:…`` and its like."""
    OTHER = auto()


class Member(NamedTuple):
    """A member, taken apart.

    Args:
        text: canonical.
        shape: its sort.
        domain: of an e-mail or domain; empty for others.
        project: id of the project of a service account that a user made; number or empty else.
    """

    text: str
    shape: Shape
    domain: str = ""
    project: str = ""

    @property
    def email(self) -> str:
        """What follows the kind."""
        return self.text.partition(":")[2]


_AGENT_DOMAIN = re.compile(r"gcp-sa-[a-z0-9.-]+\.iam|gcp-sa-[a-z0-9-]+")
_ACCOUNT_HOSTS = ".gserviceaccount.com"
_DEFAULTS = frozenset({"developer.gserviceaccount.com", "appspot.gserviceaccount.com"})
_GOOGLE_OWN = frozenset(
    {
        "cloudservices.gserviceaccount.com",
        "cloudbuild.gserviceaccount.com",
        "system.gserviceaccount.com",
        "serverless-robot-prod.iam.gserviceaccount.com",
        "gcf-admin-robot.iam.gserviceaccount.com",
        "compute-system.iam.gserviceaccount.com",
        "container-engine-robot.iam.gserviceaccount.com",
        "containerregistry.iam.gserviceaccount.com",
        "dataflow-service-producer-prod.iam.gserviceaccount.com",
        "dataproc-accounts.iam.gserviceaccount.com",
        "cloud-ml.google.com.iam.gserviceaccount.com",
        "gs-project-accounts.iam.gserviceaccount.com",
        "service-networking.iam.gserviceaccount.com",
        "firebase-rules.iam.gserviceaccount.com",
        "remotebuildexecution.iam.gserviceaccount.com",
        "sourcerepo-service-accounts.iam.gserviceaccount.com",
        "cloudcomposer-accounts.iam.gserviceaccount.com",
        "endpoints-portal.iam.gserviceaccount.com",
        "gae-api-prod.google.com.iam.gserviceaccount.com",
        "bigquery-encryption.iam.gserviceaccount.com",
        "monitoring-notification.iam.gserviceaccount.com",
        "security-center-api.iam.gserviceaccount.com",
    }
)
"""Where Google's service agents live beside ``gcp-sa-*`` (iam/docs/service-agents)."""

_KINDS = {"user": Shape.USER, "group": Shape.GROUP, "domain": Shape.DOMAIN}
PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
"""Everybody, and everybody with a Google account."""
_OTHERS = {
    "deleted": Shape.DELETED,
    **dict.fromkeys(PUBLIC, Shape.PUBLIC),
    **dict.fromkeys(("projectOwner", "projectEditor", "projectViewer"), Shape.BASIC),
}


@lru_cache(maxsize=1 << 18)
def parsed(text: str) -> Member:
    """Take a member of a policy apart."""
    member = normal(text) if "//" not in text else text  # which stays as policies spell it
    kind, _, value = member.partition(":")
    if kind in _KINDS:
        return Member(member, _KINDS[kind], value.rpartition("@")[2])
    if kind == "serviceAccount":
        return _account(member, value)
    return Member(member, _OTHERS.get(kind) or _federated(member))


def _account(member: str, email: str) -> Member:
    if "[" in email:  # a Kubernetes account, as PROJECT.svc.id.goog[NAMESPACE/NAME]
        return Member(member, Shape.ONE, project=email.partition(".svc.id.goog")[0])
    local, _, host = email.partition("@")
    if _is_agent(local, host):
        return Member(member, Shape.AGENT, host)
    return Member(member, Shape.ACCOUNT, host, _project(local, host))


def _is_agent(local: str, host: str) -> bool:
    numbered = local.startswith("service-") and local[8:].isdigit()
    return _is_googles(host) or (numbered and host not in _DEFAULTS)


@lru_cache(maxsize=1 << 12)
def _is_googles(host: str) -> bool:
    where = host.removesuffix(_ACCOUNT_HOSTS)
    return host in _GOOGLE_OWN or _AGENT_DOMAIN.fullmatch(where) is not None


def _project(local: str, host: str) -> str:
    if host == "developer.gserviceaccount.com":
        return local.removesuffix("-compute")
    if host == "appspot.gserviceaccount.com":
        return local
    return project_in(host.removesuffix(".iam" + _ACCOUNT_HOSTS))


def _federated(member: str) -> Shape:
    if member.startswith("principal:"):
        return Shape.ONE
    if not member.startswith("principalSet:"):
        return Shape.OTHER
    if member.endswith(("/type/ServiceAccount", "/type/ServiceAgent")):
        return Shape.ACCOUNTS
    return Shape.POOL if member.endswith("/*") else Shape.PART


def is_workload_pool(member: str) -> bool:
    """Whether it is of a pool of workloads, whose provider says who is in it."""
    return "/workloadIdentityPools/" in member


def account_member(email: str) -> str:
    """How policies write that account."""
    return f"serviceAccount:{email.lower()}"
