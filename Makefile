# `make demo` and `make test` are all a fresh clone needs: Python 3.11+, pip and git. `make help` lists the rest.
# PYTHON picks the interpreter, VENV the environment's folder: make test PYTHON=python3.13 VENV=.venv-3.13
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

# An environment is fresh while neither pyproject.toml nor the interpreter has changed; then pip is not called at all.
STATE  := $(shell { $(PYTHON) -c 'import sys; print(sys.version, sys.base_prefix)'; cat pyproject.toml; } | cksum | cut -d' ' -f1)
FOR    := $(VENV)/.ready-for

.DEFAULT_GOAL := help
.PHONY: help demo test stress coverage lint format types contracts docs changelog wheel conformance bench bench-smoke ci clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(FOR)-demo-$(STATE) ## run the main job on real input: every file of Python's standard library, hashed on 16 named threads
	@$(BIN)/python examples/demo.py

test: $(FOR)-test-$(STATE) ## run all tests; TESTS="tests/unit -k name" picks some
	@$(PYTEST) $(TESTS)

stress: $(FOR)-test-$(STATE) ## run the stress tests alone
	@$(PYTEST) tests/stress

coverage: $(FOR)-dev-$(STATE) ## run the tests and tell which lines and branches they miss
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(TESTS)
	@$(BIN)/coverage report

lint: $(FOR)-dev-$(STATE) ## check style and layout (ruff)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(FOR)-dev-$(STATE) ## mend style and layout, where a tool can
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

types: $(FOR)-dev-$(STATE) ## check types: the code, and what two type checkers make of the API
	@$(BIN)/mypy
	@$(BIN)/basedpyright --pythonpath $(BIN)/python

contracts: $(FOR)-dev-$(STATE) ## check which part may import which
	@$(BIN)/lint-imports --no-logo

docs: $(FOR)-dev-$(STATE) ## check the docs: snippets run, links lead somewhere, everything public is described, news renders
	@$(PYTEST) tests/docs
	@$(BIN)/towncrier build --draft --version next >/dev/null

changelog: $(FOR)-dev-$(STATE) ## turn changes/ into CHANGELOG.md for release VERSION
	@$(BIN)/towncrier build --yes --version $(VERSION)

wheel: $(FOR)-dev-$(STATE) ## build dist/*.whl and the source archive
	@rm -rf dist
	@$(BIN)/python -m build --quiet

conformance: $(FOR)-test-$(STATE) ## run CPython's own tests of ThreadPoolExecutor on threadwork.Executor; ON=path picks another interpreter
	@PYTHONPATH=src $(or $(ON),$(BIN)/python) tests/conformance/run.py

bench: ## measure beside the peers (minutes); the peers get an environment of their own
	@"$$(bench/setup $(PYTHON))" bench/run.py

bench-smoke: ## measure briefly, to see that every case works
	@"$$(bench/setup $(PYTHON))" bench/run.py --smoke

ci: ## run everything that must be green, as CI does
	@.ci/run

clean: ## remove what was built
	rm -rf .venv* build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Each environment holds the one before it. pip comes from the interpreter that was picked, since `venv` cannot always
# bring one (Debian splits it off).
$(FOR)-demo-$(STATE): INSTALL = --editable '.[cli]'
$(FOR)-test-$(STATE): INSTALL = --editable '.[all]' --group test --group browser
$(FOR)-dev-$(STATE):  INSTALL = --editable '.[all]' --group dev
$(FOR)-demo-$(STATE): HOLDS = demo
$(FOR)-test-$(STATE): HOLDS = demo test
$(FOR)-dev-$(STATE):  HOLDS = demo test dev
$(FOR)-%-$(STATE):
	@echo 'Preparing $(VENV) ...'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "threadwork needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(PYTHON) -m pip --quiet --disable-pip-version-check --python $(BIN)/python install 'pip>=25.1'
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install $(INSTALL)
	@touch $(HOLDS:%=$(FOR)-%-$(STATE))
