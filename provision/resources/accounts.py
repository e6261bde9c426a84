"""Names of service accounts."""

import re
from dataclasses import dataclass

from provision.resources.names import InvalidNameError, ProjectName, check_account_id, segments

_DEFAULT_COMPUTE = re.compile(r"[0-9]+-compute@developer\.gserviceaccount\.com")
_OWN_ACCOUNT = re.compile(r"[a-z0-9-]+@(?P<domain>[a-z0-9.-]+)\.iam\.gserviceaccount\.com")


def project_in(domain: str) -> str:
    """The project that an account's domain names: ``NAME.example.com`` is ``example.com:NAME``.

    Args:
        domain: what stands before ``.iam.gserviceaccount.com``.
    """
    name, dot, within = domain.partition(".")
    return f"{within}:{name}" if dot else name


@dataclass(frozen=True)
class ServiceAccountName:
    """A service account: its project and e-mail."""

    project: str
    email: str

    @classmethod
    def parse(cls, name: str) -> "ServiceAccountName":
        """Read ``projects/PROJECT/serviceAccounts/EMAIL``; PROJECT may be ``-``."""
        project, email = segments(
            name.replace("projects/-/", "projects/0/", 1), "projects", "serviceAccounts"
        )
        named = cls.of(email, project="-" if project == "0" else project)
        return named if project == "0" else cls(project, named.email)

    @classmethod
    def of(cls, account: str, *, project: str) -> "ServiceAccountName":
        """The account meant by a short id (in `project`) or a full e-mail.

        Raises:
            InvalidNameError: neither an id nor an e-mail of a service account.
        """
        if "@" not in account:
            domain = ProjectName(project).account_domain
            return cls(project, f"{check_account_id(account)}@{domain}")
        email = account.lower()
        if not email.endswith("gserviceaccount.com") or email.count("@") != 1:
            raise InvalidNameError(
                f"{account!r} is not a service account; allowed: a short id such as orders-run, "
                "or a full e-mail ending in gserviceaccount.com"
            )
        own = _OWN_ACCOUNT.fullmatch(email)
        if own is None or email.endswith(f"@{ProjectName(project).account_domain}"):
            return cls(project, email)
        return cls(project_in(own["domain"]), email)

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"projects/{self.project}/serviceAccounts/{self.email}"

    @property
    def account_id(self) -> str:
        """The part before the ``@``."""
        return self.email.partition("@")[0]

    @property
    def member(self) -> str:
        """As a policy names it."""
        return f"serviceAccount:{self.email}"

    @property
    def is_default_compute(self) -> bool:
        """Whether it is a project's Compute Engine default account."""
        return _DEFAULT_COMPUTE.fullmatch(self.email) is not None

    @property
    def is_user_managed(self) -> bool:
        """Whether it is one that a project's owner creates, not one that Google provides."""
        return self.email.endswith(f"@{ProjectName(self.project).account_domain}")

    def __str__(self) -> str:
        """The resource name."""
        return self.name
