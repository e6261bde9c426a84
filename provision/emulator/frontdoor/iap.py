"""Identity-Aware Proxy before a service: who may pass, before Cloud Run looks at anything.

Documented: the tokens that it takes are for its own OAuth client, in ``Proxy-Authorization`` or
``Authorization``; who passes needs ``iap.webServiceVersions.accessViaIAP``; then Cloud Run is asked
by IAP's service agent. The words of its refusals were quoted by people.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provision.emulator.frontdoor import pages
from provision.emulator.frontdoor.onward import IAP_HEADERS
from provision.emulator.frontdoor.pages import Page
from provision.emulator.frontdoor_seams import Route
from provision.emulator.seams import Access, Identities, RequestAttributes, TokenError

ACCESS = "iap.webServiceVersions.accessViaIAP"
PROXY_AUTHORIZATION = "Proxy-Authorization"
AUTHORIZATION = "Authorization"


@dataclass(frozen=True)
class Passed:
    """IAP let a request through.

    Args:
        agent: the member that Cloud Run is asked by.
        headers: what the application is told of the caller; nothing of an anonymous one.
        spent: ``Authorization`` where that was for IAP, and is nobody else's business.
    """

    agent: str
    headers: Mapping[str, str]
    spent: str = ""


def client_id(route: Route) -> str:
    """The OAuth client of IAP that tokens for a service have to be for."""
    return f"{route.project_number}-iap.apps.googleusercontent.com"


def resource(route: Route) -> str:
    """What the policy of who may pass is attached to."""
    key = route.service
    return f"projects/{key.project}/iap_web/cloud_run-{key.region}/services/{key.service}"


@dataclass(frozen=True)
class IapGate:
    """The check.

    Args:
        access: the policies.
        identities: verifies ID tokens.
    """

    access: Access
    identities: Identities

    def judge(
        self,
        route: Route,
        headers: Callable[[str], Sequence[str]],
        attributes: RequestAttributes,
        url: str,
    ) -> Passed | Page:
        """Let through, or say how it is refused.

        Args:
            route: the service's.
            headers: the values of a header.
            attributes: what conditions may ask of the request.
            url: what was asked for, to come back to after signing in.
        """
        agent = f"serviceAccount:service-{route.project_number}@gcp-sa-iap.iam.gserviceaccount.com"
        name = next((one for one in (PROXY_AUTHORIZATION, AUTHORIZATION) if headers(one)), "")
        if self.access.allowed("allUsers", ACCESS, resource(route), attributes):
            return Passed(agent, {})
        if not name:
            return pages.sign_in(url, client_id(route))
        claims = self._claims(headers(name))
        if claims is None:
            return pages.iap_refusal("Unable to parse JWT")
        if claims.get("aud") != client_id(route):
            return pages.iap_refusal("JWT audience doesn't match this application")
        email = str(claims.get("email", ""))
        kind = "serviceAccount" if email.endswith(".gserviceaccount.com") else "user"
        if not email or not self.access.allowed(
            f"{kind}:{email}", ACCESS, resource(route), attributes
        ):
            return pages.iap_forbidden()
        spent = name if name == AUTHORIZATION else ""
        told = (f"accounts.google.com:{email}", f"accounts.google.com:{claims.get('sub', '')}")
        return Passed(agent, dict(zip(IAP_HEADERS, told, strict=False)), spent)

    def _claims(self, values: Sequence[str]) -> Mapping[str, object] | None:
        scheme, _, token = values[0].strip().partition(" ")
        if scheme.lower() != "bearer" or len(values) > 1:
            return None
        try:
            return self.identities.claims(token.strip())
        except TokenError:
            return None
