# Every target works on a fresh machine with Python 3.11 or newer: the first one builds the environment in .venv.
# The first interpreter that starts and is new enough; a name on the path may be a shim without a Python behind it.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := python -m pip install --quiet --disable-pip-version-check
export DLAB_DATA ?= $(wildcard $(abspath ../shared/data))
EXPERIMENTS := $(basename $(notdir $(wildcard experiments/*.yaml)))

.PHONY: help train test check lint types imports unit slow coverage torture lock audit gate docs format bench bench-gpu experiments reproduce \
	clean $(EXPERIMENTS)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo "and one target per experiment: $(EXPERIMENTS)"

# The versions of requirements.lock, each file checked by its hash; where they cannot be had, what pyproject.toml allows.
$(BIN)/dlab: pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "dlab needs Python 3.11 or newer; none was found on the path"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) --require-hashes --requirement requirements.lock \
		&& $(BIN)/$(PIP) --no-deps --no-build-isolation --editable . \
		|| { echo "The locked versions cannot be had here: taking others that pyproject.toml allows."; \
			$(BIN)/$(PIP) --editable '.[dev]'; }
	@touch $@

# With their extras: older pips take coverage[toml] for something else than coverage, which has no hash then.
lock: $(BIN)/dlab ## lock the newest versions of all dependencies
	$(BIN)/$(PIP) uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-strip-extras --quiet --output-file requirements.lock

audit: $(BIN)/dlab ## look the locked versions up in the list of known vulnerabilities (needs the network)
	$(BIN)/$(PIP) pip-audit
	$(BIN)/pip-audit --disable-pip --requirement requirements.lock

train: $(BIN)/dlab ## watch LeNet learn handwritten digits
	$(BIN)/dlab train lenet-digits.yaml

test: check ## run all checks and tests

check: lint types imports unit ## ruff, types, import contract, tests; CI adds the slow ones

lint: $(BIN)/dlab ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/dlab ## type checks
	$(BIN)/mypy

imports: $(BIN)/dlab ## the import contract
	$(BIN)/lint-imports

unit: $(BIN)/dlab ## tests but for the slow ones
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

slow: $(BIN)/dlab ## the slow tests: large networks, and tests that run dlab many times
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

torture: $(BIN)/dlab ## the long forms of the reliability tests: hours; results in torture/results
	@for name in $(filter-out __init__ frame,$(notdir $(basename $(wildcard torture/*.py)))); do \
		$(BIN)/python -m torture.$$name || failed=1; done; exit $${failed:-0}

coverage: $(BIN)/dlab ## tests with branch coverage; the lines that no test reaches
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term-missing:skip-covered

gate: $(VENV)-gate/ready ## build every GPU kernel with NVIDIA's compiler, which needs no GPU (installs 0.8 GB)
	$(VENV)-gate/bin/python -m tests.gpu.gate

$(VENV)-gate/ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "dlab needs Python 3.11 or newer; none was found on the path"; exit 1; }
	$(PYTHON) -m venv $(VENV)-gate
	$(VENV)-gate/bin/$(PIP) --editable '.[gpu-ci]'
	@touch $@

docs: $(BIN)/dlab ## make the generated tables in docs/ anew
	$(BIN)/python docs/tables.py

format: $(BIN)/dlab ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(BIN)/dlab ## measure dlab against its peers (installs PyTorch)
	$(BIN)/$(PIP) --editable '.[bench]'
	$(BIN)/python benchmarks/step.py
	$(BIN)/python benchmarks/inference.py
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/optimizers.py
	$(BIN)/python benchmarks/busy.py
	$(BIN)/python benchmarks/rounds.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/study.py
	$(BIN)/python benchmarks/streaming.py
	$(BIN)/python benchmarks/checkpointing.py
	$(BIN)/python benchmarks/table.py

bench-gpu: $(BIN)/dlab ## measure dlab on a GPU beside PyTorch (installs both)
	$(BIN)/$(PIP) --editable '.[bench,cuda]'
	$(BIN)/python benchmarks/gpu.py
	$(BIN)/python benchmarks/table.py

experiments: $(EXPERIMENTS) ## run every experiment

# The second line of each spec is the command that runs it.
$(EXPERIMENTS): %: $(BIN)/dlab
	$(BIN)/$(shell sed -n '2s/^# *//p' experiments/$*.yaml) --name $*

reproduce: $(BIN)/dlab ## run what the lectures report, and write docs/reproduction.md
	$(BIN)/python docs/reproduce.py
	$(BIN)/python docs/tables.py

clean: ## remove the environment and all caches
	rm -rf $(VENV) $(VENV)-gate build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
