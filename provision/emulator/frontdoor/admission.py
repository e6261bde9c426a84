"""Who gets in: Google's order of checks, with nothing but values going in and coming out.

Ingress and disabled addresses come first (404), then Identity-Aware Proxy, then the invoker check:
401 for whatever cannot be verified, 403 for nobody or for somebody without the permission.
"""

import dataclasses
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote

from provision.emulator.frontdoor_seams import Route
from provision.emulator.function_seams import FunctionKey
from provision.emulator.seams import Access, Identities, RequestAttributes, TokenError

INVOKE = "run.routes.invoke"
INVOKE_FUNCTION = "cloudfunctions.functions.invoke"
SERVERLESS = "X-Serverless-Authorization"
AUTHORIZATION = "Authorization"
_SIGNATURE_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
# Client ids whose ID tokens are taken from users: gcloud's own and, less certainly, that of
# application default credentials (https://github.com/GoogleCloudPlatform/cloud-run-proxy/issues/10).
_CLIENT_IDS = frozenset(
    {
        "32555940559.apps.googleusercontent.com",
        "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com",
    }
)
_FROM_INSIDE = frozenset(
    {"INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"}
)


class Verdict(Enum):
    """What happens to a request."""

    ADMITTED = auto()
    NOT_FOUND = auto()
    UNAUTHORIZED = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True)
class Credential:
    """The one credential that is checked.

    Args:
        header: the header it came in.
        token: without its scheme; empty when there is more than one or it is no Bearer token.
    """

    header: str
    token: str


def chosen(route: Route | None, tag: str) -> Route | None:
    """The route with the revision that takes this very request; None when there is no service.

    Each request is drawn anew by the shares; at a tag's address the tag's revision takes all.

    Args:
        route: the service's.
        tag: whose address was asked; empty for the service's own.
    """
    if route is None or (not tag and not route.shares):
        return route
    if tag:
        return dataclasses.replace(route, revision=route.tags.get(tag))
    names, weights = zip(*route.shares, strict=True)
    [name] = random.choices(names, weights)  # noqa: S311 - a share of traffic
    return dataclasses.replace(route, revision=name)


def reachable(route: Route, path: str, *, inside: bool) -> bool:
    """Whether the address answers this caller at all.

    Args:
        route: the service's.
        path: without its query; some are Google's own
            (https://cloud.google.com/run/docs/known-issues).
        inside: whether the connection came through the VPC.
    """
    if route.default_url_disabled or route.revision is None:
        return False
    plain = unquote(path)  # `/health%7A` is the same path as `/healthz`
    reserved = plain.startswith("/_ah/") or plain.endswith("z")
    if reserved and not isinstance(route.service, FunctionKey):
        return False
    if route.ingress in _FROM_INSIDE:
        return inside
    # Anything unheard of stays closed.
    return route.ingress in ("INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_UNSPECIFIED")


def find_credential(headers: Mapping[str, Sequence[str]]) -> Credential | None:
    """The credential of a request; ``X-Serverless-Authorization`` wins when both are there.

    Args:
        headers: the values of both headers, by their names above.
    """
    for header in (SERVERLESS, AUTHORIZATION):
        values = headers.get(header, ())
        if values:
            scheme, _, token = values[0].strip().partition(" ")
            alone = len(values) == 1 and scheme.lower() == "bearer"
            return Credential(header, token.strip() if alone else "")
    return None


@dataclass(frozen=True)
class Invokers:
    """The invoker check.

    Args:
        access: the policies.
        identities: verifies ID tokens.
    """

    access: Access
    identities: Identities

    def judge(
        self,
        route: Route,
        credential: Credential | None,
        attributes: RequestAttributes | None = None,
    ) -> Verdict:
        """Let in, or say how it is refused, once the address is known to be reachable.

        Args:
            route: the service's.
            credential: what the request brought, if anything.
            attributes: what conditions may ask of the request.
        """
        if route.invoker_iam_disabled:
            return Verdict.ADMITTED
        public = self._may(route, "allUsers", attributes)
        member = self._member(route, credential.token) if credential else None
        if member is None:
            refused = Verdict.FORBIDDEN if credential is None else Verdict.UNAUTHORIZED
            return Verdict.ADMITTED if public else refused
        # Asked also where all users may: a deny policy can be about this one.
        return Verdict.ADMITTED if self._may(route, member, attributes) else Verdict.FORBIDDEN

    def judge_agent(self, route: Route, agent: str, attributes: RequestAttributes) -> Verdict:
        """Let in, or not, what Identity-Aware Proxy asks for by its service agent."""
        admitted = route.invoker_iam_disabled or self._may(route, agent, attributes)
        return Verdict.ADMITTED if admitted else Verdict.FORBIDDEN

    def _may(self, route: Route, member: str, attributes: RequestAttributes | None) -> bool:
        # A function of the first generation asks for a permission of its own.
        permission = INVOKE_FUNCTION if isinstance(route.service, FunctionKey) else INVOKE
        return self.access.allowed(member, permission, route.service.name, attributes)

    def _member(self, route: Route, token: str) -> str | None:
        """The member that a verified token for this service names."""
        claims = self._claims(token)
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            return None
        service_account = email.endswith(".gserviceaccount.com")
        audiences = route.audiences if service_account else (*route.audiences, *_CLIENT_IDS)
        if claims.get("aud") not in audiences:
            return None
        return f"{'serviceAccount' if service_account else 'user'}:{email}"

    def _claims(self, token: str) -> Mapping[str, object]:
        try:
            return self.identities.claims(token)
        except TokenError:
            return {}

    def without_signature(self, credential: Credential) -> str | None:
        """The header value that the container sees; None when it is no token of Google's.

        https://cloud.google.com/run/docs/troubleshooting#signature-removed; that the scheme
        arrives in lower case in ``X-Serverless-Authorization`` was seen twice.
        """
        if not self._claims(credential.token):
            return None
        scheme = "bearer" if credential.header == SERVERLESS else "Bearer"
        unsigned = credential.token.rpartition(".")[0]
        return f"{scheme} {unsigned}.{_SIGNATURE_REMOVED}"
