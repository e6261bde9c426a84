"""From what a user wrote to a member of a policy: nothing is guessed silently."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from provision.errors import UsageError
from provision.principals import InvalidPrincipalError, Kind, Principal

_ACCOUNTS = ".gserviceaccount.com"


@dataclass(frozen=True)
class Named:
    """A member, and how it was told from what the user wrote.

    Args:
        member: as policies write it.
        told_by: how its kind was told; empty where the user wrote it.
    """

    member: str
    told_by: str = ""


@dataclass(frozen=True)
class Known:
    """Members that are known already, and from where.

    Args:
        members: as written there.
        where: as in ``in the spec``.
    """

    members: Sequence[str]
    where: str


@dataclass(frozen=True)
class Completer:
    """Completes e-mails that have no prefix.

    Args:
        known: where an e-mail may stand under its prefix already.
        is_group: asks whether an e-mail is a group's; None when that cannot be told.
        ask: asks the user for ``user`` or ``group``; None when nobody can be asked.
    """

    known: Callable[[], Iterable[Known]]
    is_group: Callable[[str], bool | None]
    ask: Callable[[str], str] | None

    def members(self, texts: Sequence[str]) -> tuple[Named, ...]:
        """The members that `texts` mean, in their order, each once.

        Raises:
            UsageError: some of them cannot be used; all are told.
        """
        named: dict[str, Named] = {}
        problems: list[UsageError] = []
        for text in texts:
            try:
                one = self._member(text)
                named.setdefault(Principal.parse(one.member).canonical(), one)
            except UsageError as error:
                problems.append(error)
        if problems:
            hints = dict.fromkeys(error.hint for error in problems if error.hint)
            raise UsageError("\n".join(map(str, problems)), hint="\n".join(hints))
        return tuple(named.values())

    def _member(self, text: str) -> Named:
        bare = ":" not in text and "@" in text
        if not bare:
            return Named(str(Principal.parse(text)))
        if text.lower().endswith(_ACCOUNTS):
            member = Principal.parse(f"{Kind.SERVICE_ACCOUNT}:{text}")
            return Named(str(member), "its domain is that of service accounts")
        Principal.parse(f"{Kind.USER}:{text}")  # whoever is meant, it has to be an e-mail
        return self._written(text) or self._looked_up(text) or self._asked(text)

    def _written(self, email: str) -> Named | None:
        """The e-mail under its prefix, where one stands already: an address has one kind only."""
        wanted = {f"{kind}:{email.lower()}" for kind in (Kind.USER, Kind.GROUP)}
        for known in self.known():
            found = {one.lower() for one in known.members} & wanted
            if len(found) == 1:
                kind = next(iter(found)).partition(":")[0]
                return Named(f"{kind}:{email}", f"as it stands {known.where}")
        return None

    def _looked_up(self, email: str) -> Named | None:
        if self.is_group(email):
            return Named(f"{Kind.GROUP}:{email}", "Cloud Identity knows a group of that address")
        return None

    def _asked(self, email: str) -> Named:
        if self.ask is None:
            raise UsageError(
                f"{email} may be a user's address or a group's, and it cannot be told which.",
                hint=f"Write {Kind.USER}:{email} or {Kind.GROUP}:{email}.",
            )
        kind = self.ask(email)
        return Named(f"{kind}:{email}", "you said so")


def check_may_be_granted(members: Iterable[str]) -> None:
    """Refuse whom a grant never lets in.

    Raises:
        UsageError: a public member, a deleted one, or one of those that basic roles come with.
    """
    for member in members:
        principal = Principal.parse(member)
        if principal.is_public:
            raise UsageError(
                f"{member} would let anybody in, and `provision grant` lets in whom it names.",
                hint="A service that is to be public says so where it is declared and reviewed:"
                " `public: true` in its spec. Jobs take no public members at all.",
            )
        if principal.is_deleted:
            raise InvalidPrincipalError(f"{member} is deleted; nobody can be let in as it.")
        if principal.kind in {Kind.PROJECT_OWNER, Kind.PROJECT_EDITOR, Kind.PROJECT_VIEWER}:
            raise InvalidPrincipalError(
                f"{member} is no principal that Cloud Run takes: it stands for whoever holds a"
                " basic role, and only Cloud Storage knows it."
            )
