#!/usr/bin/env python3
"""What `Invoker` adds to a request, beside a plain session that has a token already.

bench_invoker.py URL   prints one line of JSON: {"ours": µs, "peer": µs, "ratio": …} for a request
"""

import json
import statistics
import sys
import time

import requests
from bench_pairs import in_turn

from provision.invoke import Invoker

TURNS, REQUESTS = 9, 200


def main(url: str) -> None:
    """Ask `url` over and over, and tell what a request took."""
    invoker, plain = Invoker(url), requests.Session()
    plain.headers["Authorization"] = f"Bearer {'a' * 900}"  # as long as an ID token
    for session in (invoker, plain):
        _request(session, url)  # the token is minted and the connection made
    found = in_turn(lambda: _request(invoker, url), lambda: _request(plain, url), TURNS)
    sys.stdout.write(json.dumps(found._asdict()) + "\n")


def _request(session: requests.Session, url: str) -> float:
    """Microseconds of a request, the median of many."""
    took = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        session.get(f"{url}/", timeout=30).raise_for_status()
        took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1e6


if __name__ == "__main__":
    main(sys.argv[1])
