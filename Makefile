# Each target does all its own set-up; `make help` lists them.
PYTHON ?=
KEEP ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
# Runs a command with DOCKER_HOST set, and stops the engine afterwards if it was started for it.
WITH_ENGINE := $(BIN)/python scripts/engine.py run
# The image that tests build from and run.
TEST_BASE := provision-base:dev
export PYTHON KEEP
PROJECT ?=
REGION ?=
GOOGLE := test -n "$(PROJECT)" -a -n "$(REGION)" || { echo 'say which: make e2e-google PROJECT=… REGION=…' >&2; false; }

.DEFAULT_GOAL := help
.PHONY: help venv demo test e2e-google e2e-google-clean check format bench compared lock stop clean

help:  ## what can be made
	@grep -E '^[a-z0-9-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */  make \1\t/' | expand -t 28
	@echo '  KEEP=1 leaves a Docker engine that was started for it running (make stop ends it);'
	@echo '  ARGS=… goes to pytest, as in: make test ARGS="-k spec -x"'

venv:  ## the virtual environment with locked packages, in .venv
	@scripts/venv.sh $(VENV)

demo: venv  ## from a Dockerfile to a private service and its proof, on this machine
	@$(WITH_ENGINE) $(BIN)/python scripts/demo.py

test: venv  ## every test
	@$(BIN)/python scripts/browser.py
	@$(WITH_ENGINE) sh -c '$(BIN)/python scripts/base_image.py $(TEST_BASE) >/dev/null && exec $(BIN)/python -m pytest -n 4 --dist worksteal "$$@"' pytest $(ARGS)

check: venv  ## format, lint, types, import directions, docs in step
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@MYPYPATH=scripts $(BIN)/mypy --strict scripts
	@$(BIN)/mypy --strict --explicit-package-bases tests
	@$(BIN)/lint-imports
	@if [ -e scripts/docs.py ]; then $(BIN)/python scripts/docs.py --check; fi

e2e-google: venv  ## the end-to-end suite against Google Cloud: PROJECT=… REGION=…
	@$(GOOGLE) || exit 2
	@$(WITH_ENGINE) sh -c '$(BIN)/python scripts/base_image.py $(TEST_BASE) >/dev/null && exec $(BIN)/python -m pytest tests/e2e --cloud google --project "$(PROJECT)" --region "$(REGION)" "$$@"' pytest $(ARGS)

e2e-google-clean: venv  ## delete what killed runs of it left: PROJECT=… REGION=…
	@$(GOOGLE) || exit 2
	@$(BIN)/python -m tests.e2e.cloud.clean --project "$(PROJECT)" --region "$(REGION)" $(ARGS)

format: venv  ## put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: venv  ## speed and memory as ratios, in docs/benchmarks.md; ARGS=emulator for a part
	@$(BIN)/python scripts/bench.py $(ARGS)

compared: venv  ## docs/compared.md anew: gcloud and provision put to the same cases
	@$(BIN)/python -m tests.e2e.gcloud.compare

lock: venv  ## write requirements/ anew from pyproject.toml
	@$(BIN)/python -m venv .work/lock
	@.work/lock/bin/python -m pip install -qq 'pip-tools>=7.5,<8'
	@.work/lock/bin/python scripts/lock.py $(ARGS)

stop: venv  ## stop the Docker engine that KEEP=1 left running
	@$(BIN)/python scripts/engine.py stop

clean:  ## take away what make made; a running engine first
	@if [ -x $(BIN)/python ]; then $(BIN)/python scripts/engine.py stop; fi
	rm -rf .work $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
