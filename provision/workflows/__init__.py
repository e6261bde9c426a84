"""Workflows: what they call, what is wrong with that, and their source. Pure."""

from provision.workflows.calls import HttpCall, JobRun, Laid
from provision.workflows.rendering import render

__all__ = ["HttpCall", "JobRun", "Laid", "render"]
