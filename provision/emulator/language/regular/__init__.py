"""Regular expressions in RE2's syntax, matched in time that grows with the text alone.

Of the matches that begin at one place the longest is taken, as Workflows documents it; what RE2 has
not (looking around, references back) is refused.
Source: https://github.com/google/re2/wiki/Syntax and
https://cloud.google.com/workflows/docs/reference/stdlib/text/find_all_regex.
"""

from provision.emulator.language.regular.matching import Expression, compiled
from provision.emulator.language.regular.trees import PatternError

__all__ = ["Expression", "PatternError", "compiled"]
