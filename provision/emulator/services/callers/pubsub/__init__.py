"""Pub/Sub: topics, and subscriptions that push."""
