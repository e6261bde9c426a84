"""From a target's name to the address that an `Invoker` takes."""

import os

from provision.clients.credentials import load_caller
from provision.clients.gcloud_config import read_defaults
from provision.clients.google import GoogleClients
from provision.clients.invoking.service import Service
from provision.clients.local_cloud import find_local_cloud
from provision.clients.targets import Targets
from provision.errors import UsageError
from provision.targets import parse_targets
from provision.tokens.audiences import by_default


def service_of(target: str, project: str, region: str, service_account: str) -> Service:
    """The service that a target's name means, as Google tells it now.

    Args:
        target: service/NAME, function/NAME or a full resource name.
        project: where the name has none; the environment's or gcloud's where empty.
        region: likewise.
        service_account: whom to speak as; see `Service`.

    Raises:
        UsageError: no such form; no project or region; or a job, which has no address.
        NotFoundError: there is none.
    """
    defaults = read_defaults(os.environ, project=project or None, region=region or None)
    [named] = parse_targets([target], (), defaults.project, defaults.region)
    local = find_local_cloud(os.environ)
    google = GoogleClients(load_caller(os.environ, local, None), local)
    found = Targets(google).resolve(named)
    if not found.urls:
        raise UsageError(
            f"{named} has no address to be called at.",
            hint="A job is run, with `provision execute`; a service's address may be off.",
        )
    audience = by_default(found.urls, found.audiences).value
    return Service(found.urls[0], audience, service_account)
