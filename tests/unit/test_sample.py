"""The demo's application: who it says is calling."""

import base64
import importlib.util
import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def sample() -> ModuleType:
    """The application, loaded from its file as it is in the image."""
    path = Path(__file__).parents[2] / "sample" / "main.py"
    spec = importlib.util.spec_from_file_location("sample_main", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def address(sample: ModuleType) -> Iterator[str]:
    """Where the application listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), sample.Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def _token(**claims: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.SIGNATURE_REMOVED_BY_GOOGLE"


def _ask(address: str, body: bytes | None = None, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, body, named)  # noqa: S310 - http, from the fixture
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - likewise
        return str(answer.read(), "utf-8")


def test_names_the_caller_of_the_token(address: str) -> None:
    """The e-mail in the token's claims is who called."""
    answer = _ask(address, Authorization=f"Bearer {_token(email='ann@example.com')}")

    assert "Hello, ann@example.com." in answer


def test_says_how_much_came(address: str) -> None:
    """What is posted is read to its end."""
    answer = _ask(address, b"x" * 70_000, Authorization=f"Bearer {_token(email='ann@example.com')}")

    assert answer == "70000 bytes from ann@example.com.\n"


def test_scheme_in_lower_case_is_understood(address: str) -> None:
    """Cloud Run has been seen to pass `bearer` on in lower case."""
    answer = _ask(address, X_Serverless_Authorization=f"bearer {_token(sub='1234')}")

    assert "Hello, 1234." in answer


def test_verified_header_goes_first(address: str) -> None:
    """With both headers, the one that Cloud Run verified says who called."""
    answer = _ask(
        address,
        X_Serverless_Authorization=f"Bearer {_token(email='ann@example.com')}",
        Authorization=f"Bearer {_token(email='mallory@example.com')}",
    )

    assert "ann@example.com" in answer
    assert "mallory" not in answer


@pytest.mark.parametrize("value", ["Bearer nonsense", "Bearer a.!!!.c", "Bearer e30.WzFd.x", "x"])
def test_what_is_no_token_is_no_crash(address: str, value: str) -> None:
    """Whatever stands in the header, the application answers."""
    assert "Hello, " in _ask(address, Authorization=value)


def test_token_is_not_repeated(address: str) -> None:
    """Not a part of the token is in the answer."""
    token = _token(email="ann@example.com")
    answer = _ask(address, Authorization=f"Bearer {token}")

    assert token.split(".")[1] not in answer
