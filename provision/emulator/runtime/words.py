"""How Google words it when a revision does not start."""

from provision.emulator.seams import RevisionToRun, StartError

_PREFIX = "Revision '{revision}' is not ready and cannot serve traffic. "


def not_listening(revision: RevisionToRun, logs: str, *, timed_out: bool) -> StartError:
    """The container ended, or did not open its port in time ("defined provided" is Google's)."""
    within = " within the allocated timeout" if timed_out else ""
    message = (
        "The user-provided container failed to start and listen on the port defined provided by "
        f"the PORT={revision.port} environment variable{within}. "
        "Logs for this revision might contain more information."
    )
    return _error(revision, message, "HEALTH_CHECK_CONTAINER_ERROR", logs)


def wrong_platform(revision: RevisionToRun) -> StartError:
    """An index without linux/amd64, refused when it is deployed; Google's words in part."""
    kind = revision.image.media_type
    message = f"Container manifest type '{kind}' must support amd64/linux."
    return _error(revision, message, "CONTAINER_MISSING", "")


def missing_image(revision: RevisionToRun) -> StartError:
    """The image was deleted after it was deployed; the wording is from memory."""
    message = f"Image '{_image(revision)}' not found."
    return _error(revision, message, "CONTAINER_MISSING", "")


def unreadable_image(revision: RevisionToRun, agent: str) -> StartError:
    """The service agent may not read the image; the wording is from memory."""
    message = (
        f"Google Cloud Run Service Agent {agent} must have permission to read the image, "
        f"{_image(revision)}. Ensure that the provided container image URL is correct and that "
        "the above account has permission to access the image."
    )
    return _error(revision, message, "CONTAINER_IMAGE_UNAUTHORIZED", "")


def engine_failed(revision: RevisionToRun, problem: str) -> StartError:
    """The emulator's own trouble, in its own words."""
    message = f"The emulator could not run the container. {problem}"
    return _error(revision, message, "REVISION_FAILED", "")


def _error(revision: RevisionToRun, message: str, reason: str, logs: str) -> StartError:
    text = _PREFIX.format(revision=revision.revision) + message
    return StartError(text, reason=reason, logs=logs, cause=message)


def _image(revision: RevisionToRun) -> str:
    image = revision.image
    key = image.repository
    path = f"{key.location}-docker.pkg.dev/{key.project}/{key.repository}/{image.package}"
    return f"{path}@{image.digest}"
