"""Cloud Identity v1: groups and their memberships, read only (REST only)."""
