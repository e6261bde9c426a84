"""The emulated Google services, a file or two each."""
