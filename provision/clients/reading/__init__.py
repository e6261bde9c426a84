"""The live reading of a scope: the services' own APIs, in parallel, into a snapshot.

What could not be read is in the snapshot too, as `Unread`: an audit takes it for "unknown", never
for "nobody". An interrupted reading into a file goes on where it stopped.
"""

from provision.clients.reading.reading import Written, read, read_for, write
from provision.clients.reading.walk import Progress

__all__ = ["Progress", "Written", "read", "read_for", "write"]
