"""Serving RPCs: one implementation each, reachable over gRPC and REST."""
