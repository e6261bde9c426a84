"""The values of a spec's fields, checked one by one, with messages that say what is allowed.

Each type is strict: YAML's own types are kept apart, and what might mean something else than it
says is refused.
"""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from provision import principals, resources
from provision.resources import ImageReference, InvalidNameError
from provision.spec.kinds import MAX_TASK_TIMEOUT, VARIABLE

OWN_LABEL = "managed-by"
"""The label by which we know what we made; a spec cannot set it."""

MAX_TIMEOUT = 3600
MAX_RETRIES = 10
MAX_CONCURRENCY = 1000
MAX_AUDIENCES = 32_768

_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_SECRET = re.compile(
    r"(?P<name>projects/[^/\s]+/secrets/[A-Za-z0-9_-]{1,255}|[A-Za-z0-9_-]{1,255})"
    r"(?:(?::|/versions/)(?P<version>latest|[1-9][0-9]*|[A-Za-z][A-Za-z0-9_-]{0,62}))?"
)
_MILLI_CPU = re.compile(r"[1-9][0-9]{0,4}m")
_FULL_CPU = re.compile(r"[1-9][0-9]?|0?\.[0-9]{1,3}|[1-9]\.0+")
_WHOLE_CPUS = frozenset({1000, 2000, 4000, 6000, 8000})
_SMALLEST_CPU = 80
_ONE_CPU = 1000
_MEMORY = re.compile(r"(?P<number>[1-9][0-9]{0,11})(?P<unit>k|[KMG]i|[MG]|)")
_UNITS = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate("kMG", 1)},
    **{f"{unit}i": 1024**power for power, unit in enumerate("KMG", 1)},
}
_DURATION = re.compile(r"(?P<number>[1-9][0-9]{0,5})(?P<unit>[smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def _env_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, float):
        raise ValueError(f"a decimal loses its spelling in YAML; quote it; read as {value}")  # noqa: TRY004 - pydantic collects ValueErrors
    raise ValueError('must be text, a whole number, true or false; for nothing write ""')


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise ValueError("allowed: letters, digits and _, not beginning with a digit")
    return name


def _secret(value: str) -> str:
    if not _SECRET.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a secret; allowed: SECRET, SECRET:VERSION, "
            "projects/PROJECT/secrets/SECRET[/versions/VERSION]"
        )
    return value


def split_secret(value: str) -> tuple[str, str]:
    """Name (short or full) and version of a checked secret; the version is ``latest`` if unsaid."""
    found = _SECRET.fullmatch(value)
    if found is None:
        raise InvalidNameError(f"{value!r} is not a secret")
    return found["name"], found["version"] or "latest"


