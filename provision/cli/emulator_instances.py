"""The emulators of this user: what runs is written down, one file each, and found again.

The files can be read by their owner alone.
"""

import contextlib
import fcntl
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from provision.cli.emulator_process import Settings, check_packages, check_port, end, launch, runs
from provision.errors import UnavailableError

ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Instance:
    """A running emulator.

    Args:
        name: which one of several.
        pid: its process id.
        data: its data folder, or empty when it keeps everything in memory.
        log: file with what it writes.
        said: the line it wrote when it was ready: addresses, projects, identity, engine.
    """

    name: str
    pid: int
    data: str
    log: str
    said: Mapping[str, object]

    @property
    def url(self) -> str:
        """The value for ``PROVISION_EMULATOR``."""
        return str(self.said["http"])


class Instances:
    """The emulators of this user, by name.

    Args:
        folder: where records and logs are; made when needed, for the user alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, name: str) -> Instance | None:
        """The running emulator of that name; the record of one that has ended is removed."""
        record = self._record(name)
        try:
            instance = Instance(**json.loads(record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        if runs(instance.pid):
            return instance
        record.unlink(missing_ok=True)
        return None

    def start(self, name: str, settings: Settings) -> tuple[Instance, bool]:
        """The running emulator of that name, and whether this started it.

        Raises:
            UsageError: its packages are missing.
            UnavailableError: a port is taken, or it did not start.
        """
        with self._exclusive():
            running = self.find(name)
            if running is not None:
                return running, False
            check_packages()
            check_port(settings.port)
            check_port(settings.grpc_port)
            instance = self._launch(name, settings)
            self._private(self._record(name)).write_text(json.dumps(asdict(instance)))
            return instance, True

    def stop(self, name: str) -> Instance | None:
        """Ask the emulator to end, wait until it has, and return what ran; None if nothing did.

        Raises:
            UnavailableError: it does not end.
        """
        with self._exclusive():
            running = self.find(name)
            if running is not None:
                end(running.pid, running.log)
                self._record(name).unlink(missing_ok=True)
            return running

    def _launch(self, name: str, settings: Settings) -> Instance:
        log = self._private(self._record(name).with_suffix(".log"))
        ready = self._private(log.with_suffix(".ready"))
        try:
            pid, said = launch(settings, ready, log)
        finally:
            ready.unlink(missing_ok=True)
        return Instance(name, pid, str(settings.data or ""), str(log), said)

    def _record(self, name: str) -> Path:
        return self._folder / f"emulator{'' if name == 'default' else f'-{name}'}.json"

    def _private(self, path: Path) -> Path:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        return path

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "emulator.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def reset(instance: Instance) -> None:
    """Have the emulator forget everything it was told.

    Raises:
        UnavailableError: it does not answer, or says no.
    """
    why = _post(instance.url, "/_emulator/reset")
    if why:
        raise UnavailableError(
            f"resetting the emulator at {instance.url}: {why}", hint=f"its log: {instance.log}"
        )


def _post(url: str, path: str) -> str:
    """Send an empty POST; returns why it failed, or nothing."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return f"it answered {status}" if status >= http.client.BAD_REQUEST else ""
