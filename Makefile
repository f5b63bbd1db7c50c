# Everything needs Python 3.11 to 3.13 on the PATH and nothing else; it is installed into .venv.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run test test-all suite check pages lock picture catalogue protocols bias reference

BIN := .venv/bin
# Rebuilt when the lock or the project's metadata change, so that repeating a target is quick.
READY := .venv/.ready
LOCK_VENV := build/lock

# The first Python that fits and can make environments. A name on the PATH may be a shim that fails.
FITS := 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'
FIND_PYTHON := for name in python3 python3.13 python3.12 python3.11 python; do \
	if "$$name" -c $(FITS) >/dev/null 2>&1; then python="$$name"; break; fi; done; \
	if [ -z "$${python:-}" ]; then \
	echo "No Python 3.11, 3.12 or 3.13 with venv and ensurepip on the PATH." >&2; exit 1; fi

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## Make .venv and install exactly what requirements.lock pins

$(READY): requirements.lock pyproject.toml
	@if ! $(BIN)/python -c $(FITS) >/dev/null 2>&1; then $(FIND_PYTHON); rm -rf .venv; \
		echo "Making .venv with $$("$$python" --version)"; "$$python" -m venv .venv; fi
	@echo "Installing what requirements.lock pins"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation -e .
	@touch $(READY)

run: setup ## Create the first key over a lossy network
	$(BIN)/ksim run scenarios/first-key.toml

picture: setup ## Draw docs/first-key.svg, the README's picture, anew
	$(BIN)/ksim run scenarios/first-key.toml --out build/picture --json >/dev/null
	$(BIN)/python -m sim.report.picture build/picture/first-key/* docs/first-key.svg

catalogue: setup ## Make docs/catalogue.md anew from runs: half a minute
	$(BIN)/python -m sim.study.fault_page

protocols: setup ## Make docs/protocols.md anew from runs: ten seconds
	$(BIN)/python -m sim.study.protocol_page

bias: setup ## Make docs/bias.md anew from 3,200 runs: five minutes
	$(BIN)/python -m sim.study.bias_page

reference: setup ## Make results/reference anew: ten minutes; with LONG=1 an hour or two
	$(BIN)/python -m sim.study.reference $(if $(LONG),--long)

test: setup ## Run the tests, except those marked slow, and the scenarios of whole lives
	$(BIN)/pytest -n auto
	$(BIN)/pytest -n auto scenarios -m "ci and life"

test-all: setup ## Run every test, and every scenario under ten seeds
	$(BIN)/pytest -n auto -m ""
	$(BIN)/pytest -n auto scenarios --ksim-seeds 10

suite: setup ## Run every scenario under its own seed
	$(BIN)/pytest -n auto scenarios

check: setup ## Check format, lint, types, layers, and generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m sim.scenario.docs --check

pages: setup ## Check that the pages made from runs are what runs say: a minute
	$(BIN)/python -m sim.study.fault_page --check
	$(BIN)/python -m sim.study.protocol_page --check

lock: ## Pin anew what pyproject.toml asks for
	@$(FIND_PYTHON); "$$python" -m venv --clear $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	CUSTOM_COMPILE_COMMAND="make lock" $(LOCK_VENV)/bin/pip-compile --quiet --upgrade \
		--generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --extra dev --extra report --extra cluster \
		--build-deps-for editable \
		--output-file requirements.lock pyproject.toml
