"""Why the front end answers 404, 302, 429, 500, 503 or 504. Pure."""

from provision.invoke.explain.answerer import is_reserved
from provision.invoke.explain.facts import Asked, Explanation, Finding, Known

_INSIDE = (
    "Call it from inside: from Cloud Run or a function that sends all its traffic through a VPC,"
    " a VM of the VPC, or through the load balancer. `ingress: all` in the spec opens it to callers"
    " outside, IAM still asked."
)


def not_found(asked: Asked, known: Known) -> Explanation:
    """Why there is nothing at an address, in the front end's words."""
    if is_reserved(asked.path):
        return Explanation(
            Finding.RESERVED_PATH,
            f"{asked.path} is a path that Google keeps for itself, and no service ever sees",
            (("reserved", "paths under /_ah/, and (some) paths that end in z"),),
            "Serve it under another path, as /health instead of /healthz.",
        )
    gate = known.gate
    if gate is not None and gate.default_url_disabled:
        return Explanation(
            Finding.ADDRESS_OFF,
            f"the default address of {known.name} is off, for everybody and before IAM",
            (("service", "defaultUriDisabled is true"),),
            "Call it at its load balancer's address, or turn it on: `default_url: true` in the"
            " spec, `gcloud run services update … --default-url`.",
        )
    if gate is not None and gate.shut_from_outside:
        return Explanation(
            Finding.INGRESS,
            f"the ingress of {known.name} keeps everybody outside out, before IAM",
            (("service", f"ingress is {gate.ingress}"),),
            _INSIDE,
        )
    return Explanation(
        Finding.NO_ADDRESS,
        "nothing serves at this address",
        (("address", asked.url.partition("?")[0]), ("ingress", gate.ingress if gate else "?")),
        "It may have been deleted or moved to another region just now, or a VPC Service Controls"
        " perimeter hides it. `gcloud run services list` shows what is there.",
        certain=False,
    )


def iap(known: Known) -> Explanation:
    """Identity-Aware Proxy answered instead of the service."""
    return Explanation(
        Finding.IAP,
        f"Identity-Aware Proxy stands before {known.name}, and asks for a login of its own",
        (("service", f"iapEnabled is {_yes(known)}"), ("order", "IAP first, then the invoker")),
        "IAP wants a token for its own OAuth client: `--audience CLIENT_ID.apps.googleusercontent"
        ".com` and roles/iap.httpsResourceAccessor. No token satisfies IAP and the invoker check"
        " both: IAP's service agent is what calls the service.",
    )


def no_instance(known: Known) -> Explanation:
    """429 or 500 in the front end's words."""
    return Explanation(
        Finding.NO_INSTANCE,
        f"no instance of {known.name} could take the request",
        _limits(known, "instances", "ready"),
        "Allow more instances or more requests at a time in each, make it start faster, or try"
        " again: the request did not reach the application.",
        certain=False,
    )


def broken(known: Known) -> Explanation:
    """503 in the front end's words."""
    return Explanation(
        Finding.BROKEN,
        f"the request was let in, and the container of {known.name} broke off or did not start",
        _limits(known, "ready", "instances"),
        "Its logs say why: `gcloud run services logs read`. Memory that runs out and a crash look"
        " like this.",
        certain=False,
    )


def timed_out(known: Known) -> Explanation:
    """504 in the front end's words."""
    return Explanation(
        Finding.TIMED_OUT,
        f"the request was let in, and {known.name} did not answer within its timeout",
        _limits(known, "timeout"),
        "Answer sooner, or raise `timeout` in the spec; an hour is the most.",
        certain=False,
    )


def _limits(known: Known, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, known.limits[name]) for name in names if name in known.limits)


def _yes(known: Known) -> str:
    return "true" if known.gate is not None and known.gate.iap else "not shown by Cloud Run"
