"""Where these APIs are, and what names within a location may look like.

The regions are those that each API lists in its documentation. Reading lists at the emulator's own
address is let through for other places, too: there ``locations.list`` is that of all APIs together.
"""

import re

from provision.emulator.rpc.asked_at import at_google
from provision.emulator.rpc.status import invalid

_FIRST = (
    *("asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3"),
    *("asia-south1", "asia-southeast1", "asia-southeast2", "australia-southeast1"),
    *("europe-central2", "europe-west1", "europe-west2", "europe-west3", "europe-west6"),
    *("northamerica-northeast1", "southamerica-east1"),
    *("us-central1", "us-east1", "us-east4", "us-west1", "us-west2", "us-west3", "us-west4"),
)
_LATER = (
    *("africa-south1", "asia-south2", "australia-southeast2", "europe-north1", "europe-southwest1"),
    *("europe-west10", "europe-west12", "europe-west4", "europe-west8", "europe-west9"),
    *("me-central1", "me-central2", "me-west1", "northamerica-northeast2", "northamerica-south1"),
    *("southamerica-west1", "us-east5", "us-south1"),
)
SCHEDULER = tuple(sorted(_FIRST))
TASKS = tuple(sorted((*_FIRST, *_LATER)))
WORKFLOWS = TASKS
EVENTARC = ("global", *TASKS)
_PARENT = re.compile(r"projects/[^/]+/locations/([^/]+)")


def check_parent(parent: str, places: tuple[str, ...], *, reading: bool = False) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) unless it is ``projects/P/locations/L`` of an API.

    Args:
        parent: canonical name.
        places: the API's locations; ``-`` among them when a list of all is offered.
        reading: whether nothing is going to be made there.
    """
    found = _PARENT.fullmatch(parent)
    if found is None:
        raise invalid(f'Invalid resource field value in the request: "{parent[:200]}".')
    if found.group(1) not in places and not (reading and not at_google()):
        raise invalid(
            f"Location '{found.group(1)}' is not a valid location. Use ListLocations to list valid "
            "locations."
        )


def check_name(name: str, collection: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) unless it is ``projects/P/locations/L/COLLECTION/ID``."""
    if not re.fullmatch(rf"projects/[^/]+/locations/[^/]+/{collection}/[^/]+", name):
        raise invalid(f'Invalid resource field value in the request: "{name[:200]}".')


def location_of(name: str) -> str:
    """``projects/P/locations/L`` of a full name."""
    return "/".join(name.split("/")[:4])
