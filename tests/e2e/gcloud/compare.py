"""``python -m tests.e2e.gcloud.compare`` puts every case to both, and writes docs/compared.md."""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.conftest import start_emulator_process
from tests.e2e.emulator_shell import evaluated, new_shell
from tests.e2e.gcloud.compared_page import PAGE, Pair, page
from tests.e2e.gcloud.conftest import Gcloud
from tests.e2e.gcloud.probes import PROBES
from tests.e2e.gcloud.probing import GcloudProgram, ProvisionProgram, outcome
from tests.e2e.gcloud.run_service import open_run_services


def main() -> int:
    """Write the page; 2 where gcloud is not installed."""
    found = shutil.which("gcloud")
    if found is None:
        sys.stderr.write("gcloud is not installed: there is nothing to compare with.\n")
        return 2
    emulator = start_emulator_process("--engine", "none", "--operation-delay", "0")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            shell = new_shell(emulator.http, Path(scratch))
            run = open_run_services(Gcloud(found, evaluated(shell)), emulator)
            ours = ProvisionProgram(run, Path(scratch), shell)
            pairs = {}
            for name, probe in PROBES.items():
                sys.stderr.write(f"{name}\n")
                theirs = outcome(run, GcloudProgram(run), probe)
                pairs[name] = Pair(theirs, outcome(run, ours, probe))
            PAGE.write_text(page(run.gcloud.version(), pairs), encoding="utf-8")
    finally:
        emulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
