"""What importing `provision.invoke` costs, and what it needs."""

import subprocess
import sys

import pytest

import provision.invoke


def _loaded(code: str) -> set[str]:
    """The modules that are there after `code` ran in a new process."""
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return set(told.stdout.split())


def test_nothing_of_google_s_is_loaded_before_the_first_token() -> None:
    """The room itself loads nothing, `Invoker` loads requests, and neither loads httpx."""
    alone = _loaded("import provision.invoke")
    assert not {"requests", "httpx", "google.auth", "grpc"} & alone
    session = _loaded("from provision.invoke import Invoker; Invoker('https://a.run.app')")
    assert "requests" in session
    unwanted = {"httpx", "google.auth", "google.api_core", "grpc", "typer", "pydantic", "yaml"}
    assert not unwanted & session


def test_httpx_is_needed_by_its_flow_alone() -> None:
    """Without it, everything else can be imported, and the flow says what is missing."""
    code = (
        "sys.modules['httpx'] = None\n"
        "from provision.invoke import Invoker, LeftOriginWarning, explain\n"
        "try:\n"
        "    from provision.invoke import InvokerAuth\n"
        "except ImportError as error:\n"
        "    sys.modules[f'missing-{error.name}'] = None"
    )
    assert "missing-httpx" in _loaded(code)


def test_names_that_are_offered_are_there() -> None:
    """Each is found, and what is not offered is not."""
    for name in provision.invoke.__all__:
        assert getattr(provision.invoke, name).__doc__
    assert sorted(provision.invoke.__all__) == dir(provision.invoke)
    with pytest.raises(AttributeError):
        _ = provision.invoke.Invokers
