"""A snapshot: everything that decides who can invoke what, as it was at one time. Pure.

Read once (`provision.clients.reading`), judged as often as one likes (`provision.audit`), anywhere.
"""

from provision.snapshot.contents import Snapshot
from provision.snapshot.files import load, open_writer

__all__ = ["Snapshot", "load", "open_writer"]
