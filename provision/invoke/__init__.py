"""Calling a service as somebody, or as nobody, and judging what comes back."""
