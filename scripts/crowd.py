#!/usr/bin/env python3
"""Makes a folder of the emulator with very many services, all like one that was really deployed."""

import contextlib
import hashlib
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests
from google.cloud import run_v2

from provision.emulator.database import Database
from provision.emulator.packing import packed, unpacked

ROOT = Path(__file__).resolve().parent.parent
PARENT = "projects/demo-project/locations/asia-east1"
_PROJECT = "demo-project"
_FIRST_PORT, _LAST_PORT = 10_000, 32_000
_OCI = "application/vnd.oci.image"


def start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A running emulator without an engine, and its start line."""
    command = [sys.executable, "-m", "provision.emulator", "--engine", "none", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("the emulator did not start")
    return process, json.loads(line)


def stop(process: subprocess.Popen[str]) -> None:
    """End it, and wait until it has ended."""
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    if process.stdout:
        process.stdout.close()


def session_of(about: dict[str, Any]) -> requests.Session:
    """An HTTP session of the developer's."""
    member = {"member": "user:developer@example.com"}
    url = f"{about['http']}/_emulator/identities"
    session = requests.Session()
    token = session.post(url, json=member, timeout=30).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def deploy(about: dict[str, Any]) -> None:
    """Deploy the service `orders` of a tiny image, with a policy."""
    session, http = session_of(about), about["http"]
    repository = {"format": "DOCKER"}
    _ask(session, "POST", f"{http}/v1/{PARENT}/repositories?repositoryId=services", json=repository)
    image = _push(session, about)
    service = {"template": {"containers": [{"image": image}]}}
    _ask(session, "POST", f"{http}/v2/{PARENT}/services?serviceId=orders", json=service)
    orders = f"{http}/v2/{PARENT}/services/orders"
    while _ask(session, "GET", orders).get("reconciling"):
        time.sleep(0.02)
    bindings = [{"role": "roles/run.invoker", "members": ["user:ann@example.com"]}]
    _ask(session, "POST", f"{orders}:setIamPolicy", json={"policy": {"bindings": bindings}})


def _ask(session: requests.Session, method: str, url: str, **more: Any) -> Any:  # noqa: ANN401 - JSON
    answer = session.request(method, url, timeout=30, **more)
    answer.raise_for_status()
    return answer.json()


def _push(session: requests.Session, about: dict[str, Any]) -> str:
    name = f"asia-east1/{_PROJECT}/services/hello"
    blobs = [json.dumps({"os": "linux", "architecture": "amd64"}).encode(), b"layer"]
    described = []
    for kind, content in zip(("config.v1+json", "layer.v1.tar"), blobs, strict=True):
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        url = f"{about['http']}/v2/{name}/blobs/uploads/?digest={digest}"
        session.post(url, data=content, timeout=30).raise_for_status()
        media_type = f"{_OCI}.{kind}"
        described.append({"mediaType": media_type, "digest": digest, "size": len(content)})
    media_type = f"{_OCI}.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": media_type}
    document = {**manifest, "config": described[0], "layers": described[1:]}
    session.put(
        f"{about['http']}/v2/{name}/manifests/v1",
        data=json.dumps(document),
        headers={"Content-Type": media_type},
        timeout=30,
    ).raise_for_status()
    return f"{about['registry']}/{name}:v1"


def multiply(folder: Path, count: int) -> None:
    """Put copies of the service `orders` into a folder whose emulator has stopped.

    They are called ``s00000`` and so on; each has its own revision, policy, address and time.
    """
    database = Database(folder)
    orders = f"{PARENT}/services/orders"
    (revision_name,) = database.keys("run-revisions")
    rows = {
        "run-services": database.get("run-services", orders),
        "run-revisions": database.get("run-revisions", revision_name),
        "policies": database.get("policies", orders),
        "run-addresses": database.get("run-addresses", orders),
    }
    port = _FIRST_PORT
    with database.together():
        for number in range(count):
            port = _free(port + 1)
            _copy(database, rows, f"s{number:05d}", port, 1000 + number)
    database.close()


def _copy(database: Database, rows: dict[str, str], short: str, port: int, position: int) -> None:
    name = f"{PARENT}/services/{short}"
    service = json.loads(rows["run-services"])
    service |= {"port": port, "serving": [[f"{short}-00001-abc", 100, ""]]}
    message = unpacked(service["message"], run_v2.Service.pb()())
    old_port = json.loads(rows["run-addresses"])[""][0]
    urls = [url.replace(f":{old_port}", f":{port}") for url in message.urls]
    revision = json.loads(rows["run-revisions"])
    made = unpacked(revision["message"], run_v2.Revision.pb()())
    made.name, made.service = f"{name}/revisions/{short}-00001-abc", short
    message.name, message.uri = name, urls[-1]
    message.urls[:] = urls
    message.create_time.nanos = position * 1000
    message.latest_ready_revision = message.latest_created_revision = made.name
    database.put(
        "run-services", name, position, json.dumps({**service, "message": packed(message)})
    )
    kept = json.dumps({**revision, "message": packed(made)})
    database.put("run-revisions", made.name, position, kept)
    database.put("policies", name, position, rows["policies"])
    database.put("run-addresses", name, position, json.dumps({"": [port, urls]}))


def _free(port: int) -> int:
    """The first free port from one on, below those that the system gives to connections."""
    for candidate in range(port, _LAST_PORT):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", candidate))
            return candidate
    raise RuntimeError("there are not enough free ports")
