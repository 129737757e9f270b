# Two commands are all a newcomer needs: `make run` and `make test`. Both work in a fresh clone.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3.10 || command -v python3)
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
export PATH := $(BIN):$(PATH)
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
LABEXTENSION := modelarts_nb/labextension/package.json
# Tests wait much (for kernels, slow disks, browsers): four at a time gain on two processors, of
# browsers two.
JOBS ?= 2
WORKERS ?= 4
# What tests write goes to memory where there is much of it (gigabytes): on a disk they waited half of
# the time for it to sync. Disks that are slow, full or failing they mount themselves.
ROOM = $(shell awk '/^MemAvailable/ { print int($$2 / 1048576) }' /proc/meminfo) \
	$(shell test -w /dev/shm && df --output=avail -BG /dev/shm | tr -dc '0-9\n' || echo 0)
IN_MEMORY = $(if $(TMPDIR)$(filter 0 1 2 3 4 5 6 7 8 9,$(ROOM)),,TMPDIR=/dev/shm)
FRONT_END := package.json tsconfig.json $(shell find src style schema -type f 2>/dev/null)

.PHONY: help run test lint types unit front browser wheel setup bench bench-quick soak screenshots clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: setup ## Open JupyterLab with the panel on the local cloud, with an environment to clone (ARGS=--fresh begins anew)
	@$(BIN)/python scripts/demo.py $(ARGS)

test: system setup ## Everything: lint, types, pytest, jest, browser
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=target types lint front
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory browser

lint: $(VENV)/.ready node_modules/.ready ## ruff, eslint, prettier
	ruff check .
	ruff format --check .
	jlpm lint:check

types: $(VENV)/.ready node_modules/.ready ## mypy strict, TypeScript strict
	mypy
	jlpm tsc --noEmit

# In small portions in this order: the long ones begin first, so none is left alone at the end.
# Those of hot files share theirs with the image by hard links, so they stay on its disk.
HOT := tests/integration/test_hot.py tests/unit/envs/hot
unit: $(VENV)/.ready $(VENV)/.labextension ## pytest: unit, integration and faults
	$(IN_MEMORY) pytest -n $(WORKERS) --dist load --maxschedchunk 8 $(HOT:%=--ignore=%) tests/faults tests/integration tests/unit
	pytest -n $(WORKERS) $(HOT)

front: node_modules/.ready ## jest
	jlpm test

browser: $(VENV)/.labextension ## the panel in real Chromium
	pytest -n $(JOBS) --dist loadfile tests/ui

wheel: $(LABEXTENSION) $(VENV)/.ready ## dist/*.whl, installable with no Node
	$(BIN)/python -m build --wheel

setup: $(VENV)/.labextension ## The virtual environment and the built panel, nothing started

.PHONY: system
system:
	@sh scripts/system-packages.sh

$(VENV)/.ready: pyproject.toml
	@echo "Installing Python packages into .venv (1 to 3 minutes the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; set PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python scripts/dependencies.py pyproject.toml lab cloud shell kubernetes local-cloud zh test dev > $(VENV)/requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement $(VENV)/requirements.txt
	@touch $@

node_modules/.ready: $(VENV)/.ready package.json yarn.lock
	@echo "Installing the front end's packages (1 to 4 minutes the first time) ..."
	@jlpm install --immutable
	@touch $@

$(LABEXTENSION): node_modules/.ready $(FRONT_END)
	@echo "Building the panel (about a minute) ..."
	@jlpm build:prod
	@touch $@

$(VENV)/.labextension: $(LABEXTENSION)
	@HATCH_JUPYTER_BUILDER_SKIP_NPM=1 $(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@jupyter-builder develop . --overwrite > $(VENV)/develop.log 2>&1 || { cat $(VENV)/develop.log; exit 1; }
	@touch $@

bench: setup ## Ours and the peers side by side, on local and slow disks (about an hour; ARGS=--resume goes on); writes docs/benchmarks.md
	$(BIN)/python benchmarks/run.py $(ARGS)

bench-quick: setup ## The same with the small environment (about 4 minutes)
	$(BIN)/python benchmarks/run.py --quick

soak: setup ## Kill, fill and break the disk under every operation, hundreds of times; writes docs/soak.md
	$(BIN)/python benchmarks/soak.py

screenshots: setup ## The README's pictures, taken anew
	$(BIN)/python scripts/screenshots.py

clean: ## Remove everything that was made here
	rm -rf .venv node_modules lib dist .demo modelarts_nb/labextension *.tsbuildinfo
