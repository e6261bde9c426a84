"""Resource Manager: organisations, folders, projects and tags."""
