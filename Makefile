# Every target installs what it needs; only Python 3.11 or newer and make are required.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The output folder of `make demo`: a new one each time, because the demo refuses a folder with other runs.
REPORTS ?= reports/demo-$(shell date +%Y%m%d-%H%M%S)

# The container engine and the image name for `make image`.
ENGINE ?= $(shell command -v docker || command -v podman)
IMAGE ?= sso-batch
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' sso_batch/__init__.py)
REVISION = $(shell git rev-parse --short=12 HEAD 2>/dev/null)

# A user's pip settings may contain --user, which fails in a virtual environment.
export PIP_USER := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
INSTALL := $(BIN)/python -m pip install -qq
# The files list all dependencies. Without --no-deps, an older pip may select a newer release without a hash.
INSTALL_PINNED := $(INSTALL) --require-hashes --no-deps

# The scripts and the style of the HTML page, and the tests of the scripts. Deno cannot format its templates.
PAGE := sso_batch/report/page
SCRIPTS := $(PAGE)/scripts/*.js tests/browser/scripts/*.js
STYLES := $(PAGE)/page.css sso_batch/campaign/pages/record.css
DENO_FMT := --quiet --no-config --line-width 110

.DEFAULT_GOAL := help
.PHONY: help demo test bench bench-peers stress docs pictures plots lint format types image pins clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## audit made-up organizations without AWS, into a new folder under reports/
	@$(BIN)/sso-batch demo --output $(REPORTS)

test: $(VENV)/installed-dev ## run all tests in random order on all cores, with branch coverage
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal --cov --ignore tests/stress $(ARGS)
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal tests/stress $(ARGS) || [ $$? = 5 ] # ARGS may select no stress tests

lint: $(VENV)/installed-dev ## check style, formatting, language, scripts and Dockerfile
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/deno fmt --check $(DENO_FMT) $(SCRIPTS) $(STYLES)
	@$(BIN)/deno lint --quiet --no-config $(SCRIPTS)
	@PATH="$(BIN):$$PATH" shellcheck --external-sources .ci/*
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/python -m tests.documents.language

bench: $(VENV)/installed-dev ## compare calls, time, rows and start-up with their minimums; ARGS="time --repeat 1"
	@$(BIN)/python -m tests.benchmarks $(ARGS)

bench-peers: $(VENV)/installed-dev ## install other tools in a temporary folder and measure them on the same emulator
	@$(BIN)/python -m tests.benchmarks peers $(ARGS)

docs: $(VENV)/installed-dev ## regenerate the reference in docs/
	@$(BIN)/python -m tests.documents

pictures: $(VENV)/installed-dev ## take the screenshots for README and docs; needs Chromium
	@$(BIN)/python -m tests.browser.pictures

plots: $(VENV)/installed-dev ## draw the plots of docs/explanation/growth.md from its measurements
	@$(BIN)/python -m tests.benchmarks.plots

format: $(VENV)/installed-dev ## format the code and apply safe fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/deno fmt $(DENO_FMT) $(SCRIPTS) $(STYLES)

types: $(VENV)/installed-dev ## check types with mypy in strict mode
	@$(BIN)/mypy

stress: $(VENV)/installed-dev ## run random worlds, kills, leaks and damaged files (1 h); ARGS="kills --seed 7"
	@$(BIN)/python -m tests.stress $(ARGS)

image: ## build the container image with docker or podman
	@test -n "$(ENGINE)" || { echo "make image needs docker or podman on the PATH" >&2; exit 1; }
	$(ENGINE) build --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) --tag $(IMAGE) .

pins: $(VENV)/installed ## update the pinned requirements from pyproject.toml; ARGS=--upgrade selects newer versions
	@$(INSTALL) uv
	@$(COMPILE) pyproject.toml --extra xlsx --output-file requirements.txt $(ARGS)
	@$(COMPILE) --group build --output-file requirements-build.txt $(ARGS)
	@$(COMPILE) pyproject.toml --extra xlsx --group dev --constraints requirements.txt --output-file requirements-dev.txt $(ARGS)

# One file for all platforms and Python versions, with hashes and without index URLs.
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make pins" $(BIN)/uv pip compile --quiet \
	--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate

clean: ## remove build and installation files; keep reports
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Recreate the environment when a pin changes. The package is installed in editable mode, so a changed source file
# needs no new installation.
$(VENV)/installed: pyproject.toml requirements.txt requirements-build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "sso-batch needs Python 3.11 or newer, and '$(PYTHON)' is not." \
			"Choose another: make PYTHON=python3.13 ..." >&2; exit 1; }
	@echo "Installing into $(VENV) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL_PINNED) -r requirements.txt -r requirements-build.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing development tools ..."
	@$(INSTALL_PINNED) -r requirements-dev.txt
	@touch $@
