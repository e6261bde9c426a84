"""The names of Google's resources and of images: parsed, checked, and written back (no I/O).

Every class has `parse`, which raises `InvalidNameError`, and a `name` property that `parse` reads
back unchanged. Server answers may carry a project number where we wrote the id; both are accepted.
"""

from provision.resources.accounts import ServiceAccountName, project_in
from provision.resources.images import ImageReference
from provision.resources.names import (
    ACCOUNT_ID,
    GCR_LOCATIONS,
    PROJECT_ID,
    REGION,
    REPOSITORY_ID,
    SERVICE_ID,
    WORKFLOW_ID,
    FunctionName,
    InvalidNameError,
    JobName,
    Name,
    ProjectName,
    RepositoryName,
    ServiceName,
    WorkflowName,
    check_account_id,
    check_function_id,
    check_job_id,
    check_project_id,
    check_region,
    check_service_id,
    check_workflow_id,
)

__all__ = [
    "ACCOUNT_ID",
    "GCR_LOCATIONS",
    "PROJECT_ID",
    "REGION",
    "REPOSITORY_ID",
    "SERVICE_ID",
    "WORKFLOW_ID",
    "FunctionName",
    "ImageReference",
    "InvalidNameError",
    "JobName",
    "Name",
    "ProjectName",
    "RepositoryName",
    "ServiceAccountName",
    "ServiceName",
    "WorkflowName",
    "check_account_id",
    "check_function_id",
    "check_job_id",
    "check_project_id",
    "check_region",
    "check_service_id",
    "check_workflow_id",
    "project_in",
]
