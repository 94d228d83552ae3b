# The whole life of a checkout. Needs Python 3.11 or newer, make, and a package index.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

.PHONY: help install run test check bench lock clean

help:  ## Say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed  ## Set up .venv with the locked dependencies

.venv/installed: requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: install  ## Serve the simulated shop on PORT (8000)
	$(BIN)/kembang demo --port $(PORT)

test: install  ## Run the tests, two files at a time
	$(BIN)/pytest --numprocesses 2 --dist loadfile

check: install  ## Lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install  ## Print performance as ratios taken in one run
	$(BIN)/pytest -m bench --quiet --capture=no tests/bench

lock:  ## Lock the dependencies anew (needs uv on the PATH)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra build pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra build --extra dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock

clean:  ## Remove what was made; keeps .kembang
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
