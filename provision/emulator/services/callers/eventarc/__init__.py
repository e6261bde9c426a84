"""Eventarc: triggers, and what carries their events."""
