"""`python -m provision`."""

from provision.cli.app import main

if __name__ == "__main__":
    main()
