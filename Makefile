# Every target sets itself up: a virtual environment in .venv with the versions of requirements.lock.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
RUNTIME := src/micvae/explorer/runtime

.PHONY: help reproduce test test-elsewhere lint docs wheel benchmark clean

help:  ## Say what can be made.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

reproduce: $(READY)  ## Train, compare and report the paper's experiment into out/paper.
	$(BIN)/micvae reproduce $(ARGS)

test: $(READY)  ## Run the tests.
	$(BIN)/python -m pytest -n auto $(ARGS)

test-elsewhere: $(READY)  ## Run some as a user without a home, with the package read-only.
	scripts/test_elsewhere.sh $(ARGS)

lint: $(READY)  ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)  ## Build the site into docs/_build/html; a warning is an error.
	$(BIN)/python -m sphinx -q -W --keep-going -d docs/_build/doctrees docs docs/_build/html

wheel: $(READY) | $(RUNTIME)  ## Build wheel and sdist into dist/, and try the wheel in an empty environment.
	rm -rf dist build
	$(BIN)/python -m build --no-isolation
	$(BIN)/python scripts/smoke.py dist

benchmark: $(READY)  ## Measure speed, side by side with a peer and with the machine's limit.
	$(BIN)/python benchmarks/pairwise_mi.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/methods.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/data.py

# What micvae explore puts into its pages: two files of onnxruntime-web, 14 MB, kept out of git.
$(RUNTIME): | $(READY)
	scripts/explorer_runtime/fetch.sh $@ $(BIN)/python

clean:  ## Remove the virtual environment and caches; results in out/ stay.
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist docs/_build docs/api

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "micvae needs Python 3.11 or newer; give it as PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@
