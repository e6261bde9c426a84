#!/usr/bin/env python3
"""Write `requirements/runtime.txt` and `requirements/dev.txt` from `pyproject.toml`.

Every version is fixed and every file's hash is written down, as the public index gives them: pip's
own configuration is left aside, so that no index, folder or file of one machine gets into them.
Needs pip-tools in the Python that runs this (`make lock` sees to it).
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Written by `make lock` from pyproject.toml, with the hashes of every file.\n"


def main() -> None:
    """Write both files; the second keeps to the versions of the first."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = declared["project"]
    runtime = [*project["dependencies"], *project["optional-dependencies"]["emulator"]]
    development = [*runtime, *declared["dependency-groups"]["dev"]]
    # The build backend installs the checkout itself; `editables` is what it asks for then.
    development += [*declared["build-system"]["requires"], "editables"]
    compile_to("runtime.txt", runtime)
    compile_to("dev.txt", development, constraint="runtime.txt")


def compile_to(name: str, requirements: list[str], constraint: str | None = None) -> None:
    """Resolve `requirements` into `requirements/NAME`, keeping versions that still fit.

    Args:
        name: file name within `requirements/`.
        requirements: as in `pyproject.toml`.
        constraint: another file there whose versions are kept to.
    """
    target = ROOT / "requirements" / name
    command = [sys.executable, "-m", "piptools", "compile", "-", "--quiet", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--no-emit-options", "--strip-extras"]
    command += ["--allow-unsafe", "--output-file", str(target), *sys.argv[1:]]
    if constraint:
        command += ["--constraint", str(target.with_name(constraint))]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    # The certificates are the machine's, not an index; without them no index may be reachable.
    clean |= {key: value for key, value in os.environ.items() if key == "PIP_CERT"}
    subprocess.run(
        command,
        check=True,
        text=True,
        input="\n".join(requirements),
        env={**clean, "PIP_CONFIG_FILE": os.devnull},
        cwd=ROOT,
    )
    target.write_text(HEADER + target.read_text().removeprefix(HEADER))


if __name__ == "__main__":
    main()
