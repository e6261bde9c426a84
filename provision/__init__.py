"""From a Dockerfile to a private Cloud Run service that answers only its invokers, with proof."""

__version__ = "0.1.0"
