"""The connectors there are: which request of which API each one is.

Source: https://cloud.google.com/workflows/docs/reference/googleapis, and the discovery documents of
the APIs, whose methods the connectors are. Only APIs that the emulator has are here.
"""

from dataclasses import dataclass

_RUN_V1 = "apis/run.googleapis.com/v1"
_JOBS_V2 = "v2/{+name}"
_OBJECTS = "storage/v1/b/{bucket}/o"
_QUEUES = "v2/{+parent}"


@dataclass(frozen=True)
class Connector:
    """A connector.

    Args:
        name: as in ``googleapis.run.v1.namespaces.jobs.run``.
        verb: the HTTP method.
        host: of the API; ``{location}`` stands for the argument of that name.
        path: with ``{name}`` for an argument, and ``{+name}`` for one that may hold slashes.
        waits: how the end is waited for: ``""`` not at all, ``operation`` for a long-running
            operation, ``execution`` for a job's execution in v1, ``workflow`` for a workflow's.
        body: whether an argument ``body`` is sent.
    """

    name: str
    verb: str
    host: str
    path: str
    waits: str = ""
    body: bool = False


_LINES = f"""
run.v1.namespaces.jobs.run          POST {{location}}-run {_RUN_V1}/{{+name}}:run body execution
run.v1.namespaces.jobs.get          GET  {{location}}-run {_RUN_V1}/{{+name}}
run.v1.namespaces.jobs.list         GET  {{location}}-run {_RUN_V1}/{{+parent}}/jobs
run.v1.namespaces.executions.get    GET  {{location}}-run {_RUN_V1}/{{+name}}
run.v1.namespaces.executions.list   GET  {{location}}-run {_RUN_V1}/{{+parent}}/executions
run.v1.namespaces.executions.cancel POST {{location}}-run {_RUN_V1}/{{+name}}:cancel body
run.v2.projects.locations.jobs.run               POST run v2/{{+name}}:run body operation
run.v2.projects.locations.jobs.get               GET  run v2/{{+name}}
run.v2.projects.locations.jobs.list              GET  run v2/{{+parent}}/jobs
run.v2.projects.locations.jobs.executions.get    GET  run v2/{{+name}}
run.v2.projects.locations.jobs.executions.list   GET  run v2/{{+parent}}/executions
run.v2.projects.locations.jobs.executions.cancel POST run v2/{{+name}}:cancel body operation
run.v2.projects.locations.jobs.executions.tasks.get  GET run v2/{{+name}}
run.v2.projects.locations.jobs.executions.tasks.list GET run v2/{{+parent}}/tasks
run.v2.projects.locations.operations.get         GET  run v2/{{+name}}
run.v2.projects.locations.operations.wait        POST run v2/{{+name}}:wait body
run.v2.projects.locations.services.get           GET  run v2/{{+name}}
run.v2.projects.locations.services.list          GET  run v2/{{+parent}}/services
storage.v1.objects.get      GET    storage {_OBJECTS}/{{object}}
storage.v1.objects.insert   POST   storage upload/{_OBJECTS} body
storage.v1.objects.list     GET    storage {_OBJECTS}
storage.v1.objects.delete   DELETE storage {_OBJECTS}/{{object}}
storage.v1.buckets.get      GET    storage storage/v1/b/{{bucket}}
storage.v1.buckets.list     GET    storage storage/v1/b
storage.v1.buckets.insert   POST   storage storage/v1/b body
storage.v1.buckets.delete   DELETE storage storage/v1/b/{{bucket}}
pubsub.v1.projects.topics.publish POST pubsub v1/{{+topic}}:publish body
cloudtasks.v2.projects.locations.queues.tasks.create POST cloudtasks {_QUEUES}/tasks body
cloudscheduler.v1.projects.locations.jobs.run POST cloudscheduler v1/{{+name}}:run body
workflowexecutions.v1.projects.locations.workflows.executions.create POST workflowexecutions \
    v1/{{+parent}}/executions body
workflowexecutions.v1.projects.locations.workflows.executions.run POST workflowexecutions \
    v1/projects/{{project_id}}/locations/{{location}}/workflows/{{workflow_id}}/executions workflow
workflowexecutions.v1.projects.locations.workflows.executions.get GET workflowexecutions \
    v1/{{+name}}
workflowexecutions.v1.projects.locations.workflows.executions.list GET workflowexecutions \
    v1/{{+parent}}/executions
workflowexecutions.v1.projects.locations.workflows.executions.cancel POST workflowexecutions \
    v1/{{+name}}:cancel body
"""


def _connectors() -> dict[str, Connector]:
    found = {}
    for line in _LINES.replace("\\\n", " ").strip().splitlines():
        name, verb, host, path, *more = line.split()
        full = f"googleapis.{name}"
        waits = next((word for word in more if word != "body"), "")
        found[full] = Connector(full, verb, f"{host}.googleapis.com", path, waits, "body" in more)
    return found


CONNECTORS = _connectors()
"""By their names."""
