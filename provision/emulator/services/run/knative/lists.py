"""Lists of v1: label selectors, and pages by ``limit`` and ``continue``."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from provision.emulator.rpc.status import invalid
from provision.emulator.services.paging import page
from provision.emulator.services.run.knative.requests import ANYWHERE, KnativeRequest

Selector = Callable[[Mapping[str, str]], bool]
_KEY = r"(?P<key>[A-Za-z0-9][A-Za-z0-9._/-]*)"
_EQUAL = re.compile(rf"{_KEY}\s*(?P<sign>==?|!=)\s*(?P<value>[A-Za-z0-9._-]*)")
_AMONG = re.compile(rf"{_KEY}\s+(?P<word>in|notin)\s*\((?P<values>[^()]*)\)")
_THERE = re.compile(rf"(?P<no>!?)\s*{_KEY}")
_BETWEEN = re.compile(r",(?![^()]*\))")


def selector(text: str) -> Selector:
    """Whether labels fit a selector, in Kubernetes' notation. Raises `ApiError`.

    Knows ``a=b``, ``a==b``, ``a!=b``, ``a in (b,c)``, ``a notin (b,c)``, ``a`` and ``!a``, all of
    them with commas between.
    """
    parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
    needed = [_one(part) for part in parts]
    return lambda labels: all(fits(labels) for fits in needed)


def _one(part: str) -> Selector:
    if found := _EQUAL.fullmatch(part):
        key, value, equal = found["key"], found["value"], found["sign"] != "!="
        return lambda labels: (labels.get(key) == value) is equal
    if found := _AMONG.fullmatch(part):
        among = {one.strip() for one in found["values"].split(",")}
        key, wanted = found["key"], found["word"] == "in"
        return lambda labels: (labels.get(key) in among) is wanted
    if found := _THERE.fullmatch(part):
        key, wanted = found["key"], not found["no"]
        return lambda labels: (key in labels) is wanted
    raise invalid(f"labelSelector: unable to parse requirement '{part}'.")


def listed(  # noqa: PLR0913, PLR0917 - what a list is made of
    request: KnativeRequest,
    kind: str,
    items: Iterable[Any],
    group: str,
    shown: Callable[[Any], dict[str, Any]] = dict,
    labels: Callable[[Any], Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """The answer of a list: items that fit, one page of them. Raises `ApiError`.

    Args:
        request: says which labels and how many.
        kind: of one item, as ``Service``.
        items: all there are, in order.
        group: what ``apiVersion`` is.
        shown: makes an item's JSON; without a selector, of one page's items only.
        labels: tells an item's labels, where that takes less than making its JSON.
    """
    text = request.query.get("labelSelector", "")
    fits, told = selector(text), labels or (lambda one: shown(one)["metadata"].get("labels", {}))
    found = [one for one in items if not text or fits(told(one))]
    token = request.query.get("continue", "")
    size = _number(request, "limit") or (0 if token else len(found))
    entries, following = page(found, size, token) if found else ((), "")
    answer: dict[str, Any] = {"apiVersion": group, "kind": f"{kind}List"}
    # gcloud, at a region's host, breaks without metadata; recorded lists of all regions have none.
    asked = {"limit", "labelSelector"} & request.query.keys()
    if following or asked or request.region != ANYWHERE:
        answer["metadata"] = {"continue": following} if following else {}
    if entries:
        answer["items"] = [shown(one) for one in entries]
    return answer


def _number(request: KnativeRequest, name: str) -> int:
    text = request.query.get(name, "") or "0"
    if not text.isdecimal():
        raise invalid(f"Invalid value at '{name}' (TYPE_INT32), \"{text}\"")
    return int(text)


def located(request: KnativeRequest, places: Mapping[str, str]) -> dict[str, Any]:
    """The locations of Cloud Run, by page; names have no ``projects/`` in front (recorded)."""
    found = [
        {
            "name": f"{request.project}/locations/{region}",
            "locationId": region,
            "displayName": title,
        }
        for region, title in sorted(places.items())
    ]
    size = _number(request, "pageSize")
    shown, following = page(found, size, request.query.get("pageToken", ""))
    return {"locations": list(shown), **({"nextPageToken": following} if following else {})}
