"""Starting: what cannot be is refused in a sentence, and what is damaged is left behind."""

import json
from pathlib import Path

import pytest

from provision.emulator.__main__ import parse
from provision.emulator.place import Place, listen


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "70000"),
        ("--grpc-port", "-1"),
        ("--proxy-port", "http"),
        ("--data", ""),
        ("--project", "X Y"),
        ("--iam-delay", "nan"),
        ("--operation-delay", "soon"),
        ("--host", "0.0.0.0"),  # noqa: S104 - that is what is refused
    ],
)
def test_an_option_that_cannot_be_is_refused(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the option's name, before anything is made."""
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert f"error: argument {arguments[0]}: " in capsys.readouterr().err


def test_ports_and_subnet_are_kept(tmp_path: Path) -> None:
    """A later run finds them."""
    Place(tmp_path).keep({"http": 8001, "grpc": 8002, "proxy": 8003}, "172.18.0.0/16")
    found = Place(tmp_path)
    assert [found.port(name) for name in ("http", "grpc", "proxy")] == [8001, 8002, 8003]
    assert found.subnet == "172.18.0.0/16"


@pytest.mark.parametrize(
    "content", ["{", "[]", "null", json.dumps({"http": -1, "grpc": "x", "subnet": 5}), "\udcff"]
)
def test_a_damaged_place_is_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """The ports are new then, which is said."""
    (tmp_path / "place.json").write_bytes(content.encode(errors="surrogateescape"))
    found = Place(tmp_path)
    assert [found.port(name) for name in ("http", "grpc", "proxy")] == [0, 0, 0]
    assert found.subnet == ""
    assert "place.json does not tell every port" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named() -> None:
    """So that one knows which of three it is."""
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port}: "):
            listen("127.0.0.1", port)
