# One command each. A bare machine needs python3 (3.11 or newer, with pip and venv), make and git.
# Everything is installed inside this folder (.venv, .tools); `make clean` removes it.

PYTHON ?= python3
JOBS ?= 3
BROWSER ?= 1
PEERS ?= .tools/peers
BIN := .venv/bin

ifeq ($(BROWSER),1)
SYSTEM := test
AND_BROWSER :=
else
SYSTEM := run
AND_BROWSER := and not browser
endif

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests setup-bench demo test test-slow lint format bench bench-features bench-models bench-api bench-lists bench-scenario screenshots docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## create or update .venv from uv.lock (nothing to do: a fraction of a second)
	@$(PYTHON) scripts/bootstrap.py
	@$(PYTHON) scripts/system_packages.py run

setup-tests: setup
	@$(PYTHON) scripts/system_packages.py $(SYSTEM)

setup-bench: setup
	@$(PYTHON) scripts/system_packages.py bench

demo: setup ## a synthetic France, from raw facts to the web pages (DEMO="--structures 2000 --no-serve")
	@$(BIN)/veille demo $(DEMO)

# Three workers for two cores: one works while another waits for a server, a browser or the disk.
# In the order of the folders: files of few tests, which are the long ones, would all come last
test: setup-tests ## all tests but the slow ones (BROWSER=0: without Chromium; ARGS="-k lake")
	$(BIN)/pytest -m "not slow $(AND_BROWSER)" -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: setup-tests ## statistical, fault and scale suites
	$(BIN)/pytest -m "slow $(AND_BROWSER)" $(ARGS)

lint: setup ## style, types, floors, completeness of the documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.check_docs

format: setup ## rewrite the code in the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: bench-features ## the feature job beside SQL by hand, pandas and a compiled kernel
bench-features: setup-tests ## the same (ARGS="--structures 1000000", "--scale", "--quarter")
	$(BIN)/python -m benchmarks $(ARGS)

bench-models: setup-tests ## reasons beside shap, a fit beside LightGBM alone (ROWS=200000: rows of the fit)
	$(BIN)/python -m benchmarks.reasons
	$(BIN)/python -m benchmarks.training --whole $(if $(ROWS),--rows $(ROWS))

bench-api: setup-bench ## live scoring beside a constant answer, MLflow, MLServer, BentoML (PEERS=: without the last two)
	$(BIN)/python -m benchmarks.api $(if $(PEERS),--peers $(PEERS)) $(ARGS)

bench-scenario: setup ## a what-if cut beside the same by hand (ARGS="--structures 100000")
	$(BIN)/python -m benchmarks.scenario $(ARGS)

bench-lists: setup-bench ## 1.5 million invented structures served: lists, start, memory
	$(BIN)/python -m benchmarks.lists $(ARGS)

screenshots: setup-tests ## pictures of the pages, from a demo served for the occasion
	$(BIN)/python -m scripts.screenshots $(SHOTS)

docs: setup ## rewrite the generated pages of docs/
	$(BIN)/python -m scripts.check_docs --write

clean: ## remove the environment, the tools and the caches (not var/, which holds your data)
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
