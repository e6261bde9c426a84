"""Reading provision.yaml: what it means, and what is told when it means nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from provision.errors import ExitCode
from provision.resources import ImageReference, RepositoryName
from provision.spec import (
    BuiltImage,
    GivenImage,
    Ingress,
    Kind,
    ServiceSpec,
    Setting,
    SpecError,
    load,
)

COMPLETE = """\
project: acme-prod
region: asia-east1
service: orders
image:
  context: app
  dockerfile: docker/Dockerfile.prod
  target: runtime
  build_args: {VERSION: "1.10"}
  repository: services
  name: orders-api
ingress: internal
iap: true
default_url: false
service_account: orders-runtime
invokers:
  - user:ann@example.com
  - serviceAccount:checkout@acme-prod.iam.gserviceaccount.com
invoker_role: roles/run.servicesInvoker
exclusive: true
probe_as: serviceAccount:checkout@acme-prod.iam.gserviceaccount.com
probe_path: /ready?full=1
env: {LOG_LEVEL: info, WORKERS: 4, DEBUG: false, EMPTY: ""}
secrets: {PASSWORD: "db-password:3", KEY: projects/other-project/secrets/key/versions/latest, A: b}
cpu: 2
memory: 1Gi
concurrency: 40
timeout: 5m
min_instances: 1
max_instances: 3
labels: {team: shop}
custom_audiences: ["https://orders.example.com"]
port: 9000
run: {launchStage: BETA, template: {containers: [{args: [serve]}]}}
"""
LEAST = """\
project: acme-prod
region: asia-east1
service: orders
image: {repository: services}
ingress: all
"""


def written(directory: Path, text: str, name: str = "provision.yaml") -> Path:
    """A file with that text."""
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def one(directory: Path, text: str) -> ServiceSpec:
    """The only spec of a file with that text, which is a service's."""
    (spec,) = load([written(directory, text)])
    assert isinstance(spec, ServiceSpec)
    return spec


def told(directory: Path, text: str) -> list[str]:
    """Every problem of a file with that text, without the file's name."""
    path = written(directory, text)
    with pytest.raises(SpecError) as caught:
        load([path])
    assert caught.value.exit_code is ExitCode.USAGE
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_every_field_reaches_the_spec(tmp_path: Path) -> None:
    """What the file says is what the spec says, with names resolved and paths made absolute."""
    spec = one(tmp_path, COMPLETE)
    assert spec.service_name.name == "projects/acme-prod/locations/asia-east1/services/orders"
    assert spec.image == BuiltImage(
        context=tmp_path / "app",
        dockerfile=tmp_path / "docker/Dockerfile.prod",
        repository=RepositoryName("acme-prod", "asia-east1", "services"),
        name="orders-api",
        target="runtime",
        build_args={"VERSION": "1.10"},
    )
    assert spec.image_base == "asia-east1-docker.pkg.dev/acme-prod/services/orders-api"
    assert (spec.ingress, spec.iap, spec.default_url) == (Ingress.INTERNAL, True, False)
    assert spec.account_email == "orders-runtime@acme-prod.iam.gserviceaccount.com"
    assert spec.creates_account
    assert spec.invokers[0] == "user:ann@example.com"
    assert (spec.invoker_role, spec.exclusive) == ("roles/run.servicesInvoker", True)
    assert spec.probe_as == "checkout@acme-prod.iam.gserviceaccount.com"
    assert spec.probe_path == "/ready?full=1"
    assert spec.env == {"LOG_LEVEL": "info", "WORKERS": "4", "DEBUG": "false", "EMPTY": ""}
    assert {name: str(secret) for name, secret in spec.secrets.items()} == {
        "PASSWORD": "projects/acme-prod/secrets/db-password/versions/3",
        "KEY": "projects/other-project/secrets/key/versions/latest",
        "A": "projects/acme-prod/secrets/b/versions/latest",
    }
    assert (spec.cpu, spec.memory, spec.concurrency, spec.timeout) == ("2", "1Gi", 40, 300)
    assert (spec.min_instances, spec.max_instances, spec.port) == (1, 3, 9000)
    assert (spec.labels, spec.custom_audiences) == (
        {"team": "shop"},
        ("https://orders.example.com",),
    )
    assert spec.run == {"launchStage": "BETA", "template": {"containers": [{"args": ["serve"]}]}}


