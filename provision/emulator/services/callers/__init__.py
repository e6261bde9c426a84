"""What calls services on its own: Pub/Sub, Eventarc, Cloud Scheduler, Cloud Tasks, Workflows."""
