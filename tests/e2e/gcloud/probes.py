"""The cases that are put to gcloud and to `provision`: a state, a wish, and a command of each.

Where gcloud fails its users on Google Cloud, it has to fail them on the emulator as well: one on
which gcloud does better is no measure of Cloud Run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.iam.v1 import policy_pb2

from tests.e2e.gcloud.run_service import ANN

BOB = "user:bob@example.com"
INVOKER, SERVICES_INVOKER = "roles/run.invoker", "roles/run.servicesInvoker"
CONFLICT = (
    "There were concurrent policy changes. Please retry the whole read-modify-write with "
    "exponential backoff."
)
DENIED = "Permission 'run.services.setIamPolicy' denied"
SOON = 'request.time < timestamp("2100-01-01T00:00:00Z")'

_ADD = "run services add-iam-policy-binding orders --role=roles/run.invoker"
_REMOVE = "run services remove-iam-policy-binding orders --role=roles/run.invoker"
_CLOSE = "run deploy orders --image=IMAGE --no-allow-unauthenticated"
_UP = "up --yes --wait=1s"
_FAILED_WRITE = r"IAM policy failed|concurrent|denied|denies|may not|needs run\.services"
_LOOKED_AT = r"[Aa]uthenticat(?!edUsers)|invoker-check-on|✘ failed anonymous"


@dataclass(frozen=True)
class Start:
    """What there is before the command.

    Args:
        words: the same for a reader.
        members: members by role.
        until: members of the invoker's role under a condition on the time.
        deployed: the service is there.
        unchecked: its invoker check is switched off.
        refused: code and message with which the first policy write is answered.
    """

    words: str
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    until: tuple[str, ...] = ()
    deployed: bool = True
    unchecked: bool = False
    refused: tuple[str, str] | None = None

    def policy(self) -> policy_pb2.Policy:
        """The service's policy."""
        policy = policy_pb2.Policy(version=3)
        for role, members in self.members.items():
            policy.bindings.add(role=role, members=members)
        if self.until:
            condition = policy.bindings.add(role=INVOKER, members=self.until).condition
            condition.title, condition.expression = "soon", SOON
        return policy


@dataclass(frozen=True)
class Probe:
    """One case.

    Args:
        name: as the page names it.
        start: what there is.
        wish: what is asked for, in words.
        gcloud: gcloud's command; ``orders`` is the service, ``IMAGE`` the image.
        provision: the command of ours.
        telling: a regular expression for the lines of what is printed that speak of the matter;
            its group, where it has one, is what is told of the line.
        by_tool: the service was deployed with the same program, its policy changed afterwards.
        note: what has to be known to read the outcome, in sentences.
    """

    name: str
    start: Start
    wish: str
    gcloud: str
    provision: str
    telling: str
    by_tool: bool = False
    note: str = ""