def test_what_is_left_out_is_private_and_modest(tmp_path: Path) -> None:
    """Defaults grant nothing to anybody and leave Cloud Run's own defaults alone."""
    spec = one(tmp_path, LEAST)
    assert (spec.invokers, spec.public, spec.exclusive, spec.iap) == ((), False, False, False)
    assert spec.default_url
    assert spec.invoker_role == "roles/run.invoker"
    assert spec.account_email == "orders-run@acme-prod.iam.gserviceaccount.com"
    assert (spec.cpu, spec.memory, spec.timeout, spec.port) == (None, None, None, None)
    assert isinstance(spec.image, BuiltImage)
    assert (spec.image.context, spec.image.dockerfile) == (tmp_path, tmp_path / "Dockerfile")
    assert spec.image.name == "orders"


def test_an_image_may_be_given(tmp_path: Path) -> None:
    """An image that exists is named by its reference; nothing is built then."""
    text = LEAST.replace("{repository: services}", "{reference: gcr.io/acme/orders:v1}")
    spec = one(tmp_path, text)
    assert spec.image == GivenImage(ImageReference("gcr.io", "acme/orders", "v1"))
    assert spec.repository_name is None


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("eu.gcr.io", "projects/acme-prod/locations/europe/repositories/eu.gcr.io"),
        (
            "projects/images-prod/locations/us/repositories/shared",
            "projects/images-prod/locations/us/repositories/shared",
        ),
    ],
)
def test_a_repository_may_bring_its_own_place(tmp_path: Path, repository: str, name: str) -> None:
    """A gcr.io host and a full name say their location themselves."""
    spec = one(tmp_path, LEAST.replace("services", repository))
    assert spec.repository_name is not None
    assert spec.repository_name.name == name


def test_the_default_compute_account_is_used_only_when_named_in_full(tmp_path: Path) -> None:
    """It is never a default, and not one that we would create."""
    account = "123456789012-compute@developer.gserviceaccount.com"
    spec = one(tmp_path, LEAST + f"service_account: {account}\n")
    assert spec.service_account.is_default_compute
    assert not spec.creates_account


