"""A service `orders`, its policy, and `provision` beside no spec."""

from tests.functional.proofs.conftest import orders, provision

__all__ = ["orders", "provision"]
