"""Documents of kind job: what they declare, and which fields of a service have no meaning there."""

from pathlib import Path

import pytest

from provision.resources import JobName
from provision.spec import JobSpec, Kind, ServiceSpec, SpecError, load
from provision.spec.border import JobFields, ServiceFields
from provision.spec.kinds import FOREIGN
from provision.spec.run_fields import run_problems

JOB = """\
kind: job
project: acme-prod
region: asia-east1
job: nightly
image: {repository: services}
"""
SERVICE = """\
project: acme-prod
region: asia-east1
service: nightly
image: {repository: services}
ingress: internal
"""


def written(directory: Path, text: str) -> Path:
    """A file with that text."""
    path = directory / "provision.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def job(directory: Path, text: str) -> JobSpec:
    """The only spec of a file with that text, which is a job's."""
    (spec,) = load([written(directory, text)])
    assert isinstance(spec, JobSpec)
    return spec


def told(directory: Path, text: str) -> list[str]:
    """Every problem of a file with that text."""
    with pytest.raises(SpecError) as caught:
        load([written(directory, text)])
    return [str(problem) for problem in caught.value.problems]


def test_a_short_job_is_complete(tmp_path: Path) -> None:
    """Account, role and image name follow from the job's name, as a service's do."""
    spec = job(tmp_path, JOB)
    assert spec.kind is Kind.JOB
    assert spec.resource_name == JobName("acme-prod", "asia-east1", "nightly")
    assert spec.account_email == "nightly-run@acme-prod.iam.gserviceaccount.com"
    assert spec.image_base == "asia-east1-docker.pkg.dev/acme-prod/services/nightly"
    assert spec.invoker_role == "roles/run.invoker"
    assert (spec.tasks, spec.parallelism, spec.max_retries, spec.timeout) == (None,) * 4
    assert str(spec) == "job nightly"


def test_a_jobs_own_fields_are_read(tmp_path: Path) -> None:
    """Durations go up to a week, words of a command line keep their spelling."""
    own = (
        "tasks: 10\nparallelism: 0\nmax_retries: 0\ntimeout: 168h\ncommand: [python, main.py]\n"
        "args: [--day, 1, '007', true]\ninvoker_role: roles/run.jobsExecutorWithOverrides\n"
        "env: {PORT: 1}\n"
    )
    spec = job(tmp_path, JOB + own)
    assert (spec.tasks, spec.parallelism, spec.max_retries) == (10, 0, 0)
    assert spec.timeout == 7 * 24 * 3600
    assert spec.command == ("python", "main.py")
    assert spec.args == ("--day", "1", "007", "true")
    assert spec.invoker_role == "roles/run.jobsExecutorWithOverrides"
    assert spec.env == {"PORT": "1"}


def test_a_job_and_a_service_of_one_name_are_two_things(tmp_path: Path) -> None:
    """Documents of both kinds stand in one file; only the same thing twice is refused."""
    first, second = load([written(tmp_path, f"{JOB}---\n{SERVICE}")])
    assert (first.kind, second.kind) == (Kind.JOB, Kind.SERVICE)
    assert first.name == second.name
    (problem,) = told(tmp_path, f"{JOB}---\n{SERVICE}---\n{JOB}")
    assert ":16:1: job: nightly in asia-east1 is declared already" in problem


VALUES = {"custom_audiences": "[a]", "public": "true", "iap": "true", "default_url": "true"}
OF_JOBS = {"command": "[a]", "args": "[a]", "job": "weekly"}


@pytest.mark.parametrize("field", sorted(FOREIGN[Kind.JOB]))
def test_a_services_field_is_refused_with_the_reason(tmp_path: Path, field: str) -> None:
    """Each field that a job cannot have says why."""
    problems = told(tmp_path, f"{JOB}{field}: {VALUES.get(field, '1')}\n")
    assert len(problems) == 1
    assert problems[0].endswith(f"{field}: no field of a job: {FOREIGN[Kind.JOB][field]}")


@pytest.mark.parametrize("field", sorted(FOREIGN[Kind.SERVICE]))
def test_a_jobs_field_is_refused_in_a_service(tmp_path: Path, field: str) -> None:
    """And the other way round."""
    (problem,) = told(tmp_path, f"{SERVICE}{field}: {OF_JOBS.get(field, '1')}\n")
    assert problem.endswith(f"{field}: no field of a service: {FOREIGN[Kind.SERVICE][field]}")


