# The few commands that people need. `make demo` and `make test` set everything up by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The slow tests repeat with more effort what others show.
SELECT ?= -m "not slow"
PARTS = $(MAKE) --no-print-directory --keep-going --output-sync=target
PYTEST = $(BIN)/python -m pytest --durations=10 $(SELECT)

# What is installed here is not compiled before it is first imported (scripts/install_locked.sh), which is
# done once, as soon as it is there: without byte code every process would compile the same modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
# Tests that wait for the clock; all others keep the processor busy.
PAGES := tests/browser
CALLS := tests/calls
ROOMS := tests/demo tests/fleet tests/hosting tests/rooms
# Those that load TensorFlow, or render speech and pictures.
MODEL := tests/benchmarks tests/model tests/simulation tests/windows
# SoftHSM crashes in a process that TensorFlow was loaded into, which no server and none of these does.
HSM := tests/identities/test_hsm.py
DOORS := $(HSM) tests/client tests/console tests/events/test_contract.py tests/media tests/web tests/webhooks \
	$(wildcard tests/test_*.py)
NODE_TOOLS := .cache/node/version
TOOLS := $(VENV)/.tools $(NODE_TOOLS)

.PHONY: help demo serve test test-all test-modules test-calls test-rooms test-doors test-pages test-model test-others test-pythons coverage train-quick lint lint-python lint-browser format reference tables weights constraints docker-steps clean

help: ## Show these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# A stamp an extra, so that the demo never waits for what only training and tests need.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.demo: pyproject.toml locks/build.txt locks/demo.txt | $(BIN)/python
	sh scripts/install_locked.sh demo
	@touch $@

$(VENV)/.test: pyproject.toml locks/build.txt locks/test.txt | $(BIN)/python
	sh scripts/install_locked.sh test
	@$(BIN)/python -c "import stream_verifier.app"
	@touch $@ $(VENV)/.demo

$(VENV)/.tools: scripts/install_debian.sh | $(BIN)/python
	sh scripts/install_debian.sh
	@touch $@

$(NODE_TOOLS): scripts/install_node_tools.sh scripts/node/package-lock.json | $(VENV)/.tools
	sh scripts/install_node_tools.sh

demo: $(VENV)/.demo ## Play a scripted demo call, then stay up for your webcam (ONCE=1: end after the script)
	$(BIN)/stream-verifier demo $(if $(ONCE),--once)

serve: $(VENV)/.demo ## Start the server on 127.0.0.1:8080
	$(BIN)/stream-verifier serve

# In the order in which they begin: what needs nothing of Debian while its packages are still waited for. What
# keeps a processor busy beside calls gives way, as a call cannot wait.
test: ## Run every check and every test, and train on a small slice
	@[ -e $(VENV)/.test -a -e $(VENV)/.tools ] || echo "What the tests need is installed first: a few minutes, once."
	@echo "Each part's report comes when it is done."
	@$(PARTS) --jobs=7 $(TOOLS) lint-python test-pythons test-model train-quick lint-browser test-modules \
		test-pages test-calls test-rooms test-doors test-others

test-all: ## Run the slow tests too
	$(MAKE) --no-print-directory test SELECT=

coverage: $(VENV)/.test $(TOOLS) ## Run every test and show which lines none reaches (slow)
	$(BIN)/coverage erase
	$(BIN)/coverage run --parallel-mode -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-calls: $(VENV)/.test $(TOOLS) ## Tests of whole calls with one server only
	$(PYTEST) $(CALLS)

test-rooms: $(VENV)/.test $(TOOLS) ## Tests of rooms, fleets, hosting and the demo only
	$(PYTEST) $(ROOMS)

test-doors: $(VENV)/.test $(TOOLS) ## Tests of media, commands, routes and clients only
	nice -n 5 $(PYTEST) $(DOORS)

test-pages: $(VENV)/.test $(TOOLS) ## Tests of the pages and the SDK in Chromium and Firefox only
	$(PYTEST) $(PAGES)

test-modules: $(VENV)/.tools ## Tests of the browser modules that touch no page only
	sh scripts/test_modules.sh

test-model: $(VENV)/.test ## Tests of the model, windows, scripted calls and benchmarks only
	nice -n 15 $(PYTEST) $(MODEL)

test-others: $(VENV)/.test $(VENV)/.tools ## All other tests: store, decision, audit, access, events
	nice -n 10 $(PYTEST) tests $(addprefix --ignore=,$(CALLS) $(ROOMS) $(DOORS) $(PAGES) $(MODEL))

test-pythons: $(VENV)/.test ## The pure tests on every other Python of 3.11 to 3.13 that is here
	sh scripts/other_pythons.sh $(if $(SELECT),,--all)

# So little is trained that threads would wait for each other by spinning most of the time.
train-quick: export OMP_NUM_THREADS = 1
train-quick: export OPENBLAS_NUM_THREADS = 1
train-quick: export TF_NUM_INTEROP_THREADS = 1
train-quick: export TF_NUM_INTRAOP_THREADS = 1
train-quick: export TF_CPP_MIN_LOG_LEVEL = 3
train-quick: $(VENV)/.test ## Train both systems on a small slice and use what came out
	nice -n 15 $(BIN)/python scripts/train_quick.py

lint: lint-python lint-browser ## Lint, format and type checks only

lint-python: $(VENV)/.test ## Those of Python only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-browser: $(TOOLS) ## Those of the browser code only
	sh scripts/lint_browser.sh

format: $(VENV)/.test ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: $(VENV)/.demo ## Write the list of modules and the contracts on the wire anew
	$(BIN)/python scripts/write_reference.py
	$(BIN)/python scripts/write_openapi.py
	$(BIN)/python -m stream_verifier.events.contract

tables: $(VENV)/.test ## Measure the model anew: its card and all pages about it (an hour and more)
	$(BIN)/python -m benchmarks.model_tables --pack $${STREAM_VERIFIER_DATA:-../shared/data}/dev $(if $(RUN),--run $(RUN))

weights: $(VENV)/.test ## Make the published towers again from the pinned packages
	$(BIN)/python -m model weights

constraints: ## Pin today's versions and the hashes of their files anew
	sh scripts/pin_constraints.sh

docker-steps: ## Try the Dockerfile's steps in a fresh Debian root (needs root and debootstrap)
	sh scripts/try_dockerfile.sh

clean: ## Remove the environment and all caches
	rm -rf $(VENV) .cache .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
