# Verbs: demo, test, lint, build, bench, clean. Everything they need is installed into .venv and js/node_modules;
# Chromium comes from the distribution's packages.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WIDGET := execmon_lab/widgets/static/widget.js
JS_SOURCES := $(shell find js/src -type f) js/package.json js/package-lock.json js/tsconfig.json js/build.mjs
LAB_FLAGS := --ip=127.0.0.1 --log-level=WARN $(if $(filter 0,$(shell id -u)),--allow-root)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-python test-js test-notebooks test-browser lint lint-python lint-js lint-wheel build notebooks bench clean

help:
	@echo "make demo    JupyterLab on the quickstart notebook, which runs a plan on a virtual phone"
	@echo "make test    all tests: Python, TypeScript, notebooks, browser"
	@echo "make lint    ruff, mypy, tsc, and the built wheel in a fresh environment"
	@echo "make build   the wheel and the source distribution, in dist/"
	@echo "make notebooks  run the notebooks and store the outputs that the tests check"
	@echo "make bench   the benchmarks, each with its ratios"
	@echo "make clean   take away all that was built or installed here"

# --- Environments ---

$(VENV)/python.ok: pyproject.toml | $(WIDGET)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "python3 cannot make environments here: install python3-venv (apt-get install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	@# The front end is built already; the build hook would install npm's packages anew, by a lock file of its own.
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --editable '.[test,lint,build,bench]'
	@touch $@

js/node_modules/js.ok: js/package.json js/package-lock.json
	@command -v node >/dev/null || { echo "Node 20 or newer is needed: install nodejs and npm" >&2; exit 1; }
	@node -e 'if (+process.versions.node.split(".")[0] < 20) { console.error("Node 20 or newer is needed, this is " + process.version); process.exit(1) }'
	npm --prefix js ci --no-audit --no-update-notifier --no-fund --loglevel=error
	@touch $@

$(WIDGET): $(JS_SOURCES) js/node_modules/js.ok
	npm --prefix js run --silent build
	@touch $@

# The browser: Debian's own package, installed where that is allowed, asked for where it is not.
$(VENV)/chromium.ok: | $(VENV)/python.ok
	@command -v chromium >/dev/null || { \
		echo "installing Chromium from the distribution's packages"; \
		as_root=$$( [ $$(id -u) = 0 ] || echo "sudo -n" ); \
		$$as_root apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null; \
	} || { echo "The browser tests need Chromium: apt-get install chromium" >&2; exit 1; }
	@touch $@

# --- Verbs ---

demo: $(VENV)/python.ok $(WIDGET)
	@$(BIN)/execmon-lab lab --folder notebooks $(LAB_FLAGS)

# Both mostly wait, and share nothing: side by side they take little more than the longer one.
test: test-js test-notebooks
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=line test-python test-browser

test-python: $(VENV)/python.ok $(WIDGET) $(VENV)/chromium.ok
	$(BIN)/python -m pytest -q --ignore tests/browser

test-js: js/node_modules/js.ok
	npm --prefix js test --silent

test-notebooks: $(VENV)/python.ok $(WIDGET)
	$(BIN)/python -m pytest -q --nbval-lax --nbval-cell-timeout=120 --nbval-kernel-name=python3 notebooks

test-browser: $(VENV)/python.ok $(WIDGET) $(VENV)/chromium.ok
	$(BIN)/python -m pytest -q tests/browser

lint: lint-python lint-js lint-wheel

lint-python: $(VENV)/python.ok
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lint-js: js/node_modules/js.ok
	npm --prefix js run --silent check

lint-wheel: build
	$(BIN)/python tests/check_wheel.py dist/*.whl

build: $(VENV)/python.ok $(WIDGET)
	rm -rf dist
	@said=$$($(BIN)/python -m build --outdir dist . 2>&1) || { echo "$$said" >&2; exit 1; }
	@ls dist

notebooks: $(VENV)/python.ok $(WIDGET)
	$(BIN)/python tests/store_outputs.py notebooks/*.ipynb

bench: $(VENV)/python.ok $(WIDGET)
	@status=0; for bench in tests/benchmarks/bench_*.py; do \
		echo "== $$bench"; $(BIN)/python $$bench || status=1; done; exit $$status

clean:
	rm -rf $(VENV) js/node_modules execmon_lab/widgets/static execmon_lab/server/static/page.* dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .screenshots
