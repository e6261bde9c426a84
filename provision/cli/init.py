"""`provision init`: the first files of a project, from the templates."""

import os
from pathlib import Path
from typing import Annotated

import typer

from provision.cli.console import print_json, results
from provision.cli.options import Json, Project, Region
from provision.clients.gcloud_config import read_defaults
from provision.clients.local_cloud import LocalCloud, find_local_cloud
from provision.errors import UsageError
from provision.spec.model import Ingress, Kind
from provision.spec.starter import Starter, service_id

TEMPLATES = Path(__file__).parent.parent / "templates"
_SPEC = "provision.yaml"
_DOCKERFILE = "Dockerfile"
_WORKFLOW = ".github/workflows/provision.yaml"
_OWN_CODE = frozenset({_DOCKERFILE, ".dockerignore"})
_REGION = "us-central1"

Directory = Annotated[Path, typer.Argument(help="Where the application is.")]
KindWord = Annotated[Kind, typer.Option(help="What to declare.")]
Service = Annotated[
    str | None,
    typer.Option(
        "--service",
        "--name",
        help="Name of the service or job; the directory's by default.",
        show_default=False,
    ),
]
IngressWord = Annotated[
    Ingress | None,
    typer.Option(help="Which networks reach the service; all by default.", show_default=False),
]
Invokers = Annotated[
    list[str] | None,
    typer.Option(
        "--invoker",
        help="Who may call it, as in user:EMAIL; may be given several times.",
        show_default=False,
    ),
]
GithubActions = Annotated[
    bool, typer.Option("--github-actions", help="Write a keyless GitHub Actions workflow too.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite spec and workflow; never a Dockerfile.")
]


def init(
    directory: Directory = Path(),
    *,
    kind: KindWord = Kind.SERVICE,
    service: Service = None,
    project: Project = None,
    region: Region = None,
    ingress: IngressWord = None,
    invoker: Invokers = None,
    github_actions: GithubActions = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write provision.yaml, and a Dockerfile if there is none.

    Example: `provision init --kind job --name nightly`
    """
    if kind is Kind.JOB and ingress is not None:
        raise UsageError("--ingress: a job has no address that networks could reach.")
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory.", hint="Make it first, or name another.")
    local = find_local_cloud(os.environ)
    defaults = read_defaults(os.environ, project=project, region=region)
    known = project or (local.project if local else None)
    starter = Starter(
        service=service or service_id(directory.resolve().name),
        project=known or (defaults.project.value if defaults.project else None),
        region=defaults.region.value if defaults.region else _REGION,
        ingress=ingress or Ingress.ALL,
        invokers=tuple(invoker or _caller(local)),
        kind=kind,
    )
    starter.check()
    wanted = _wanted(directory, github_actions)
    kept = [name for name in wanted if _stays(directory / name, force)]
    written = [name for name in wanted if name not in kept]
    if not written:
        raise UsageError(
            f"{', '.join(kept)} in {directory}: there already, and nothing else to write.",
            hint="`--force` overwrites spec and workflow.",
        )
    for name in written:
        _write(directory / name, _content(name, starter), overwrite=force)
    _show(directory, starter, written, kept, as_json=as_json)


def _caller(local: LocalCloud | None) -> list[str]:
    """The emulator's own identity, so that its user is let in; nobody on Google Cloud."""
    if local is None or not local.account:
        return []
    kind = "serviceAccount" if local.account.endswith("gserviceaccount.com") else "user"
    return [f"{kind}:{local.account}"]


def _wanted(directory: Path, github_actions: bool) -> list[str]:
    names = [_SPEC]
    if not (directory / _DOCKERFILE).exists():
        names += sorted(_OWN_CODE, reverse=True)
    return [*names, _WORKFLOW] if github_actions else names


def _stays(target: Path, force: bool) -> bool:
    there = target.exists() or target.is_symlink()
    return there and (not force or target.name in _OWN_CODE)


def _content(name: str, starter: Starter) -> str:
    # In templates/ the workflow has no directories of its own, and each kind its spec.
    stored = {_WORKFLOW: "github-workflow.yaml"}
    if starter.kind is Kind.JOB:
        stored[_SPEC] = "provision-job.yaml"
    path = TEMPLATES / stored.get(name, name)
    text = path.read_text(encoding="utf-8")
    return starter.render(text) if name == _SPEC else text


def _write(target: Path, text: str, *, overwrite: bool) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w" if overwrite else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"Writing {target}: {error.strerror}.") from error


def _show(
    directory: Path, starter: Starter, written: list[str], kept: list[str], *, as_json: bool
) -> None:
    steps = _next_steps(starter, written)
    if as_json:
        names = {
            str(starter.kind): starter.service,
            "project": starter.project,
            "region": starter.region,
        }
        files = {"directory": str(directory), "written": written, "kept": kept}
        print_json({**names, **files, "next": steps})
        return
    for name in written:
        results.print(f"Wrote {directory / name}")
    for name in kept:
        results.print(f"Kept  {directory / name}, which was there already")
    results.print("\nNext:")
    for step in steps:
        results.print(f"  - {step}", markup=False)


def _next_steps(starter: Starter, written: list[str]) -> list[str]:
    steps = []
    if _DOCKERFILE in written:
        steps.append("fit the Dockerfile to the application: it expects requirements.txt, main.py")
    if _WORKFLOW in written:
        steps.append(f"follow the first lines of {_WORKFLOW}, once")
    if starter.project is None:
        steps.append("say the project in provision.yaml, or with `gcloud config set project`")
    if not starter.invokers:
        calls = "execute the job" if starter.kind is Kind.JOB else "call the service"
        steps.append(f"name who may {calls}, under `invokers` in provision.yaml")
    ingress = "" if starter.kind is Kind.JOB else f" and ingress {starter.ingress}"
    verb = "are" if ingress else "is"
    steps.append(f"see whether {starter.region}{ingress} {verb} what you want")
    return [*steps, "`provision plan` shows what would be done; `provision up` does and proves it"]
