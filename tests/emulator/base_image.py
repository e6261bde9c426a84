"""The base image of the tests in an emulator's registry, pushed by the Docker engine."""

import docker

from tests.conftest import DEVELOPER, Clients, RunningEmulator, make_repository


def push_base(emulator: RunningEmulator) -> str:
    """Make the repository `services` and push the base image to it; its reference."""
    make_repository(Clients(emulator, "grpc", DEVELOPER), "demo-project")
    reference = f"{emulator.about['registry']}/asia-east1/demo-project/services/base"
    engine = docker.from_env(timeout=120)
    engine.images.get("provision-base:dev").tag(reference, "v1")
    login = {"username": "oauth2accesstoken", "password": emulator.token()}
    events = list(engine.images.push(reference, "v1", auth_config=login, stream=True, decode=True))
    engine.images.remove(f"{reference}:v1")
    assert not [event for event in events if "error" in event]
    return f"{reference}:v1"
