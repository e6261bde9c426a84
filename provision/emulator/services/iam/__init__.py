"""IAM: service accounts, their keys and credentials, custom roles, deny policies."""
