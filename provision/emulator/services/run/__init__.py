"""Cloud Run Admin v2: services and their revisions, and the little of v1 that auditors read."""