def test_every_field_of_the_other_kind_has_a_reason() -> None:
    """A field that is added to one kind is not forgotten in the other."""
    services, jobs = set(ServiceFields.model_fields), set(JobFields.model_fields)
    assert services - jobs == set(FOREIGN[Kind.JOB])
    assert jobs - services == set(FOREIGN[Kind.SERVICE])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("kind: jbo", "did you mean job?; allowed: service, job"),
        ("kind: 1", "allowed: service, job"),
        ("kind: null", "allowed: service, job"),
        ("job: Nightly", "is not a job name"),
        ("tasks: 0", "0 is out of range; allowed: 1 to 10000"),
        ("tasks: two", "must be a whole number"),
        ("max_retries: 11", "11 is out of range; allowed: 0 to 10"),
        ("parallelism: -1", "-1 is out of range; allowed: 0 to 10000"),
        ("timeout: 169h", "allowed: 1s to 168h"),
        ("timeout: 1d", "allowed: 1s to 168h"),
        ("args: --verbose", "must be a list"),
        ("args: [1.10]", "quote it"),
        ("invoker_role: roles/run.servicesInvoker", "roles/run.jobsExecutor"),
        ("invokers: [allUsers]", "Google refuses allUsers, allAuthenticatedUsers there"),
        ("env: {CLOUD_RUN_TASK_INDEX: 1}", "set by Cloud Run itself"),
        ("secrets: {CLOUD_RUN_JOB: a}", "set by Cloud Run itself"),
        ("probe_as: a@acme-prod.iam.gserviceaccount.com", "is not among `invokers`"),
        ("task: 1", "no such field; did you mean tasks?"),
    ],
)
def test_what_a_job_cannot_be_is_told(tmp_path: Path, line: str, message: str) -> None:
    """One problem, with what is allowed."""
    field = line.partition(":")[0]
    rest = "".join(one for one in JOB.splitlines(keepends=True) if not one.startswith(f"{field}:"))
    (problem,) = told(tmp_path, f"{rest}{line}\n")
    assert message in problem


def test_variables_of_jobs_are_free_in_a_service(tmp_path: Path) -> None:
    """Each kind has its own reserved names."""
    (spec,) = load([written(tmp_path, SERVICE + "env: {CLOUD_RUN_JOB: x}\n")])
    assert isinstance(spec, ServiceSpec)
    assert spec.env == {"CLOUD_RUN_JOB": "x"}


@pytest.mark.parametrize(
    ("run", "path", "advice"),
    [
        ({"startExecutionToken": "a"}, ("startExecutionToken",), "provision execute"),
        ({"runExecutionToken": "a"}, ("runExecutionToken",), "provision execute"),
        ({"template": {"taskCount": 1}}, ("template", "taskCount"), "use `tasks`"),
        ({"template": {"parallelism": 1}}, ("template", "parallelism"), "use `parallelism`"),
        (
            {"template": {"template": {"maxRetries": 1}}},
            ("template", "template", "maxRetries"),
            "use `max_retries`",
        ),
        (
            {"template": {"template": {"containers": [{"args": []}]}}},
            ("template", "template", "containers", 0, "args"),
            "use `args`",
        ),
        (
            {"template": {"template": {"containers": [{}, {"image": "a:b"}]}}},
            ("template", "template", "containers", 1, "image"),
            "by digest",
        ),
        ({"template": {"template": 1}}, ("template", "template"), "must be a mapping"),
        ({"template": {"template": {"containers": 1}}}, None, "must be a list"),
        ({"executionCount": 1}, ("executionCount",), "written by Cloud Run"),
    ],
)
def test_what_the_spec_has_a_word_for_is_refused_under_run(
    run: dict[str, object], path: tuple[str | int, ...] | None, advice: str
) -> None:
    """One thing has one place, in a job as in a service."""
    ((found, message),) = run_problems(run, Kind.JOB)
    assert path is None or found == path
    assert advice in message


def test_other_fields_of_a_job_are_free() -> None:
    """Volumes and network of the tasks have no word of their own."""
    run: dict[str, object] = {
        "template": {
            "labels": {"a": "b"},
            "template": {"vpcAccess": {"egress": "ALL_TRAFFIC"}, "volumes": [{"name": "v"}]},
        }
    }
    assert list(run_problems(run, Kind.JOB)) == []


ODD = ("", "{}", "[]", "[[]]", "[{}]", "{a: {}}", "5", "-1", "1.5", "true", "x", "~", "[~]")
ODD_RUNS = (
    "{template: []}",
    "{template: {template: []}}",
    "{template: {template: {containers: x}}}",
)


@pytest.mark.parametrize("field", sorted({*JobFields.model_fields, *ServiceFields.model_fields}))
def test_any_value_in_any_place_is_a_spec_or_a_spec_error(tmp_path: Path, field: str) -> None:
    """Values of the wrong type anywhere are told, not tripped over."""
    rest = "".join(one for one in JOB.splitlines(keepends=True) if not one.startswith(f"{field}:"))
    refused = 0
    for value in (*ODD, *ODD_RUNS):
        path = written(tmp_path, f"{rest}{field}: {value}\n")
        try:
            load([path])
        except SpecError as error:
            refused += len(error.problems)
    assert refused
