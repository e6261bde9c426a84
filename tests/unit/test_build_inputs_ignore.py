"""`.dockerignore`: the answers were taken from Docker's own command and are compared with it.

What the engine itself makes of the same patterns is in tests/functional/test_build_ignore.py.
"""

import pytest

from provision.image.ignore import Ignore, IgnorePatternError


@pytest.mark.parametrize(
    ("rules", "path", "left_out"),
    [
        ("*.log", "a.log", True),
        ("*.log", "src/a.log", False),
        ("**/*.log", "src/deep/a.log", True),
        ("**/*.log", "a.log", True),
        ("src", "src/deep/a.py", True),
        ("/src/", "src/a.py", True),
        ("src/*", "src", False),
        ("src/**", "src", False),
        ("src/**", "src/a.py", True),
        ("**/deep", "src/deep/a.py", True),
        ("**log", "x/catalog", True),
        ("**log", "log", True),
        ("foo**", "foobar", True),
        ("f?o", "foo", True),
        ("f?o", "f/o", False),
        ("[^f]*", "foo", False),
        ("[fk]*", "keep", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "aab", False),
        ("# *.log", "# a.log", False),
        (" # *.log", "# a.log", True),
        ("./src/../docs", "docs/x.md", True),
        ("with space", "with space/f", True),
        (".", "a", False),
        ("/", "a", False),
        ("\ufeffkeep", "keep", True),
        ("keep\r\nfoo\r\n", "keep", True),
    ],
)
def test_a_pattern_leaves_out_what_docker_leaves_out(
    rules: str, path: str, *, left_out: bool
) -> None:
    """One pattern, one path, Docker's answer."""
    assert Ignore.parse(rules).leaves_out(path) is left_out


@pytest.mark.parametrize(
    ("rules", "path", "left_out"),
    [
        ("*\n!keep", "keep", False),
        ("*\n!keep\nkeep", "keep", True),
        ("*\n! keep", "keep", False),
        ("*\n!src/deep", "src/deep/c.py", False),
        ("*\n!src/deep", "src/a.py", True),
        ("src\n!src/deep\nsrc/deep/d.log", "src/deep/d.log", True),
        ("src/*\n!src/deep\nsrc/deep/*\n!src/deep/er", "src/deep/er/e.py", False),
        ("src/*\n!src/deep\nsrc/deep/*\n!src/deep/er", "src/deep/c.py", True),
        ("*.md\n!README.md", "README.md", False),
        ("!keep\n*", "keep", True),
    ],
)
def test_the_last_rule_that_matches_decides(rules: str, path: str, *, left_out: bool) -> None:
    """Exceptions bring back what stands before them, and lose to what comes after."""
    assert Ignore.parse(rules).leaves_out(path) is left_out


@pytest.mark.parametrize("rules", ["[", "a[", "foo\\", "!", "ok\n!/"])
def test_a_pattern_that_docker_refuses_is_refused_with_its_line(rules: str) -> None:
    """Docker answers these with a syntax error; so do we, and say where."""
    with pytest.raises(IgnorePatternError, match=rf"line {len(rules.splitlines())}"):
        Ignore.parse(rules)


def test_only_a_directory_that_an_exception_may_reach_is_looked_into() -> None:
    """A named exception opens its own directories, one with a wildcard opens them all."""
    named, wild = Ignore.parse("*\n!src/deep/a"), Ignore.parse("*\n!**/*.py")
    assert named.may_hold_exceptions("src/deep")
    assert not named.may_hold_exceptions("sr")
    assert wild.may_hold_exceptions("anything")
