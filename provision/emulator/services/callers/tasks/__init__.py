"""Cloud Tasks: queues, and tasks that are sent."""
