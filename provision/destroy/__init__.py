"""What `destroy` takes away, and what it leaves and why."""

from provision.destroy.calling import CallingThings
from provision.destroy.deployed import Destroy
from provision.destroy.removal import Removal

__all__ = ["CallingThings", "Destroy", "Removal"]
