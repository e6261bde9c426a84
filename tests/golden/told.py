"""All recorded single answers that are asked for again, and why others are not."""

from tests.golden import told_admin, told_diag, told_run
from tests.golden.recordings import GOLDEN

WORLDS = {world.name: world for world in (*told_run.WORLDS, *told_admin.WORLDS, *told_diag.WORLDS)}

_EDITED = "written over by hand: roles or members that Google does not have"
_NOT = {
    "c7n/function-*": "of functions, those of Python with an uploaded source alone are emulated",
    "c7n/folder-iam-policy/post-*": _EDITED,
    "c7n/iam-service-account-iam-policy*/*": _EDITED,
    "c7n/organization-iam-policy/*": _EDITED,
    "c7n/project-iam-policy/*": _EDITED,
    "c7n/organization-get-resource/*": "shortened by hand: organizations:search shows more",
    "gcpdiag/cloudrun1/services.json": "the enabled services of a project, not of the emulator's",
    "gcpdiag/gcb1/artifact-registry-project-settings.json": "its name was left out by hand",
}


def summary() -> dict[str, dict[str, object]]:
    """The part of the summary that single answers have."""
    asked = {name: len(world.asked) for name, world in WORLDS.items()}
    told = {
        name: {"date": "", "steps": number, "replayed": number, "not": []}
        for name, number in asked.items()
    }
    left = {
        pattern: {
            "date": "",
            "steps": len(list(GOLDEN.glob(pattern))),
            "replayed": 0,
            "not": [reason],
        }
        for pattern, reason in _NOT.items()
    }
    return {**told, **left}