_PROBES = (
    Probe(
        "P1",
        Start("ann is an invoker", {INVOKER: (ANN,)}),
        "let ann in",
        f"{_ADD} --member={ANN}",
        f"grant {ANN} --on service/orders",
        r"Updated IAM|already|nothing",
    ),
    Probe(
        "P2",
        Start(
            "nobody is an invoker; the first policy write is answered with a conflict",
            refused=("ABORTED", CONFLICT),
        ),
        "let ann in",
        f"{_ADD} --member={ANN}",
        f"grant {ANN} --on service/orders",
        r"concurrent|granted",
    ),
    Probe(
        "P3",
        Start("bob is an invoker under a condition; there is no terminal", until=(BOB,)),
        "let ann in",
        f"{_ADD} --member={ANN}",
        f"grant {ANN} --on service/orders",
        r"--condition=None|granted",
    ),
    Probe(
        "P4",
        Start("ann is an invoker", {INVOKER: (ANN,)}),
        "let ann in, spelled in other letters",
        f"{_ADD} --member=user:Ann@Example.com",
        "grant user:Ann@Example.com --on service/orders",
        r"Updated IAM|already|nothing",
        note="The emulator keeps members as they are written, and lets in whoever has the address"
        " in any spelling. That Cloud Run keeps both spellings is assumed; it was not tried there.",
    ),
    Probe(
        "P4b",
        Start("nobody is an invoker"),
        "let ann in, with a role that does not exist",
        f"run services add-iam-policy-binding orders --role=roles/run.invokers --member={ANN}",
        f"grant {ANN} --on service/orders --role=roles/run.invokers",
        r"roles/run\.invokers",
    ),
    Probe(
        "P5",
        Start(
            "everybody, every Google account and ann are invokers; everybody has"
            " roles/run.servicesInvoker as well",
            {
                INVOKER: ("allUsers", "allAuthenticatedUsers", ANN),
                SERVICES_INVOKER: ("allUsers",),
            },
        ),
        "deploy it as private",
        _CLOSE,
        _UP,
        r"Done\.|no-public-member |revocations-in-effect",
        by_tool=True,
        note="IAM may need minutes until a revocation is true in effect: provision's exit code 4"
        " says that it is not proven yet after one second of waiting.",
    ),
    Probe(
        "P6",
        Start(
            "everybody is an invoker; the policy write is refused",
            {INVOKER: ("allUsers",)},
            refused=("PERMISSION_DENIED", DENIED),
        ),
        "deploy it as private",
        _CLOSE,
        _UP,
        _FAILED_WRITE,
        by_tool=True,
    ),
    Probe(
        "P7",
        Start(
            "there is no service; the policy write is refused",
            deployed=False,
            refused=("PERMISSION_DENIED", DENIED),
        ),
        "deploy it and let callers in",
        "run deploy orders --image=IMAGE --allow-unauthenticated",
        _UP,
        _FAILED_WRITE,
        note="gcloud is to let everybody in, provision ann: it opens nothing to everybody.",
    ),
    Probe(
        "P8",
        Start("it is deployed as it should be", {INVOKER: (ANN,)}),
        "deploy the same again",
        _CLOSE,
        _UP,
        r"has been deployed|as declared\.$",
        by_tool=True,
    ),
    Probe(
        "P10",
        Start(
            "everybody is an invoker; the first policy write is answered with a conflict",
            {INVOKER: ("allUsers",)},
            refused=("ABORTED", CONFLICT),
        ),
        "deploy it as private",
        _CLOSE,
        _UP,
        f"{_FAILED_WRITE}|no-public-member ",
        by_tool=True,
    ),
    Probe(
        "P12",
        Start("its invoker check is switched off", unchecked=True),
        "look at it",
        "run services describe orders",
        "verify --wait=1s",
        _LOOKED_AT,
        by_tool=True,
    ),
    Probe(
        "P13",
        Start("its invoker check is switched off", unchecked=True),
        "deploy it as private",
        _CLOSE,
        _UP,
        rf"Done\.|{_LOOKED_AT}",
        by_tool=True,
    ),
    Probe(
        "P14",
        Start("its invoker check is switched off, its policy empty", unchecked=True),
        "see who may call it",
        "run services get-iam-policy orders",
        "grants service/orders",
        r"(.*(?:[Aa]uthenticat|invoker check)[^,]*)",
    ),
    Probe(
        "P15",
        Start("nobody is an invoker"),
        "take ann out",
        f"{_REMOVE} --member={ANN}",
        f"revoke {ANN} --on service/orders",
        r"not found|nothing|not bound|holds no",
    ),
    Probe(
        "P16",
        Start("nobody is an invoker"),
        "let ann and bob in with one command",
        f"{_ADD} --member={ANN} --member={BOB}",
        f"grant {ANN} {BOB} --on service/orders",
        r"Updated IAM|granted",
    ),
)
PROBES = {probe.name: probe for probe in _PROBES}
