"""The Docker engine, through its API and docker-py's client of it."""

from provision.clients.docker_engine.connection import Connection
from provision.clients.docker_engine.engine import BuildRequest, DockerEngine, EngineImage

__all__ = ["BuildRequest", "Connection", "DockerEngine", "EngineImage"]
