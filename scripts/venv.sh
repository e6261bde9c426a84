#!/bin/sh
# The checkout's virtual environment, with every package as `requirements/dev.txt` locks it.
# Does nothing when it is up to date. Usage: scripts/venv.sh [DIRECTORY]
set -eu

venv=${1:-.venv}
stamp=$venv/.locked
cd "$(dirname "$0")/.."

wanted=$(cat requirements/dev.txt pyproject.toml | cksum)
if [ -x "$venv/bin/provision" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

# A Python that is new enough and can make environments: Debian keeps the means in a package of its own.
find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python3.14; do
        if "$candidate" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

install_python() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo 'Python 3.11 or newer with its module venv is needed and not found.' >&2
        echo 'Debian, Ubuntu: sudo apt-get install python3-venv; elsewhere: make PYTHON=/path/to/python' >&2
        return 1
    fi
    echo 'installing python3-venv …' >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update </dev/null >/dev/null
    apt-get -qq install -y --no-install-recommends python3-venv ca-certificates </dev/null >/dev/null
}

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python) || { install_python && python=$(find_python); }
    "$python" -m venv --clear "$venv"
fi
echo "installing the locked packages into $venv …" >&2
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input -qq "$@" </dev/null; }
pip install --require-hashes -r requirements/dev.txt
# The checkout itself; its build backend stands in the lock, so nothing more is fetched.
pip install --no-deps --no-build-isolation --editable .
echo "$wanted" >"$stamp"
