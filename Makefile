# README's two commands are `make demo` and `make test`; each installs what it needs by itself.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Listen address of the demo's page.
LISTEN ?= 127.0.0.1:9108
WORKERS ?= 2

.PHONY: demo test check bench chaos audit docs lock install install-dev services dashboards schema clean

demo: install  ## the whole product on a simulated shop: no keys, no configuration, no services
	$(BIN)/bidder demo --listen $(LISTEN) $(DEMO)

test: install-dev services check  ## installs what the tests need, runs the gates, then every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --cov --cov-report= $(TESTS)
	$(BIN)/coverage report --include='$(CORE)' --fail-under=95 --skip-covered --show-missing

# Everything from `decide` downwards: the pure core, whose branch coverage by its own tests is a gate.
CORE := bidder/decide.py,bidder/guard/*,bidder/rules/*,bidder/optimizer/*,bidder/response/*,bidder/plan.py,bidder/outcome.py,bidder/reports.py,bidder/exposure.py,bidder/snapshot.py,bidder/limits.py,bidder/performance.py,bidder/activity.py,bidder/catalog.py,bidder/economics.py,bidder/account_day.py,bidder/money.py,bidder/ids.py,bidder/errors.py,bidder/written.py

check: install-dev  ## the gates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

bench: install-dev  ## speeds and qualities, as ratios within one run
	$(BIN)/python -m bench.all

chaos: install-dev  ## the long runs: kills, faults, soak
	$(BIN)/python -m pytest -m chaos --timeout 3600 $(TESTS)

audit: install-dev  ## known vulnerabilities of what is locked; fails when nothing could be audited (no network)
	$(BIN)/python tools/audit.py

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV) || { tools/install-debian.sh python3-venv && $(PYTHON) -m venv $(VENV); }
	touch $@

$(VENV)/.installed: $(VENV)/.created requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

services:  ## Debian packages of the real services that tests talk to
	tools/install-debian.sh postgresql prometheus prometheus-alertmanager mosquitto systemd chromium fonts-noto-cjk

# Extras stay in the names: pip of Python 3.11 else looks for `coverage[toml]` in the newest coverage, which has no hash here.
lock: install-dev  ## rewrites the locked dependencies (needs uv); the files name no index
	uv pip compile pyproject.toml --generate-hashes --no-strip-extras --no-header --no-emit-index-url --universal --python-version 3.11 -o requirements.lock
	uv pip compile pyproject.toml --extra cluster -c requirements.lock --no-annotate --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 -o deploy/requirements.lock
	uv pip compile pyproject.toml --extra dev --generate-hashes --no-strip-extras --no-header --no-emit-index-url --universal --python-version 3.11 -o requirements-dev.lock

docs: install-dev  ## builds the documentation as a site, zh and en, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

dashboards: install-dev  ## writes dashboards/*.json anew
	$(BIN)/python -m dashboards.build

schema: install-dev  ## writes config/schema/*.json and docs/rules*.md anew
	$(BIN)/bidder schema --write config/schema
	$(BIN)/python -m bidder.config.reference docs

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
