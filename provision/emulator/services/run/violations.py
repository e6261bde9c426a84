"""What is wrong with a field, and the two ways in which Cloud Run words it.

Where a message breaks a rule of its schema, v2 says ``Violation in CreateServiceRequest.service.…``
and repeats that as the field of the violation; where values do not go together, it names the field
by its path alone. Both were reported from the real API, the second for CPU, memory, images, ports
and reserved variables.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from google.rpc import error_details_pb2

from provision.emulator.rpc.status import ApiError

REQUIRED = "required field not present."


@dataclass(frozen=True)
class Problem:
    """A field that cannot be as it is.

    Args:
        path: below the service or job, as in ``template.containers[0].image``.
        text: what Cloud Run says about it.
        bare: whether the path stands alone, without the request's name.
    """

    path: str
    text: str
    bare: bool = False


class ViolationError(ApiError):
    """INVALID_ARGUMENT for a problem, as v2 words it.

    Args:
        problem: what is wrong; other forms of the API word it in their own way.
        subject: the request and its field, as in ``CreateServiceRequest.service``.
    """

    def __init__(self, problem: Problem, subject: str) -> None:
        field = problem.path if problem.bare else f"Violation in {subject}.{problem.path}"
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=field, description=problem.text
        )
        detail = error_details_pb2.BadRequest(field_violations=[violation])
        super().__init__("INVALID_ARGUMENT", f"{field}: {problem.text}", detail)
        self.problem = problem


def refuse(problems: Iterable[Problem], subject: str) -> None:
    """Raise `ViolationError` for the first problem, if there is one."""
    for problem in problems:
        raise ViolationError(problem, subject)
