"""What the parsers of the emulator's languages share: tokens, and going over them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """One token.

    Args:
        kind: ``name``, ``string``, ``operator``, ``end``, or a kind of number.
        text: as written; the meaning, for strings.
        at: where it begins, counted from 0.
    """

    kind: str
    text: str
    at: int


class Cursor:
    """Goes over the tokens of an expression, for a parser to stand on.

    Args:
        tokens: an ``end`` last.
        unexpected: makes the error for a token that should not stand there.
    """

    def __init__(self, tokens: Sequence[Token], unexpected: Callable[[Token], Exception]) -> None:
        self._tokens = tokens
        self._unexpected = unexpected
        self._at = 0

    def peek(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._at]

    def next(self) -> Token:
        """Go past a token. Raises what `unexpected` makes, at the end."""
        token = self._tokens[self._at]
        if token.kind == "end":
            raise self._unexpected(token)
        self._at += 1
        return token

    def take(self, text: str) -> bool:
        """Go past an operator, if it is that one."""
        token = self._tokens[self._at]
        taken = token.text == text and token.kind == "operator"
        self._at += taken
        return taken

    def expect(self, text: str) -> None:
        """Go past a token. Raises what `unexpected` makes of another."""
        token = self._tokens[self._at]
        if token.kind == "string" or token.text != text:
            raise self._unexpected(token)
        self._at += token.kind != "end"
