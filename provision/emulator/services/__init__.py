"""The emulated Google services, a room each, and what they share."""
