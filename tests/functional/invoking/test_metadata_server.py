"""Tokens from the metadata server, in a container of a deployed service."""

import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

import provision

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine

_NEEDED = (
    "certifi",
    "cffi",
    "charset-normalizer",
    "cryptography",
    "google-api-core",
    "google-auth",
    "googleapis-common-protos",
    "idna",
    "proto-plus",
    "protobuf",
    "pyasn1",
    "pyasn1-modules",
    "requests",
    "urllib3",
)
_TARGET = "https://orders-1.asia-east1.run.app"
_APP = f"""
import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from provision.clients.invoking.service import Service


class Tells(BaseHTTPRequestHandler):
    def do_GET(self):
        minted = Service("{_TARGET}").tokens().get()
        told = {{"member": minted.member, "audience": minted.audience, "note": minted.note}}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())


HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Tells).serve_forever()
"""


def _copy_libraries(folder: Path) -> None:
    """The product and what it needs to mint, as `pip install --target` would lay them out."""
    for name in _NEEDED:
        for file in importlib.metadata.files(name) or ():
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            target = folder / str(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(str(file.locate())), target)
    ours = Path(str(provision.__file__)).parent
    left = shutil.ignore_patterns("emulator", "cli", "templates", "__pycache__")
    shutil.copytree(ours, folder / "provision", ignore=left)


def test_container_mints_as_its_own_account(project: "Project", cloud: "RunningEmulator") -> None:
    """Without a key, a login or a parameter: the metadata server gives the audience asked for."""
    _copy_libraries(project.path / "lib")
    (project.path / "app.py").write_text(_APP)
    dockerfile = (project.path / "Dockerfile").read_text()
    copied = "COPY lib /lib\nENV PYTHONPATH=/lib\nCOPY app.py ."
    (project.path / "Dockerfile").write_text(dockerfile.replace("COPY app.py .", copied))
    made = project.up()
    assert made.code == 0, made.err
    headers = {"Authorization": f"Bearer {project.run('token').out.strip()}"}
    answer = requests.get(made.service["url"], headers=headers, timeout=60)
    assert json.loads(answer.text) == {
        "member": f"serviceAccount:orders-run@{cloud.project}.iam.gserviceaccount.com",
        "audience": _TARGET,
        "note": "",
    }
