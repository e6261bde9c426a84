"""Finding the engine and talking to it, its failures put into words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.errors import EngineError

if TYPE_CHECKING:
    from docker import APIClient

Event = Mapping[str, Any]

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_INSTALL = (
    "Start Docker, or install it: https://docs.docker.com/engine/install/ (on Debian and Ubuntu:"
    " `apt-get install docker.io`). DOCKER_HOST names an engine elsewhere."
)
_TIMEOUT = 60
"""Seconds that the engine may take over a small answer."""
_STREAM_TIMEOUT = 1800
"""Seconds of silence in a build or push after which the engine counts as gone."""


@dataclass(frozen=True)
class Connection:
    """The way to an engine, found as the `docker` command finds it.

    Args:
        environ: the environment: ``DOCKER_HOST``, ``DOCKER_CONTEXT``, ``DOCKER_TLS_VERIFY``, ….
    """

    environ: Mapping[str, str] = field(repr=False)

    @cached_property
    def api(self) -> "APIClient":
        """A client for short questions.

        Raises:
            EngineError: no engine answers.
        """
        return self._client(_TIMEOUT)

    @contextmanager
    def streaming(self) -> Iterator["APIClient"]:
        """A client for one long answer; the connection is cut when left, which ends a build."""
        client = self._client(_STREAM_TIMEOUT)
        answers: list[Any] = []
        client.hooks["response"].append(lambda answer, **_: answers.append(answer))
        try:
            yield client
        finally:
            for answer in answers:
                answer.close()
            client.close()

    def _client(self, timeout: int) -> "APIClient":
        from docker import APIClient
        from docker.errors import DockerException, TLSParameterError
        from requests import RequestException

        tried = []
        for where in self._places():
            try:
                return APIClient(timeout=timeout, version="auto", use_ssh_client=True, **where)
            except TLSParameterError as error:
                raise EngineError(f"Connecting to the Docker engine: {error}.") from error
            except (DockerException, RequestException, OSError) as error:
                tried.append(f"{where['base_url']} ({short(error)})")
        raise EngineError(
            f"Connecting to the Docker engine: nothing answers at {', nor at '.join(tried)}.",
            hint=_INSTALL,
        )

    def _places(self) -> Iterator[dict[str, Any]]:
        from docker.utils import kwargs_from_env

        if self.environ.get("DOCKER_HOST"):
            yield dict(kwargs_from_env(environment=dict(self.environ)))
            return
        context = self._context()
        if context:
            yield context
            return
        yield {"base_url": DEFAULT_SOCKET}
        runtime = self.environ.get("XDG_RUNTIME_DIR", "")
        home = self.environ.get("HOME", "")
        own = [Path(runtime, "docker.sock")] if runtime else []
        own += [Path(home, ".docker", "run", "docker.sock")] if home else []
        yield from ({"base_url": f"unix://{path}"} for path in own if path.exists())

    def _context(self) -> dict[str, Any] | None:
        """The engine of the chosen `docker context`, or None for the default one."""
        from docker.context import ContextAPI
        from docker.errors import ContextException

        chosen = self.environ.get("DOCKER_CONTEXT", "")
        try:
            context = ContextAPI.get_context(chosen or None)
        except (ContextException, OSError, ValueError) as error:
            raise EngineError(f"Reading the docker context: {short(error)}.") from error
        if context is None and chosen:
            raise EngineError(
                f"Connecting to the Docker engine: there is no docker context {chosen!r}.",
                hint="`docker context ls` lists them; DOCKER_CONTEXT chooses one.",
            )
        if context is None or context.name == "default" or not context.Host:
            return None
        return {"base_url": context.Host, "tls": context.TLSConfig or False}


@contextmanager
def engine_calls(doing: str) -> Iterator[None]:
    """Turn what docker-py raises into an `EngineError`.

    Args:
        doing: what we are doing, to what.
    """
    from docker.errors import APIError, DockerException, StreamParseError
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        said = error.explanation or error
        raise EngineError(f"{doing}: the Docker engine says: {str(said).strip()}") from error
    except (StreamParseError, RequestException, HTTPError, ConnectionError) as error:
        raise EngineError(
            f"{doing}: the Docker engine broke off ({short(error)}).",
            hint="Look whether it still runs (`docker info`), then run the same command again.",
        ) from error
    except DockerException as error:
        # What is left is not the engine's: a credential helper that is not installed, mostly.
        raise EngineError(
            f"{doing}: Docker's client says: {short(error)}",
            hint="Look into ~/.docker/config.json: `credsStore` and `credHelpers` name programs"
            " that have to be installed.",
        ) from error


def short(error: BaseException) -> str:
    """The innermost cause, as requests and docker-py wrap it several times over."""
    cause: BaseException = error
    while True:
        inner = cause.__cause__ or cause.__context__
        if inner is None:
            break
        cause = inner
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
