"""What functions may be called, and what is said of those that are missing."""

import re

from provision.emulator.rpc.status import ApiError, invalid, not_found

_FIRST = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_SECOND = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_FUNCTION = re.compile(r"projects/[^/]+/locations/[^/]+/functions/[^/]+")
_PARENT = re.compile(r"projects/[^/]+/locations/[^/]+")
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")


def checked_name(name: str) -> str:
    """A function's full name, unless it is none. Raises `ApiError` (INVALID_ARGUMENT)."""
    if not _FUNCTION.fullmatch(name):
        raise invalid(
            f"Invalid resource name '{name[:200]}'; it must have the form "
            "projects/*/locations/*/functions/*."
        )
    return name


def checked_parent(parent: str, *, anywhere: bool = False) -> str:
    """``projects/P/locations/L``, unless it is none.

    Args:
        parent: as it was sent.
        anywhere: whether ``-`` stands for all locations.

    Raises:
        ApiError: INVALID_ARGUMENT, or PERMISSION_DENIED where no such location is.
    """
    if not _PARENT.fullmatch(parent):
        raise invalid(
            f"Invalid resource name '{parent[:200]}'; it must have the form projects/*/locations/*."
        )
    location = parent.rpartition("/")[2]
    if not _REGION.fullmatch(location) and not (anywhere and location == "-"):
        raise ApiError(
            "PERMISSION_DENIED",
            f"Permission denied on 'locations/{location}' (or it may not exist)",
        )
    return parent


def check_first(name: str) -> None:
    """Raise (INVALID_ARGUMENT) unless a first-generation function may be called so."""
    if not _FIRST.fullmatch(name):
        raise invalid(
            f"Invalid function name {name}: function name must contain only letters, numbers, "
            "underscores and hyphens, must start with a letter, end with a letter or a number and "
            "must be at most 63 characters long."
        )


def check_second(name: str) -> None:
    """Raise (INVALID_ARGUMENT) unless a second-generation function may be called so."""
    if not _SECOND.fullmatch(name):
        raise invalid(
            f"Invalid function name {name}: a function of the second generation gives its name to "
            "a Cloud Run service, which has only lowercase letters, numbers and hyphens, starts "
            "with a letter, ends with a letter or a number and has at most 63 characters."
        )


def missing_first(name: str) -> ApiError:
    """NOT_FOUND in the words of v1."""
    _, project, _, region, _, function = name.split("/")
    return not_found(f"Function {function} in region {region} in project {project} does not exist")


def missing_second(name: str) -> ApiError:
    """NOT_FOUND in the words of v2."""
    return not_found(f"Resource '{name}' was not found")


def exists_already(name: str) -> ApiError:
    """ALREADY_EXISTS, whichever generation has the name."""
    _, project, _, region, _, function = name.split("/")
    return ApiError(
        "ALREADY_EXISTS",
        f"Function {function} in region {region} in project {project} already exists",
    )
