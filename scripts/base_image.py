#!/usr/bin/env python3
"""Which base image the sample builds from: `python:3.13-slim`, or one of Debian's own packages.

Prints the name of the base to use; why, on stderr. Where no registry answers, the base is put
together from the packages of the Debian or Ubuntu machine this runs on: apt resolves and checks
them as for an empty machine, `dpkg` unpacks them, and the engine imports the folder. Nothing of
that touches the machine's own package state.
"""
# ruff: noqa: T201 - the answer goes to stdout

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import docker
import requests

WANTED = "python:3.13-slim"
FALLBACK = "provision-base:debian"
PACKAGES = ("python3-minimal", "libpython3-stdlib", "dash")
REGISTRY_SECONDS = 10
# Merged /usr, as on every Debian since 12: the same folder under both names.
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
# What no service asks for. An engine compresses all of an image each time it is pushed anew.
UNNEEDED = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian"),
    *("usr/bin/dpkg*", "usr/bin/tar"),  # nothing is installed in it
    *("usr/lib/*/gconv", "usr/lib/*/libmvec.so*"),  # Python has its own encodings
    # of the modules `dbm.ndbm` and `nis`
    *("usr/lib/*/libdb-*", "usr/lib/*/libnsl*", "usr/lib/*/libtirpc*"),
    *("usr/lib/*/libkrb5*", "usr/lib/*/libk5crypto*", "usr/lib/*/libgssapi*"),
    *("usr/lib/python3*/test", "usr/lib/python3*/pydoc_data"),
)
ACCOUNTS = {
    "passwd": "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
}


def main(arguments: list[str]) -> int:
    """Print the base image's name; with an argument, have the engine know it by that name too."""
    engine = docker.from_env(timeout=300)
    name = arguments[0] if arguments else ""
    if name and present(engine, name):
        print(name)
        return 0
    base = choose(engine)
    if name:
        image = engine.images.get(base) if present(engine, base) else engine.images.pull(base)
        repository, _, tag = name.rpartition(":")
        image.tag(repository, tag)
    print(name or base)
    return 0


def choose(engine: docker.DockerClient) -> str:
    """`WANTED` where it can be had, else the packages' base, made when it is not there yet."""
    reason = why_not(engine, WANTED)
    if not reason:
        return WANTED
    say(f"{WANTED} cannot be had ({reason}); using {FALLBACK}, made of Debian's own packages")
    if not present(engine, FALLBACK):
        import_base(engine, FALLBACK)
    return FALLBACK


def why_not(engine: docker.DockerClient, image: str) -> str:
    """Why `image` cannot be had; empty when the engine has it or its registry answers."""
    if present(engine, image):
        return ""
    asker = docker.from_env(timeout=REGISTRY_SECONDS)
    try:
        asker.images.get_registry_data(image)
    except requests.Timeout:
        return f"no answer from its registry within {REGISTRY_SECONDS} s"
    except docker.errors.APIError as error:
        return str(error.explanation or error).strip()
    finally:
        asker.close()
    return ""


def present(engine: docker.DockerClient, image: str) -> bool:
    """Whether the engine has `image` already."""
    try:
        engine.images.get(image)
    except docker.errors.ImageNotFound:
        return False
    return True


def import_base(engine: docker.DockerClient, name: str) -> None:
    """Make the base of the machine's packages and give it to the engine as `name`."""
    missing = [tool for tool in ("apt-get", "dpkg") if shutil.which(tool) is None]
    if missing:
        raise SystemExit(
            f"no registry answers, and this machine has no {' or '.join(missing)} to make a base"
            f" image with; pull {WANTED} into the engine, or run this on Debian or Ubuntu"
        )
    with tempfile.TemporaryDirectory(prefix="provision-base-") as folder:
        work = Path(folder)
        work.chmod(0o755)  # apt downloads as its own user
        root = unpack(download(work / "archives"), work / "root")
        archive = work / "base.tar"
        pack(root, archive)
        repository, _, tag = name.rpartition(":")
        engine.api.import_image_from_file(
            str(archive),
            repository=repository,
            tag=tag,
            changes=["ENV PATH=/usr/local/bin:/usr/bin:/bin", 'CMD ["python3"]'],
        )
    engine.images.get(name)  # the engine reports a failed import inside its stream only
    say(f"imported {name}")


def download(archives: Path) -> list[Path]:
    """Fetch the packages and all they need, as apt would for a machine that has nothing yet."""
    (archives / "partial").mkdir(parents=True)
    fetch = ["apt-get", "-q", "-y", "--no-install-recommends", "--download-only"]
    fetch += ["-o", "Dir::State::status=/dev/null", "-o", f"Dir::Cache::archives={archives}"]
    fetch += ["-o", "Debug::NoLocking=1", "install", *PACKAGES]
    done = run(fetch)
    if done.returncode != 0:
        # A machine that never ran `apt-get update` knows no packages at all.
        run(["apt-get", "-q", "update"])
        done = run(fetch)
    if done.returncode != 0:
        raise SystemExit(f"apt could not fetch {', '.join(PACKAGES)}:\n{done.stderr.strip()}")
    return sorted(archives.glob("*.deb"))


def unpack(packages: list[Path], root: Path) -> Path:
    """Unpack `packages` into `root` and add the few files that their install scripts would."""
    for name, target in LINKS.items():
        (root / target).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    for package in packages:
        unpacked = root.parent / "package"
        subprocess.run(["dpkg", "-x", package, unpacked], check=True)
        merge(unpacked, root)
        shutil.rmtree(unpacked)
    for path in (path for pattern in UNNEEDED for path in root.glob(pattern)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name, text in ACCOUNTS.items():
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc" / name).write_text(text)
    python = root / "usr/local/bin/python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.symlink_to("/usr/bin/python3")
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    return root


def merge(source: Path, root: Path) -> None:
    """Copy a package's files into `root`, through the links of merged /usr."""
    for folder, folders, files in os.walk(source):
        here = root / Path(folder).relative_to(source)
        here.mkdir(parents=True, exist_ok=True)
        for name in [*files, *(inner for inner in folders if Path(folder, inner).is_symlink())]:
            target = here / name
            if not (target.is_symlink() or target.exists()):
                shutil.copy2(Path(folder, name), target, follow_symlinks=False)


def pack(root: Path, archive: Path) -> None:
    """Write `root` as a tar archive that belongs to root, whoever runs this."""

    def owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        return entry

    with tarfile.open(archive, "w") as tar:
        tar.add(root, arcname=".", filter=owned_by_root)


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run `command` without questions, keeping what it says."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    return subprocess.run(
        command,
        check=False,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=environment,
    )


def say(text: str) -> None:
    """Tell the person at the terminal; stdout is for the answer alone."""
    print(text, file=sys.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except docker.errors.DockerException as problem:
        sys.exit(f"the Docker engine could not give a base image: {problem}")
