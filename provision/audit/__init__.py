"""Who can invoke what, by which path, and how sure that is: judged over a snapshot. Pure.

from provision.audit import Audit
from provision.snapshot import load

for answer in Audit(load(Path("org.jsonl.zst"))).who(target): ...
"""

from provision.audit.audit import Audit

__all__ = ["Audit"]
