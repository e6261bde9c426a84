"""Our reading of `.dockerignore` against that of Docker's own command, on a real engine."""

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from provision.image.context import find_entries, read_ignore

_FILES = """
keep a.log b.txt catalog log .env src/a.py src/b.log src/deep/c.py src/deep/d.log src/deep/er/e.py
docs/x.md docs/README.md node_modules/m/i.js foo/bar foo/foobar foobar sub/.env sub/Dockerfile
x/y/log
"""

# Not among them: "**log", which Docker's command reads since 23.0 as the unit tests have it, and
# read otherwise before.
PATTERNS = [
    "*.log",
    "**/*.log\n!src/b.log",
    "/src/",
    "src/**/*.py",
    "*\n!src/deep",
    "**\n!src/**",
    "# comment\n *.log",
    "  # no comment\n*.txt",
    "!keep\n*",
    "node_modules\n!node_modules/m/i.js",
    "with space/a b.txt",
    "./src/../docs\n.",
    "foo**",
    "**/foo**",
    "[^f]*\n!Dockerfile",
    "f?o\n[ab].*",
    "Dockerfile\n.dockerignore",
    "**/Dockerfile\n!Dockerfile",
    "linkdir\ndangling",
    "empty2/inner",
    "src\n!src/deep\nsrc/deep/d.log",
    "docs/*.md\n!docs/README.md",
    "*\n! keep",
    "src/*\n!src/deep\nsrc/deep/*\n!src/deep/er",
    "a\\.log\n\\a.log",
    "**/er/**",
    "\ufeffkeep\r\nfoobar\r\n",
    "//docs",
    "*/*\n!docs/README.md",
]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A tree with a bit of everything that patterns are made for."""
    for name in [*_FILES.split(), "with space/a b.txt"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "empty2" / "inner").mkdir(parents=True)
    (tmp_path / "linkdir").symlink_to("src")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /ctx/\n")
    return tmp_path


@pytest.fixture(scope="session")
def docker_command() -> Callable[..., bytes]:
    """Runs Docker's own command, with the builder that reads the patterns in the command itself."""
    command = shutil.which("docker")
    if command is None:
        pytest.skip("Docker's own command is not installed, and there is nothing to compare with")
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}

    def run(*arguments: str) -> bytes:
        done = subprocess.run(
            [command, *arguments], capture_output=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


@pytest.mark.engine
@pytest.mark.parametrize("patterns", PATTERNS)
def test_the_same_files_are_sent_as_by_docker(
    context: Path, docker_command: Callable[..., bytes], patterns: str
) -> None:
    """Build an image of everything that is sent, and look into it."""
    (context / ".dockerignore").write_bytes(patterns.encode())
    # Without the cache: builds side by side must not share images that each of them removes.
    image = docker_command("build", "--no-cache", "-q", str(context)).decode().strip()
    container = docker_command("create", image, "none").decode().strip()
    try:
        with tarfile.open(fileobj=io.BytesIO(docker_command("export", container))) as exported:
            names = [member.name.rstrip("/") for member in exported]
    finally:
        docker_command("rm", container)
        docker_command("rmi", "-f", image)
    sent = {name.removeprefix("ctx/") for name in names if name.startswith("ctx/")}
    entries = find_entries(context, read_ignore(context, context / "Dockerfile"))
    assert {entry.path for entry in entries} == sent
