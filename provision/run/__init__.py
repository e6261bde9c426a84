"""Services and jobs of Cloud Run: what a spec asserts of one, and what is claimed of it. Pure."""
