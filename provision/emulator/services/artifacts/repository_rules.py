"""What Artifact Registry refuses in a repository. That it does is documented, its words assumed.

Source: https://cloud.google.com/artifact-registry/docs/repositories/create-repos and the comments
of the discovery document.
"""

import re
from typing import Any

from google.cloud import artifactregistry_v1

from provision.emulator.rpc.status import invalid
from provision.emulator.services.artifacts.addresses import GCR_HOSTS

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MOST_LABELS = 64
_MOST_POLICIES = 10
_KEEP = int(artifactregistry_v1.CleanupPolicy.Action.KEEP)
_FIXED = ("format_", "mode", "kms_key_name")
_IGNORED = ("name", "create_time", "update_time", "size_bytes", "registry_uri", "satisfies_pzi")


def check_new(request: Any) -> None:  # noqa: ANN401 - CreateRepositoryRequest
    """Raise `ApiError` when a repository cannot be made like this."""
    if not _ID.fullmatch(request.repository_id) and request.repository_id not in GCR_HOSTS:
        raise invalid(
            "the repository id must use only lowercase letters, numbers and '-', begin with a "
            "letter and end with a letter or number, with at most 63 characters"
        )
    if not request.repository.format_:
        raise invalid("repository format is required")
    check_fields(request.repository)


def check_fields(repository: Any) -> None:  # noqa: ANN401 - Repository
    """Raise `ApiError` for labels or cleanup policies that cannot be."""
    labels = repository.labels
    if len(labels) > _MOST_LABELS or not all(
        _LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(labels[key]) for key in labels
    ):
        raise invalid("labels must be at most 64, of lowercase letters, numbers, '_' and '-'")
    if len(repository.cleanup_policies) > _MOST_POLICIES:
        raise invalid(f"at most {_MOST_POLICIES} cleanup policies can be set")
    for key, policy in repository.cleanup_policies.items():
        if policy.id and policy.id != key:
            raise invalid(f"cleanup policy {key} has the id {policy.id}")
        if policy.HasField("most_recent_versions") and policy.action != _KEEP:
            raise invalid("most recent versions may only be specified with a Keep action")


def check_mask(mask: Any, sent: Any, current: Any) -> None:  # noqa: ANN401 - messages
    """Raise `ApiError` for fields that are none or cannot change; drop those that are told only.

    Args:
        mask: the fields to be written; changed in place.
        sent: the repository as sent.
        current: the repository as it is.
    """
    if not mask.IsValidForDescriptor(current.DESCRIPTOR):
        raise invalid("The update mask names a field that does not exist.")
    for field in _FIXED:
        if field in mask.paths and getattr(sent, field) != getattr(current, field):
            raise invalid(f"{field.rstrip('_')} cannot be changed")
    kept = [path for path in mask.paths if path.partition(".")[0] not in (*_FIXED, *_IGNORED)]
    del mask.paths[:]
    mask.paths.extend(kept)
