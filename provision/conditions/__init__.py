"""What IAM's conditions mean: written for a grant, read from a policy, and judged. Pure.

The language is CEL with IAM's attributes and functions. What is not known of a request leaves a
condition "not known", with the reason, unless the rest decides.
"""

from provision.conditions.deadline import at, for_, from_now, until
from provision.conditions.evaluation import evaluate
from provision.conditions.ours import Terms, compose, read
from provision.conditions.paths import parse_path
from provision.conditions.request import Request, Tag
from provision.conditions.standing import Standing, State, problems, state
from provision.conditions.tokens import ConditionSyntaxError
from provision.conditions.truth import Truth

__all__ = [
    "ConditionSyntaxError",
    "Request",
    "Standing",
    "State",
    "Tag",
    "Terms",
    "Truth",
    "at",
    "compose",
    "evaluate",
    "for_",
    "from_now",
    "parse_path",
    "problems",
    "read",
    "state",
    "until",
]
