"""Cloud Identity v1: groups and their memberships (REST only)."""