def test_all_problems_come_at_once_with_their_places(tmp_path: Path) -> None:
    """Wrong values, unknown fields, missing ones and broken rules, in the file's order."""
    text = """\
project: acme_prod
region: asia-east1-b
servce: orders
image:
  reference: gcr.io/acme/orders
  target: x
ingress: interal
invokers:
  - ann@example.com
  - allUsers
  - user:a@example.com
  - user:A@example.com
env: {PORT: 1, DEBUG: yes, VERSION: 1.10, NOTHING: , 1x: a}
secrets: {DEBUG: one, B: "a b"}
cpu: 3
memory: 64Mi
timeout: 2h
concurrency: 0
min_instances: 5
max_instances: 2
iap: "true"
probe_path: /healthz
labels: {Team: Shop}
port: 70000
"""
    found = told(tmp_path, text)
    assert [line.split(": ")[0:2] for line in found] == [
        ["1:1", "service"],
        ["1:10", "project"],
        ["2:9", "region"],
        ["3:1", "servce"],
        ["5:14", "image.reference"],
        ["6:3", "image.target"],
        ["7:10", "ingress"],
        ["9:5", "invokers[0]"],
        ["10:5", "invokers[1]"],
        ["12:5", "invokers[3]"],
        ["13:7", "env.PORT"],
        ["13:23", "env.DEBUG"],
        ["13:37", "env.VERSION"],
        ["13:51", "env.NOTHING"],
        ["13:54", "env.1x"],
        ["14:11", "secrets.DEBUG"],
        ["14:26", "secrets.B"],
        ["15:6", "cpu"],
        ["16:9", "memory"],
        ["17:10", "timeout"],
        ["18:14", "concurrency"],
        ["19:1", "min_instances"],
        ["21:6", "iap"],
        ["22:13", "probe_path"],
        ["23:10", "labels.Team"],
        ["23:16", "labels.Team"],
        ["24:7", "port"],
    ]
    everything = "\n".join(found)
    assert "did you mean service?" in everything
    assert "did you mean internal?; allowed: all, internal, " in everything
    assert "write user:ann@example.com" in everything
    assert "write true, or quote it" in everything
    assert "allowed only with `public: true`" in everything
    assert "named already, as user:a@example.com" in everything


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
def test_public_members_need_a_word_of_their_own(tmp_path: Path, member: str) -> None:
    """`public: true` lets them be named, and adds neither by itself."""
    text = LEAST + f"invokers: [{member}]\n"
    assert "makes the service public" in told(tmp_path, text)[0]
    assert one(tmp_path, text + "public: true\n").invokers == (member,)
    assert one(tmp_path, LEAST + "public: true\n").invokers == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("invokers:\n", "must be a list ([] for none), not empty"),
        ("env:\n", "must be a mapping ({} for none), not empty"),
        ("image: x\n", "must be a mapping, not 'x'"),
        ("service: 5\n", 'must be text, not 5; quote it: "5"'),
        ("invokers: ['deleted:user:ann@example.com?uid=1']\n", "cannot be granted anything"),
        ("invokers: [projectOwner:acme-prod]\n", "is for storage only"),
        ("probe_as: user:ann@example.com\n", "is not a service account"),
        ("probe_as: a@acme-prod.iam.gserviceaccount.com\n", "is not among `invokers`"),
        ("probe_path: /_ah/health\n", "answered by Google itself"),
        ("probe_path: ready\n", "is not a path"),
        ("service_account: run\n", "6 to 30 lower-case letters"),
        ("custom_audiences: ['']\n", "is not an audience"),
        ("invoker_role: roles/run.admin\n", "allowed: roles/run.invoker, roles/run.services"),
        ("concurrency: 1.5\n", "must be a whole number, not 1.5"),
        ("cpu: true\n", "is not a CPU limit"),
        ("port: 0x10\n", "number that YAML reads in its own way; quote it"),
        ("timeout: 1:30\n", "number that YAML reads in its own way; quote it"),
        ("port: !!python/object:os.system x\n", "is not supported"),
        ("labels: {managed-by: me}\n", "is set by provision itself"),
        ("memory: 1K\n", "is not a memory limit"),
        ("env: {A: {}}\n", "must be text, a whole number, true or false"),
    ],
)
def test_each_wrong_value_is_told_with_what_is_allowed(
    tmp_path: Path, line: str, message: str
) -> None:
    """The message of a field says what it takes."""
    key = line.partition(":")[0]
    kept = "".join(
        other for other in LEAST.splitlines(keepends=True) if not other.startswith(f"{key}:")
    )
    assert message in told(tmp_path, kept + line)[0]


def test_image_needs_a_place_to_go_or_to_come_from(tmp_path: Path) -> None:
    """Without a repository there is nowhere to push to."""
    (problem,) = told(tmp_path, LEAST.replace("{repository: services}", "{context: .}"))
    assert problem.startswith("4:1: image.repository: required; allowed: a repository to push to")


def test_a_short_service_name_asks_for_an_account(tmp_path: Path) -> None:
    """The default account's id must be one that Google accepts."""
    (problem,) = told(tmp_path, LEAST.replace("service: orders", "service: a"))
    assert "service_account: required here, since 'a-run' is not" in problem


def test_a_file_that_cannot_be_read_is_told_beside_the_problems_of_others(tmp_path: Path) -> None:
    """One missing file does not hide what is wrong in the next."""
    missing, wrong = tmp_path / "none.yaml", written(tmp_path, "service: Orders\n")
    with pytest.raises(SpecError) as caught:
        load([missing, wrong])
    assert str(caught.value.problems[0]) == f"{missing}: cannot be read: No such file or directory"
    assert {problem.file for problem in caught.value.problems} == {str(missing), str(wrong)}


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "---\n---\n"])
def test_a_file_without_a_service_is_refused(tmp_path: Path, text: str) -> None:
    """Nothing to do is not the same as done."""
    assert told(tmp_path, text)[0].endswith("no service or job is declared")


