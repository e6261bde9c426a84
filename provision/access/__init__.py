"""Granting and revoking: read-modify-write of one policy, and what remains of it."""
