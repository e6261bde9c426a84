"""Cloud Run Admin v2: services, revisions, jobs, executions; `knative` is v1 over the same."""