def test_several_services_may_stand_in_several_files(tmp_path: Path) -> None:
    """Documents and files are read in order, and each says where it came from."""
    first = written(tmp_path, f"{LEAST}---\n{LEAST.replace('orders', 'checkout')}", "a.yaml")
    second = written(tmp_path, LEAST.replace("orders", "billing"), "b.yaml")
    specs = load([first, second])
    assert [spec.name for spec in specs] == ["orders", "checkout", "billing"]
    assert [spec.source for spec in specs] == [f"{first}:1", f"{first}:7", f"{second}:1"]


def test_a_service_declared_twice_names_both_places(tmp_path: Path) -> None:
    """Two files would undo each other's work on every run."""
    first, second = written(tmp_path, LEAST, "a.yaml"), written(tmp_path, LEAST, "b.yaml")
    with pytest.raises(SpecError) as caught:
        load([first, second])
    assert str(caught.value) == (
        f"{second}:3:1: service: orders in asia-east1 is declared already, at {first}:3"
    )
    elsewhere = written(tmp_path, LEAST.replace("asia-east1", "us-central1"), "b.yaml")
    assert len(load([first, elsewhere])) == 2


def test_project_and_region_come_from_outside_when_the_file_says_none(tmp_path: Path) -> None:
    """Their origin is kept for the plan."""
    path = written(tmp_path, LEAST.split("\n", 2)[2])
    project = Setting("other-project", "CLOUDSDK_CORE_PROJECT")
    (spec,) = load([path], project=project, region=Setting("us-central1", "gcloud"))
    assert spec.project == project
    assert spec.region.value == "us-central1"
    assert spec.account_email == "orders-run@other-project.iam.gserviceaccount.com"


def test_the_file_goes_before_the_environment_and_a_flag_before_the_file(tmp_path: Path) -> None:
    """Flag, file, environment: in that order, and told so."""
    path = written(tmp_path, LEAST)
    (spec,) = load([path], project=Setting("other-project", "GOOGLE_CLOUD_PROJECT"))
    assert str(spec.project) == f"acme-prod (from {path}:1)"
    (spec,) = load([path], project=Setting("other-project", "--project", overrides=True))
    assert str(spec.project) == "other-project (from --project)"


def test_standard_input_is_a_file_too() -> None:
    """`-` reads it, and paths in it are relative to where the command runs."""
    read = "from pathlib import Path; from provision.spec import load; "
    show = "(spec,) = load([Path('-')]); print(spec.source, spec.image.context == Path.cwd())"
    command = [sys.executable, "-c", read + show]
    done = subprocess.run(command, input=LEAST, capture_output=True, text=True, check=True)
    assert done.stdout == "<stdin>:1 True\n"


def test_the_documented_examples_are_valid(tmp_path: Path) -> None:
    """What docs/spec.md shows may be copied."""
    text = (Path(__file__).parents[2] / "docs/spec.md").read_text(encoding="utf-8")
    service, _, calls, job, run = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    spec = one(tmp_path, service + calls + run)
    assert len(spec.all_callers) == 5
    assert spec.name == "orders"
    assert spec.run["description"] == "Orders"
    (declared,) = load([written(tmp_path, job)])
    assert declared.kind is Kind.JOB


def test_a_project_from_nowhere_is_asked_for(tmp_path: Path) -> None:
    """The message names every place where it can be said."""
    problems = told(tmp_path, LEAST.split("\n", 2)[2])
    assert [problem.split(": ")[1] for problem in problems] == ["project", "region"]
    assert "--project" in problems[0]


def test_an_impossible_project_from_outside_names_its_origin(tmp_path: Path) -> None:
    """What the environment says is checked like what the file says."""
    path = written(tmp_path, LEAST.split("\n", 1)[1])
    with pytest.raises(SpecError, match=r"'ACME' is not a project id.*\(from GOOGLE_CLOUD_PR"):
        load([path], project=Setting("ACME", "GOOGLE_CLOUD_PROJECT"))
