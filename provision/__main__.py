"""The `provision` program, also as `python -m provision`."""

import errno
import gc
import os
import sys

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_OBJECTS = 50_000
"""New ones after which dead circles are looked for; Python's own 700 suit no start."""


def main() -> None:
    """Run the command; Ctrl-C while it is still being loaded ends it as at any other moment."""
    _load_less()
    try:
        try:
            from provision.cli.app import app

            app()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        # Else Python would try again while it ends, and fail with words of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"Error: Writing the result: {error.strerror}.\n")
        sys.exit(1)


def _load_less() -> None:
    """A command is over soon: a third of the time to load Google's clients is saved here.

    They import aiohttp where it is installed, for asynchronous requests over REST that no command
    makes. The emulator, which serves with it, is a process of its own.
    """
    gc.set_threshold(_OBJECTS)
    sys.modules["aiohttp"] = None  # type: ignore[assignment] # so that importing it fails at once


if __name__ == "__main__":
    main()
