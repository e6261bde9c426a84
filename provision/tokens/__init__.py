"""Which ID token opens an address, and which header carries it. Pure."""
