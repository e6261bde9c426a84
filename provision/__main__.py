"""The `provision` program, also as `python -m provision`."""

import errno
import os
import sys

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main() -> None:
    """Run the command; Ctrl-C while it is still being loaded ends it as at any other moment."""
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


if __name__ == "__main__":
    main()
