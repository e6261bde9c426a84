"""A service's cookies on a local address without TLS. Pure."""

_NEEDS_TLS = ("__secure-", "__host-")


def at_home(value: str) -> str:
    """A ``Set-Cookie`` as a browser takes it from ``http://localhost``.

    Domain goes, since it is the service's own; so does Secure, which wants TLS, and with it what is
    refused without it. A name with a prefix that demands Secure keeps it: browsers that take
    localhost for safe accept it.
    """
    pair, *attributes = value.split(";")
    prefixed = pair.strip().lower().startswith(_NEEDS_TLS)
    kept = [pair]
    for attribute in attributes:
        name, _, setting = attribute.strip().partition("=")
        lowered = name.strip().lower()
        if lowered == "domain" or (not prefixed and lowered in {"secure", "partitioned"}):
            continue
        if not prefixed and lowered == "samesite" and setting.strip().lower() == "none":
            kept.append(" SameSite=Lax")
            continue
        kept.append(attribute)
    return ";".join(kept)
