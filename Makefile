# Every target works on a fresh machine with Python 3.11 or newer: the first one builds the environment in .venv.
PYTHON ?= $(shell command -v python3.13 || command -v python3.12 || command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
export DLAB_DATA ?= $(wildcard ../shared/data)
EXPERIMENTS := $(basename $(notdir $(wildcard experiments/*.yaml)))

.PHONY: help train test check lint types imports unit docs format bench experiments clean $(EXPERIMENTS)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo "and one target per experiment: $(EXPERIMENTS)"

$(BIN)/dlab: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

train: $(BIN)/dlab ## watch LeNet learn handwritten digits
	$(BIN)/dlab train lenet-digits.yaml

test: check ## run all checks and tests

check: lint types imports unit ## what CI runs: ruff, types, import contract, tests

lint: $(BIN)/dlab ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/dlab ## type checks
	$(BIN)/mypy

imports: $(BIN)/dlab ## the import contract
	$(BIN)/lint-imports

unit: $(BIN)/dlab ## tests
	$(BIN)/python -m pytest

docs: $(BIN)/dlab ## make the generated tables in docs/ anew
	$(BIN)/python docs/tables.py

format: $(BIN)/dlab ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(BIN)/dlab ## measure dlab against its peers (installs PyTorch)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python benchmarks/step.py
	$(BIN)/python benchmarks/busy.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/results.py

experiments: $(EXPERIMENTS) ## run every experiment

$(EXPERIMENTS): %: $(BIN)/dlab
	$(BIN)/dlab train experiments/$*.yaml --name $*

clean: ## remove the environment and all caches
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
