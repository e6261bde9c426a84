"""The contents of `audit.yaml` held against what it may say; all that is wrong at once. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from provision.audit.answers import Severity
from provision.audit.settings import STALE_DAYS, Acceptance, Settings
from provision.errors import UsageError

if TYPE_CHECKING:
    from provision.spec import Problem
    from provision.spec.nodes import Document, Path, Position

_STALE_KEY = "stale-key"
_MAX_DAYS = 36_500
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DOMAIN = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")
_CUSTOMER = re.compile(r"C[0-9a-z]{6,12}")
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z0-9-]{4,30}")
_INTERNAL = {
    "domains": (_DOMAIN, "a domain such as example.com, in lower case"),
    "customers": (_CUSTOMER, "a Cloud Identity customer id such as C01234567"),
    "projects": (_PROJECT, "a project's id or number"),
}
_TOP = ("internal", "specs", "rules", "accept")
_ACCEPTANCE = ("id", "rule", "resource", "principal", "owner", "reason", "until")
_NEEDED = ("owner", "reason", "until")


class Reader:
    """Takes one document to settings, and collects problems.

    Args:
        file: as the user named it.
    """

    def __init__(self, file: str) -> None:
        self.specs: list[str] = []
        self._file = file
        self._problems: list[Problem] = []
        self._document: Document | None = None

    def say(self, position: "Position", path: "Path", message: str) -> None:
        """Note a problem."""
        from provision.spec import Problem
        from provision.spec.load import dotted

        self._problems.append(Problem(self._file, *position, dotted(path), message))

    def check(self) -> None:
        """Raise what is wrong, if anything is.

        Raises:
            UsageError: with a line for each problem.
        """
        if self._problems:
            lines = sorted(dict.fromkeys(self._problems))
            raise UsageError(
                "\n".join(map(str, lines)), hint="docs/findings.md tells what audit.yaml may say."
            )

    def settings(self, document: "Document") -> Settings:
        """The settings of a document; what is wrong is left out, and noted."""
        self._document = document
        top = self._mapping(document.value, (), _TOP)
        internal = self._mapping(top.get("internal", {}), ("internal",), tuple(_INTERNAL))
        own = {key: self._own(internal, key) for key in _INTERNAL}
        self.specs = self._texts(top.get("specs", []), ("specs",))
        severities, ignored, days = self._rules(top.get("rules", {}))
        return Settings(
            own["domains"],
            own["customers"],
            own["projects"],
            (),
            days,
            severities,
            ignored,
            self._acceptances(top.get("accept", [])),
            self._file,
        )

    def _wrong(self, path: "Path", message: str, *, of_key: bool = False) -> None:
        document = self._document
        if document is not None and path not in document.refused:
            self.say(document.position(path, of_key=of_key), path, message)

    def _mapping(self, value: object, path: "Path", allowed: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(path, f"must be a mapping with {', '.join(allowed)}")
            return {}
        for key in value:
            if key not in allowed:
                self._wrong((*path, key), _unknown(key, allowed), of_key=True)
        return {key: each for key, each in value.items() if key in allowed}

    def _list(self, value: object, path: "Path") -> list[Any]:
        if isinstance(value, list):
            return value
        self._wrong(path, "must be a list")
        return []

    def _texts(self, value: object, path: "Path") -> list[str]:
        found = []
        for index, one in enumerate(self._list(value, path)):
            text = self._text(one, (*path, index))
            found += [text] if text else []
        return found

    def _text(self, value: object, path: "Path") -> str:
        if isinstance(value, str) and value.strip():
            return value.strip()
        self._wrong(path, "must be a text that is not empty")
        return ""

    def _own(self, internal: Mapping[str, Any], key: str) -> frozenset[str]:
        pattern, what = _INTERNAL[key]
        values = internal.get(key, [])
        if isinstance(values, list):  # a project's number is one to YAML, too
            values = [str(one) if type(one) is int else one for one in values]
        texts = self._texts(values, ("internal", key))
        for index, text in enumerate(texts):
            if not pattern.fullmatch(text):
                self._wrong(("internal", key, index), f"{text!r} is not {what}")
        return frozenset(texts)

    def _rules(self, value: object) -> tuple[dict[str, Severity], frozenset[str], int]:
        severities = dict[str, Severity]()
        ignored, days = set[str](), STALE_DAYS
        rules = self._mapping(value, ("rules",), _names())
        for name, told in rules.items():
            path = ("rules", name)
            allowed = ("severity", "ignore", *(("days",) if name == _STALE_KEY else ()))
            said = self._mapping(told, path, allowed)
            if "severity" in said:
                severity = self._severity(said["severity"], (*path, "severity"))
                severities.update({name: severity} if severity else {})
            if not isinstance(said.get("ignore", False), bool):
                self._wrong((*path, "ignore"), "must be true or false")
            ignored.update({name} if said.get("ignore") is True else ())
            if "days" in said:
                days = self._days(said["days"], (*path, "days"))
        return severities, frozenset(ignored), days

    def _severity(self, value: object, path: "Path") -> Severity | None:
        try:
            return Severity(str(value))
        except ValueError:
            self._wrong(path, f"must be one of {', '.join(Severity)}")
            return None

    def _days(self, value: object, path: "Path") -> int:
        if type(value) is int and 0 < value <= _MAX_DAYS:
            return value
        self._wrong(path, f"must be a number of days from 1 to {_MAX_DAYS}")
        return STALE_DAYS

    def _acceptances(self, value: object) -> tuple[Acceptance, ...]:
        found = (
            self._acceptance(one, ("accept", index))
            for index, one in enumerate(self._list(value, ("accept",)))
        )
        return tuple(one for one in found if one is not None)

    def _acceptance(self, value: object, path: "Path") -> Acceptance | None:
        said = self._mapping(value, path, _ACCEPTANCE)
        if not isinstance(value, dict):
            return None
        for key in _NEEDED:
            if key not in said:
                self._wrong(path, f"{key} is missing: an acceptance has {_listed(_NEEDED)}")
        texts = {key: self._text(said[key], (*path, key)) for key in said if key != "until"}
        until = self._until(said.get("until"), (*path, "until")) if "until" in said else None
        self._means_one(texts, path)
        if until is None or not texts.get("owner") or not texts.get("reason"):
            return None
        line = self._document.position(path)[0] if self._document else 0
        return Acceptance(**texts, until=until, place=f"{self._file}:{line}")

    def _means_one(self, texts: Mapping[str, str], path: "Path") -> None:
        """Whether it is clear which findings are meant."""
        patterns = [key for key in ("rule", "resource", "principal") if key in texts]
        if "id" in texts and patterns:
            self._wrong(path, "give either id, or rule with resource or principal")
        elif "id" not in texts and len(patterns) < len(("rule", "one more")):
            self._wrong(path, "say which: id, or rule with resource or principal (* for any text)")
        elif "id" not in texts and "rule" not in texts:
            self._wrong(path, "rule is missing: whose findings are accepted?")
        name = texts.get("rule") or texts.get("id", "").rpartition("-")[0]
        if name and name not in _names():
            key = "rule" if "rule" in texts else "id"
            self._wrong((*path, key), f"there is no rule {name!r}{_meant(name, _names())}")

    def _until(self, value: object, path: "Path") -> date | None:
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass  # as 2027-02-30
        self._wrong(path, "must be a day, as 2027-06-30; it is the last one that counts")
        return None


def _names() -> tuple[str, ...]:
    from provision.audit.findings.catalogue import BY_NAME

    return tuple(BY_NAME)


def _unknown(key: object, allowed: tuple[str, ...]) -> str:
    return f"is not known here{_meant(str(key), allowed)}"


def _meant(text: str, allowed: tuple[str, ...]) -> str:
    close = get_close_matches(text, allowed, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {_listed(allowed)}"


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)
