"""The `provision` program, also as `python -m provision`."""

import sys


def main() -> None:
    """Run the command; Ctrl-C while it is still being loaded ends it as at any other moment."""
    try:
        from provision.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
