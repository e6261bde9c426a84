"""Where a repository's images are, said to whoever asks in the names that they use."""

from provision.emulator.rpc.asked_at import at_google
from provision.emulator.seams import RepositoryKey

GCR_HOSTS = ("gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io")
"""Container Registry's hosts; each is the id of a repository as well."""


def address_of(repository: RepositoryKey, own_host: str) -> str:
    """What an image's name begins with, as in ``LOCATION-docker.pkg.dev/PROJECT/REPOSITORY``.

    Args:
        repository: which one.
        own_host: the registry's own ``127.0.0.1:PORT``, for those who came to that.
    """
    key = repository
    if not at_google():
        return f"{own_host}/{key.location}/{key.project}/{key.repository}"
    if key.repository in GCR_HOSTS:
        return f"{key.repository}/{key.project}"
    return f"{key.location}-docker.pkg.dev/{key.project}/{key.repository}"
