"""A machine whose clock is wrong: what reads it is told another time by the C library."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *told) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, told);
    const char *off = getenv("CLOCK_OFF");
    if (!failed && off && clock == CLOCK_REALTIME) told->tv_sec += atol(off);
    return failed;
}
"""


def build_clock(folder: Path) -> dict[str, str]:
    """The environment in which ``CLOCK_OFF`` is by how many seconds the clock is wrong."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler, and the machine's own clock is not to be touched")
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(_SOURCE)
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return {"LD_PRELOAD": os.fspath(library)}
