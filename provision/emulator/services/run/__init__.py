"""Cloud Run Admin v2: services, revisions, jobs and executions; `knative` is v1 over the same state."""
