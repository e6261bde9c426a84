"""Whether an image can be read, asked of the registry as whoever is going to pull it."""

import aiohttp


async def manifest_status(reference: str, token: str) -> int:
    """The registry's HTTP status for a manifest.

    Args:
        reference: ``HOST:PORT/NAME@DIGEST`` in a registry on this machine.
        token: access token of whoever is going to pull it; goes into this request only.
    """
    host, _, rest = reference.partition("/")
    name, _, digest = rest.partition("@")
    url = f"http://{host}/v2/{name}/manifests/{digest}"
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.head(url) as answer:
        return answer.status
