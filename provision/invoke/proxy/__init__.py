"""A private service on a local address, for a browser: every request goes on with an ID token."""
