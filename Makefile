# Purveyor: the commands a newcomer needs. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q install --require-hashes
SOURCES := src tests bench tools erp-demo
TYPED := src/purveyor tests bench tools
JOBS ?= 2

.PHONY: help demo demo-once test test-long check bench format texts lock clean
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.runtime: requirements/runtime.lock requirements/build.lock pyproject.toml
	@echo "Setting up the environment (.venv) from hash-locked packages ..."
	@$(PYTHON) -c 'import sys; sys.exit("Purveyor needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) -r requirements/runtime.lock
	@$(PIP) -r requirements/build.lock
	@$(BIN)/python -m pip --disable-pip-version-check -q install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.lock
	@echo "Adding the tools for tests and checks ..."
	@$(PIP) -r requirements/dev.lock
	@touch $@

.venv-tryton/.ready: requirements/tryton.lock
	@echo "Setting up Tryton, the ERP of the demo and the tests, in its own environment (.venv-tryton) ..."
	@test -x .venv-tryton/bin/python || $(PYTHON) -m venv .venv-tryton
	@.venv-tryton/bin/python -m pip --disable-pip-version-check -q install --require-hashes -r requirements/tryton.lock
	@touch $@

demo: .venv/.runtime .venv-tryton/.ready ## start the demo distributor with a real ERP and keep serving until Ctrl-C
	@$(BIN)/purveyor demo

demo-once: .venv/.runtime .venv-tryton/.ready ## play the story once, write build/demo.json, fail when a step failed
	@$(BIN)/purveyor demo --once

test: .venv/.dev .venv-tryton/.ready check ## checks and quick suites, under 20 minutes on two cores
	@mkdir -p build
	@$(BIN)/python -m tools.need_chromium
	COVERAGE_FILE=build/coverage-core $(BIN)/python -m pytest -n $(JOBS) -m "not long" tests/core tests/arch --cov=purveyor.core --cov-branch --cov-report=term --cov-fail-under=100
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "not long" --ignore=tests/core --ignore=tests/arch tests

test-long: .venv/.dev .venv-tryton/.ready ## faults, fuzzing and the second Postgres version, under 40 minutes
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m long --timeout=1200 tests
	PURVEYOR_TEST_POSTGRES=15 $(BIN)/python -m pytest -n $(JOBS) -m "not long and not browser and not tryton" tests/store tests/migrations tests/app

check: .venv/.dev ## format, lint, types, import contracts, sizes, licences
	$(BIN)/ruff format --check --quiet $(SOURCES)
	$(BIN)/ruff check --quiet $(SOURCES)
	$(BIN)/mypy --no-error-summary $(TYPED)
	$(BIN)/lint-imports
	$(BIN)/python -m tools.check_sizes src tests bench tools erp-demo
	$(BIN)/python -m tools.check_licences

bench: .venv/.dev .venv-tryton/.ready ## benchmarks; figures as ratios in one run, see bench/RESULTS.md
	$(BIN)/python -m bench

format: .venv/.dev ## format the code
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

texts: .venv/.dev ## collect the texts of pages for translation
	$(BIN)/python -m tools.collect_texts

lock: ## compile the hash-locked dependency files again (needs uv on the PATH)
	for name in runtime build tryton; do $(MAKE) --no-print-directory requirements/$$name.locked; done
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		requirements/dev.in -c requirements/runtime.lock -o requirements/dev.lock

requirements/%.locked:
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		requirements/$*.in -o requirements/$*.lock

clean: ## remove environments, caches and demo data
	rm -rf .venv .venv-tryton build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
