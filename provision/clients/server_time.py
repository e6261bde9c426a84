"""What time it is where conditions are judged: by a clock that is off grants end too late."""

from datetime import datetime, timedelta

from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.token_refusals import lasting, skew_of

_TOLERATED = 60.0
"""Seconds by which clocks may differ: answers tell whole seconds, and take their time."""
_TIMEOUT = 5


def server_now(google: GoogleClients, clock: Clock) -> tuple[datetime, str]:
    """The time by Cloud Run's answers, and a sentence where this machine's clock is off.

    Where nothing answers it is this machine's time.
    """
    import requests

    now = clock.now()
    try:
        with requests.Session() as session:
            # A proxy has no business with this machine's own addresses.
            session.trust_env = google.local is None
            answer = session.head(google.rest_base("run"), timeout=_TIMEOUT)
    except requests.RequestException:
        return now, ""
    ahead = skew_of(answer.headers, clock.now())
    if ahead is None or abs(ahead) <= _TOLERATED:
        return now, ""
    way = "ahead of" if ahead > 0 else "behind"
    told = f"This machine's clock is {lasting(abs(ahead))} {way} Google's, whose time is taken."
    return now - timedelta(seconds=ahead), told
