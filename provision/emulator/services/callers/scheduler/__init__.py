"""Cloud Scheduler: jobs, and when they fire."""
