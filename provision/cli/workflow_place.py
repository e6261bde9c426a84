"""Where a workflow is: its name from what the user wrote, the spec, flags and the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from provision.cli.addressing import Place
from provision.cli.console import note
from provision.cli.options import DEFAULT_FILES
from provision.cli.target_context import TargetContext, setting_of
from provision.clients.gcloud_config import read_defaults
from provision.errors import NotFoundError, UsageError
from provision.resources import WorkflowName, check_project_id, check_region
from provision.spec import Spec
from provision.spec.calls import WorkflowSpec
from provision.spec.problems import SpecError

FORMS = "a name, workflow/NAME, or projects/PROJECT/locations/REGION/workflows/NAME"
"""How a workflow may be written, for messages."""


@dataclass(frozen=True)
class WorkflowPlace:
    """Project, region and specs of a command over workflows.

    Args:
        place: the options of that name.
    """

    place: Place

    @cached_property
    def context(self) -> TargetContext:
        """Whom we act as, the clients, and what the specs declare.

        A ``provision.yaml`` that nobody named is left aside where it cannot be used: it is asked
        for nothing but names and accounts.
        """
        if self.place.file:
            return self.place.open(files=self.place.file)
        if not DEFAULT_FILES[0].exists():
            return self.place.open()
        try:
            return self.place.open(files=DEFAULT_FILES)
        except SpecError as error:
            first = str(error).partition("\n")[0]
            note(f"{DEFAULT_FILES[0]} here cannot be used, and is left aside: {first}")
            return self.place.open()

    @property
    def declared(self) -> tuple[tuple[Spec, WorkflowSpec], ...]:
        """Every workflow of the specs."""
        return tuple((spec, one) for spec in self.context.specs for one in spec.workflows)

    @property
    def project(self) -> str:
        """The project of the flag, the specs, the environment or gcloud; empty for none."""
        found = setting_of(
            read_defaults(os.environ, project=self.place.project).project,
            (spec.project for spec in self.context.specs),
        )
        return found.value if found else ""

    @property
    def region(self) -> str:
        """Likewise, of the region."""
        found = setting_of(
            read_defaults(os.environ, region=self.place.region).region,
            (spec.region for spec in self.context.specs),
        )
        return found.value if found else ""

    def named(self, text: str) -> WorkflowName:
        """The workflow that `text` means.

        Raises:
            UsageError: it is no name, or its project or region is not said.
        """
        if "projects/" in text:
            return WorkflowName.parse(text[text.index("projects/") :])
        word, slash, own = text.rpartition("/")
        if slash and word not in ("workflow", "workflows"):
            raise UsageError(f"{text!r} is no workflow.", hint=f"It is {FORMS}.")
        matching = {spec.workflow_name(one) for spec, one in self.declared if one.name == own}
        if len(matching) == 1 and not (self.place.project or self.place.region):
            return matching.pop()
        for what, value in (("project", self.project), ("region", self.region)):
            if not value:
                raise UsageError(
                    f"In which {what} the workflow {own} is, is not said.",
                    hint=f"Name it with --{what}, or write {FORMS.rpartition(' or ')[2]}.",
                )
        name = f"projects/{check_project_id(self.project)}/locations/{check_region(self.region)}"
        return WorkflowName.parse(f"{name}/workflows/{own}")


def environment(project: str, region: str = "", workflow: str = "") -> Mapping[str, str]:
    """What ``sys.get_env`` tells in a workflow, as far as it is known before it is executed.

    https://cloud.google.com/workflows/docs/reference/environment-variables
    """
    told = {
        "GOOGLE_CLOUD_PROJECT_ID": project,
        "GOOGLE_CLOUD_LOCATION": region,
        "GOOGLE_CLOUD_WORKFLOW_ID": workflow,
    }
    return {name: value for name, value in told.items() if value}


def missing(name: WorkflowName) -> NotFoundError:
    """What to say where a workflow is not there."""
    return NotFoundError(
        f"Looking for workflow {name.workflow} in {name.region} of {name.project}: there is none.",
        hint=f"`gcloud workflows list --project {name.project} --location -` shows what is there;"
        " another region is named with --region, and `provision up` makes those of the spec.",
    )