def _cpu(value: object) -> str:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    milli = _milli_cpu(text) if isinstance(text, str) else 0
    if not (_SMALLEST_CPU <= milli <= _ONE_CPU or milli in _WHOLE_CPUS):
        raise ValueError(
            f"{value!r} is not a CPU limit; allowed: 1, 2, 4, 6, 8, or 0.08 to 1, or in "
            "thousandths such as 500m"
        )
    return str(milli // _ONE_CPU) if milli % _ONE_CPU == 0 else f"{milli}m"


def _milli_cpu(text: str) -> int:
    if _MILLI_CPU.fullmatch(text):
        return int(text[:-1])
    return round(float(text) * 1000) if _FULL_CPU.fullmatch(text) else 0


def _memory(value: str) -> str:
    found = _MEMORY.fullmatch(value)
    size = int(found["number"]) * _UNITS[found["unit"]] if found else 0
    if not 128 * _UNITS["Mi"] <= size <= 32 * _UNITS["Gi"]:
        raise ValueError(f"{value!r} is not a memory limit; allowed: 128Mi to 32Gi, as in 512Mi")
    return value


def _timeout(value: object) -> int:
    seconds = _duration(value)
    if not 1 <= seconds <= MAX_TIMEOUT:
        raise ValueError(f"{value!r} is not a timeout; allowed: 1s to 60m, as in 300, 300s or 5m")
    return seconds


def _task_timeout(value: object) -> int:
    seconds = _duration(value)
    if not 1 <= seconds <= MAX_TASK_TIMEOUT:
        raise ValueError(f"{value!r} is not a timeout; allowed: 1s to 168h, as in 600, 10m or 2h")
    return seconds


def _duration(value: object) -> int:
    """Seconds; 0 for what is no duration."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    return int(found["number"]) * _SECONDS[found["unit"]] if found else 0


def _label_key(key: str) -> str:
    if not _LABEL_KEY.fullmatch(key):
        raise ValueError("allowed: up to 63 of a-z, 0-9, _ and -, beginning with a letter")
    if key == OWN_LABEL:
        raise ValueError("is set by provision itself, to know what it made")
    return key


def _label_value(value: str) -> str:
    if not _LABEL_VALUE.fullmatch(value):
        raise ValueError(f"{value!r} is not a label; allowed: up to 63 of a-z, 0-9, _ and -")
    return value


def _audiences(values: list[str]) -> list[str]:
    for value in values:
        if not value or value != value.strip():
            raise ValueError(f"{value!r} is not an audience; allowed: any text, such as an address")
    if len(json.dumps(values)) > MAX_AUDIENCES:
        raise ValueError(f"longer than {MAX_AUDIENCES} characters as a JSON list")
    return values


def _member(value: str) -> str:
    principal = principals.Principal.parse(value)
    if principal.is_deleted:
        raise ValueError(f"{value!r} is deleted, and cannot be granted anything")
    if principal.kind.value.startswith("project"):
        raise ValueError(f"{value!r} is for storage only; allowed: {principals.FORMS}")
    return value


def _probe(value: str) -> str:
    email = value.removeprefix("serviceAccount:")
    if "@" not in email or "[" in email:
        raise ValueError(f"{value!r} cannot be impersonated; allowed: serviceAccount:EMAIL")
    return resources.ServiceAccountName.of(email, project="any-project").email


def _image(value: str) -> str:
    reference = ImageReference.parse(value)
    if not reference.tag and not reference.digest:
        raise ValueError(f"{value!r} has neither tag nor digest; allowed: …:TAG, …@sha256:…")
    return value


def _image_name(value: str) -> str:
    if "/" in value:
        raise ValueError(f"{value!r} is not an image name; allowed: one name without slashes")
    ImageReference.parse(f"image.invalid/{value}")
    if ":" in value or "@" in value:
        raise ValueError(f"{value!r} must have no tag and no digest; both are ours to set")
    return value


def _repository(value: str) -> str:
    if "/" in value:
        resources.RepositoryName.parse(value)
    else:
        resources.RepositoryName.of(value, project="any-project", location="us")
    return value


def _account(value: str) -> str:
    resources.ServiceAccountName.of(value, project="any-project")
    return value


def _location(value: str) -> str:
    if not re.fullmatch(r"[a-z]+(-[a-z]+[0-9]+)?|[a-z]+(-[a-z]+)+[0-9]+", value):
        raise ValueError(f"{value!r} is not a location; allowed: a region, or us, europe, asia")
    return value


def _probe_path(value: str) -> str:
    path = value.partition("?")[0]
    if not re.fullmatch(r"/[!-~]*", value) or "#" in value:
        raise ValueError(
            f"{value!r} is not a path; allowed: / and what may follow it in an address"
        )
    if path.endswith("z") or path.startswith("/_ah/"):
        raise ValueError(
            f"{value!r} is answered by Google itself, before the service; allowed: a path that "
            "does not end in z and does not begin with /_ah/"
        )
    return value


def _file(value: str) -> str:
    if not value or "\0" in value:
        raise ValueError("must be a path, relative to this file")
    return value


def _json(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


def anchored(pattern: re.Pattern[str]) -> WithJsonSchema:
    """A string that a pattern matches as a whole, in the JSON schema of the spec."""
    return _json({"pattern": f"^(?:{pattern.pattern})$"})


ProjectId = Annotated[
    str, AfterValidator(resources.check_project_id), anchored(resources.PROJECT_ID)
]
Region = Annotated[str, AfterValidator(resources.check_region), anchored(resources.REGION)]
ServiceId = Annotated[
    str, AfterValidator(resources.check_service_id), anchored(resources.SERVICE_ID)
]
JobId = Annotated[str, AfterValidator(resources.check_job_id), anchored(resources.SERVICE_ID)]
Repository = Annotated[str, AfterValidator(_repository)]
Account = Annotated[str, AfterValidator(_account)]
Location = Annotated[str, AfterValidator(_location)]
Image = Annotated[str, AfterValidator(_image)]
ImageName = Annotated[str, AfterValidator(_image_name)]
Member = Annotated[str, AfterValidator(_member)]
Probe = Annotated[str, AfterValidator(_probe)]
FilePath = Annotated[str, AfterValidator(_file), _json({"minLength": 1})]
ProbePath = Annotated[str, AfterValidator(_probe_path), _json({"pattern": "^/"})]
Memory = Annotated[
    str, AfterValidator(_memory), _json({"pattern": "^[1-9][0-9]*(k|[KMG]i|[MG])?$"})
]
Secret = Annotated[str, AfterValidator(_secret)]
EnvName = Annotated[str, AfterValidator(_variable)]
ArgName = Annotated[str, AfterValidator(_variable)]
LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value), anchored(_LABEL_VALUE)]
EnvValue = Annotated[
    str, BeforeValidator(_env_value), WithJsonSchema({"type": ["string", "integer", "boolean"]})
]
Cpu = Annotated[
    str,
    BeforeValidator(_cpu),
    WithJsonSchema({"type": ["string", "number"], "examples": [1, 2, "500m"]}),
]
Timeout = Annotated[
    int,
    BeforeValidator(_timeout),
    WithJsonSchema({"type": ["string", "integer"], "examples": [300, "300s", "5m"]}),
]
TaskTimeout = Annotated[
    int,
    BeforeValidator(_task_timeout),
    WithJsonSchema({"type": ["string", "integer"], "examples": [600, "10m", "2h"]}),
]
Words = list[EnvValue]
"""Words of a command line; numbers and booleans are taken as they are spelled."""
Audiences = Annotated[list[str], AfterValidator(_audiences)]
