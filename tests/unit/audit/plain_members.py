"""Who is in what, reckoned from the rules one by one: the half of `enumerator` about members."""

from collections.abc import Iterable
from datetime import datetime

from provision.audit.answers import Verdict
from provision.snapshot import Snapshot
from provision.snapshot.records import Part

CAN, WHILE, UNKNOWN, CANNOT = Verdict
MANAGER = "//cloudresourcemanager.googleapis.com/"
_POOLS = "//iam.googleapis.com/locations/global/workforcePools/"
_RANKS = {verdict: place for place, verdict in enumerate(Verdict)}


def best(verdicts: Iterable[Verdict]) -> Verdict:
    """Of ways beside each other the best counts."""
    return min(verdicts, key=_RANKS.__getitem__, default=CANNOT)


def worst(*verdicts: Verdict) -> Verdict:
    """Of steps after each other the worst counts."""
    return max(verdicts, key=_RANKS.__getitem__)


class Membership:
    """Who is in what, and what stands above what.

    Args:
        snapshot: small.
        at: when.
    """

    def __init__(self, snapshot: Snapshot, at: datetime) -> None:
        self.at = at
        self.containers = {one.name: one for one in snapshot.containers}
        self.numbers = {f"projects/{one.number}": one.name for one in snapshot.containers}
        self.groups = {one.member: one.members for one in snapshot.groups}
        self.unread = {one.of for one in snapshot.unread if one.part is Part.MEMBERS}
        self._inside: dict[tuple[str, str], Verdict] = {}

    def short(self, container: str) -> str:
        """A project by its id, whichever way it is named."""
        return self.numbers.get(container, container)

    def above(self, resource: str) -> tuple[tuple[str, ...], bool]:
        """What stands above a resource, itself if it is a container; and whether that is all."""
        name = self.short(resource if not resource.startswith("//") else project_in(resource))
        found = []
        while name:
            found.append(name)
            container = self.containers.get(name)
            if container is None or container.parent is None:
                return tuple(found), False
            name = container.parent
        return tuple(found), True

    def inside(self, principal: str, member: str) -> Verdict:
        """Whether a principal is meant by a member of a policy, a rule, or a boundary's set."""
        key = (principal, member)
        if key not in self._inside:
            self._inside[key] = self._find_inside(principal, plain(member), frozenset())
        return self._inside[key]

    def _find_inside(self, principal: str, wanted: str, seen: frozenset[str]) -> Verdict:  # noqa: PLR0911 - one a form
        if wanted.startswith("deleted:") or principal.startswith("deleted:"):
            return CANNOT
        if wanted in {principal, "allUsers"}:
            return CAN
        if wanted == "allAuthenticatedUsers":
            known = ("user:", "serviceAccount:", "group:", "domain:")
            return CAN if principal.startswith(known) else CANNOT
        if wanted.startswith("group:"):
            return self.in_group(principal, wanted, seen)
        if wanted.startswith("domain:"):
            return in_domain(principal, wanted.removeprefix("domain:"))
        if wanted.startswith("customer:"):
            return self.of_customer(principal, wanted.removeprefix("customer:"))
        if wanted.startswith(_POOLS):
            return in_pool(principal, wanted)
        if wanted.startswith(MANAGER):
            return self.in_container(principal, wanted.removeprefix(MANAGER))
        return CANNOT

    def in_group(self, principal: str, group: str, seen: frozenset[str]) -> Verdict:
        """Through direct members, and groups among them; circles end."""
        if group in seen:
            return CANNOT
        found = [
            self._find_inside(principal, one.member, seen | {group})
            for one in self.groups.get(group, ())
            if one.expires is None or one.expires > self.at
        ]
        unread = group not in self.groups or group in self.unread
        if unread and principal.startswith(("user:", "serviceAccount:", "group:")):
            found.append(UNKNOWN)
        return best(found)

    def of_customer(self, principal: str, customer: str) -> Verdict:
        """Accounts of a customer: of its primary domain surely, of others perhaps."""
        if not principal.startswith("user:") or principal.endswith("@gmail.com"):
            return CANNOT
        domain = principal.rpartition("@")[2]
        owned = [one.title for one in self.containers.values() if one.customer == customer]
        return CAN if domain in owned else UNKNOWN

    def in_container(self, principal: str, wanted: str) -> Verdict:  # noqa: PLR0911 - one a kind
        """Accounts (and pools) of a project, folder or organisation."""
        container, _, kind = wanted.partition("/type/")
        if principal.startswith("user:"):
            if kind or not container.startswith("organizations/"):
                return CANNOT
            held = self.containers.get(container)
            if principal.endswith("@gmail.com"):
                return CANNOT
            title = held.title if held else ""
            return CAN if title == principal.rpartition("@")[2] else UNKNOWN
        if principal.startswith("principal:"):
            if kind or not container.startswith("organizations/"):
                return CANNOT
            return UNKNOWN  # a workforce pool, of some organisation
        if not principal.startswith("serviceAccount:"):
            return CANNOT
        if kind and is_agent(principal) is not (kind == "ServiceAgent"):
            return CANNOT
        home, wanted = self.short(f"projects/{project_of(principal)}"), self.short(container)
        above, whole = self.above(home)
        if wanted in above:
            return CAN
        if wanted.startswith("projects/"):  # an id and a number may be one project's
            whole = home.split("/")[1].isdigit() is wanted.split("/")[1].isdigit()
        return CANNOT if whole else UNKNOWN


def plain(member: str) -> str:
    """A member without the prefixes by which deny policies and boundaries differ."""
    prefixes = {
        "principalSet://goog/public:all": "allUsers",
        "principal://goog/subject/": "user:",
        "principalSet://goog/group/": "group:",
        "principalSet://goog/cloudIdentityCustomerId/": "customer:",
        "//iam.googleapis.com/locations/global/workspace/": "customer:",
        "principal://iam.googleapis.com/projects/-/serviceAccounts/": "serviceAccount:",
        "principalSet://": "//",
    }
    for prefix, replacement in prefixes.items():
        if member.startswith(prefix):
            return replacement + member.removeprefix(prefix)
    return member


def in_domain(principal: str, domain: str) -> Verdict:
    """Users of the domain surely; of another one perhaps, which may be secondary."""
    if not principal.startswith("user:") or principal.endswith("@gmail.com"):
        return CANNOT
    return CAN if principal.rpartition("@")[2] == domain else UNKNOWN


def in_pool(principal: str, wanted: str) -> Verdict:
    """All of a pool surely; of a group of it only the token tells."""
    pool, _, part = wanted.removeprefix(_POOLS).partition("/")
    if not principal.startswith(("principal:", "principalSet:")):
        return CANNOT
    own, _, subject = principal.partition(":")[2].removeprefix(_POOLS).partition("/")
    if own != pool:
        return CANNOT
    if part in {"", "*", subject}:
        return CAN
    return UNKNOWN if principal.startswith("principal:") else CANNOT


def project_in(name: str) -> str:
    """``projects/ID`` of a full resource name."""
    return "/".join(name.split("/")[3:5])


def is_agent(principal: str) -> bool:
    """Whether it is one of Google's own."""
    return principal.startswith("serviceAccount:service-")


def project_of(principal: str) -> str:
    """The project of a service account, by id; of an agent by number."""
    if is_agent(principal):
        return principal.removeprefix("serviceAccount:service-").partition("@")[0]
    return principal.rpartition("@")[2].removesuffix(".iam.gserviceaccount.com")
