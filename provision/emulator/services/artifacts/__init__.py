"""Artifact Registry: repositories, and what stands in them told as packages and images."""
