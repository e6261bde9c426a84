"""``.dockerignore`` as Docker reads it (pure).

The rules are those of https://docs.docker.com/build/concepts/context/#dockerignore-files and of the
matcher in github.com/moby/patternmatcher, which settles what the documentation leaves open: a
pattern that ends in ``**``, one that begins with it, what a rule says about a directory's children.
docker-py brings a matcher of its own that disagrees with Docker's in several of these.

Where Docker's two builders differ (a directory that is left out, with an exception such as
``!**/*.py`` that may match within it) this is BuildKit, Docker's default since version 23: it looks
inside, while the older builder looks inside only for an exception that names the directory.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import normpath

from provision.errors import UsageError

_WILD = frozenset("*[]?^\\")


class IgnorePatternError(UsageError, ValueError):
    """A pattern that Docker refuses."""


@dataclass(frozen=True)
class Rule:
    """One line of the file.

    Args:
        pattern: cleaned, without the exclamation mark.
        exception: the line began with one: what matches stays in.
    """

    pattern: str
    exception: bool
    regex: re.Pattern[str]

    def match(self, path: str) -> bool:
        """Whether the pattern matches this very path (its parents are not looked at)."""
        return self.regex.fullmatch(path) is not None


@dataclass(frozen=True)
class Ignore:
    """The rules of one file, in order; the last one that matches a path decides."""

    rules: tuple[Rule, ...]

    @classmethod
    def parse(cls, text: str) -> "Ignore":
        """Read the text of a ``.dockerignore``.

        Raises:
            IgnorePatternError: a pattern that Docker refuses, with its line.
        """
        return cls(tuple(_rules(text.removeprefix("\ufeff"))))

    def under(self, parent: Sequence[bool], path: str) -> tuple[bool, tuple[bool, ...]]:
        """Whether `path` is left out, and which rules matched it or a directory above it.

        Args:
            parent: what this returned for the directory of `path`; empty at the top.
            path: relative to the context, with slashes.
        """
        matched: list[bool] = []
        left_out = False
        for index, rule in enumerate(self.rules):
            hit = bool(parent) and parent[index]
            # A rule that could not change the answer so far is not asked, and does not count as
            # matched for what lies below: so does Docker, and nested exceptions depend on it.
            if not hit and rule.exception == left_out:
                hit = rule.match(path)
            matched.append(hit)
            if hit:
                left_out = not rule.exception
        return left_out, tuple(matched)

    def may_hold_exceptions(self, directory: str) -> bool:
        """Whether an exception could bring back something inside a directory that is left out."""
        exceptions = [_without_last_wildcard(rule) for rule in self.rules if rule.exception]
        return any(
            _WILD & set(pattern) or f"{pattern}/".startswith(f"{directory}/")
            for pattern in exceptions
        )

    def leaves_out(self, path: str) -> bool:
        """Whether a path is left out, directories above it considered."""
        parts = path.split("/")
        left_out = False
        matched: tuple[bool, ...] = ()
        for depth in range(1, len(parts) + 1):
            left_out, matched = self.under(matched, "/".join(parts[:depth]))
        return left_out


def _without_last_wildcard(rule: Rule) -> str:
    return rule.pattern.removesuffix("/**").removesuffix("/*")


def _rules(text: str) -> Iterator[Rule]:
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        # Only a number sign in the very first column begins a comment.
        if not stripped or line.startswith("#"):
            continue
        exception = stripped.startswith("!")
        body = stripped[1:].strip() if exception else stripped
        if not body or (exception and body.strip("/") == ""):
            raise IgnorePatternError(f".dockerignore, line {number}: '!' names nothing to keep")
        pattern = _cleaned(body)
        try:
            yield Rule(pattern, exception, re.compile(_regex(pattern), re.DOTALL))
        except re.error as error:
            raise IgnorePatternError(
                f".dockerignore, line {number}: {body!r} is no pattern ({error.msg})"
            ) from error


def _cleaned(pattern: str) -> str:
    path = re.sub("^/+", "/", pattern)
    clean = normpath(path)
    return clean[1:] if len(clean) > 1 and clean.startswith("/") else clean


def _regex(pattern: str) -> str:
    """The pattern as a regular expression for a whole path.

    ``*`` and ``?`` stop at slashes. ``**/`` stands for any number of directories, none included.
    At the end ``**`` takes everything; a beginning ``**`` without a slash or another wildcard is a
    plain suffix, so that ``**log`` takes ``a/catalog`` as well.
    """
    plain_suffix = re.fullmatch(r"\*\*(?P<rest>[^*?\[\]\\/][^*?\[\]\\]*)", pattern)
    if plain_suffix:
        return f".*{re.escape(plain_suffix['rest'])}"
    return "".join(_translated(pattern))


def _translated(pattern: str) -> Iterator[str]:
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            raise re.error("a class or an escape that does not end")
        position = token.end()
        yield _piece(token, at_end=position == len(pattern))


_TOKEN = re.compile(
    r"(?P<any>\*\*/?)|(?P<some>\*)|(?P<one>\?)|(?P<cls>\[\^?(?:\\.|[^\]\\])+\])|\\(?P<esc>.)|(?P<plain>[^\[\\])",
    re.DOTALL,
)


def _piece(token: re.Match[str], *, at_end: bool) -> str:
    kinds = {"any": ".*" if at_end else "(?:.*/)?", "some": "[^/]*", "one": "[^/]"}
    kind = token.lastgroup or ""
    text = token[kind]
    if kind == "cls":
        # A bracket within a class is itself; Python would warn of a nested set.
        return "[" + text[1:-1].replace("[", r"\[") + "]"
    if kind == "esc":
        # Docker hands an escaped letter on to its regular expressions: \d is a digit there.
        return f"\\{text}"
    return kinds.get(kind) or re.escape(text)
