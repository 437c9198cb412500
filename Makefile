# Everything a newcomer needs: `make run` and `make test`. Both set up what is missing first.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first Python that is new enough; override with `make PYTHON=/path/to/python3.12 …`.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
PY := $(VENV)/bin/python
# A stamp inside the environment: removing the environment removes the stamp with it.
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
ASSETS := portal/static/vendor/.stamp
CATALOGUES := $(VENV)/.catalogues
PO_FILES := $(wildcard portal/translations/*/LC_MESSAGES/*.po)
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --no-input

.PHONY: help run demo test check format lint types floors i18n matrix shots bench-dispatch bench-audience bench-portal bench-kill \
	bench-scale bench-latency bench-dkim bench-media prove-main-job faults lock clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) $(ASSETS) $(CATALOGUES) ## Set up what is missing and run the house until Ctrl-C
	@exec $(VENV)/bin/rundbrief up

demo: $(RUNTIME) $(ASSETS) $(CATALOGUES) ## Build the demo house in an empty installation
	@$(VENV)/bin/rundbrief demo

test: $(DEV) $(ASSETS) $(CATALOGUES) ## Everything: format, lint, floors, types, translations, tests, browser journeys
	@$(PY) tests/run.py

check: $(DEV) $(ASSETS) $(CATALOGUES) ## The quick part of it: without PostgreSQL and browser
	@$(PY) tests/run.py --quick

matrix: $(DEV) $(ASSETS) $(CATALOGUES) ## Every route against everybody who must not get through; one line of JSON last
	@$(PY) -m tests.matrix.run

format: $(DEV) ## Format the code and mend what the linter can
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

lint: $(DEV) ## Check format and lint
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .

types: $(DEV) ## Check the types
	@$(VENV)/bin/mypy

floors: $(DEV) ## Check who imports whom
	@$(VENV)/bin/lint-imports --show-timings

i18n: $(DEV) $(CATALOGUES) ## Compile the translations and list what has none
	@$(PY) -m portal.catalog check

bench-dispatch: $(DEV) ## Measure the sending path
	@$(PY) bench/dispatch.py

shots: $(DEV) $(ASSETS) $(CATALOGUES) ## Pictures of every page, and what is wrong with each
	@$(PY) bench/shots.py

bench-audience: $(DEV) $(ASSETS) $(CATALOGUES) ## Measure lists, segments, import and export with ROWS people
	@$(PY) bench/audience.py

bench-portal: $(DEV) $(ASSETS) $(CATALOGUES) ## Measure the portal's pages with 300 tenants, 2,000 people, 500 releases
	@$(PY) bench/portal_pages.py

prove-main-job: $(DEV) $(ASSETS) $(CATALOGUES) ## Send to 10,000 readers from the portal, hold every mail against two parsers and the ledger
	@$(PY) bench/prove_main_job.py

bench-media: $(DEV) $(ASSETS) $(CATALOGUES) ## Send PICTURES (200) pictures of 5 MB and 30 bombs to a running house
	@$(PY) bench/media.py

bench-dkim: $(DEV) ## Measure what a DKIM signature costs per mail
	@$(PY) bench/dkim.py

bench-kill: $(DEV) ## Kill the sender while it sends, count loss and duplicates
	@$(PY) bench/kill.py

bench-scale: $(DEV) ## Send to ten thousand, a hundred thousand and a million people
	@$(PY) bench/scale.py

bench-latency: $(DEV) ## Send to servers 10 and 50 ms away, beside nodemailer
	@$(PY) bench/latency.py

faults: $(DEV) $(ASSETS) $(CATALOGUES) ## Break everything that sending depends on, with full numbers, on both databases
	@FULL=1 $(PY) tests/faults/run.py

UV := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --generate-hashes
lock: $(DEV) ## Resolve the dependencies again and write the lock files
	@$(UV) --upgrade pyproject.toml --extra scale --extra fast -o requirements.lock
	@$(UV) --upgrade pyproject.toml --extra scale --extra fast --group dev -c requirements.lock -o requirements-dev.lock
	@$(UV) --upgrade --group build -c requirements.lock -o requirements-build.lock
	@$(UV) --upgrade --group node -o requirements-node.lock

clean: ## Remove everything generated; keeps instance/
	@rm -rf $(VENV) assets/node_modules portal/static/vendor build dist *.egg-info
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov test-results
	@find portal/translations -name messages.mo -delete
	@find . -name __pycache__ -prune -exec rm -rf {} +

$(PY):
	@test -n "$(PYTHON)" || { echo "Rundbrief needs Python 3.11 or newer."; exit 1; }
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null; \
		else echo "Python's venv is missing: sudo apt-get install python3-venv"; exit 1; fi; fi
	@echo "Setting up the Python environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock requirements-build.lock pyproject.toml | $(PY)
	@echo "Installing what Rundbrief runs on …"
	@$(PIP_INSTALL) --require-hashes -r requirements.lock -r requirements-build.lock
	@command -v npm >/dev/null || $(PIP_INSTALL) --require-hashes -r requirements-node.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing what the tests need …"
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(ASSETS): assets/package.json assets/package-lock.json assets/files.txt assets/icons.txt hatch_build.py $(RUNTIME)
	@$(PY) hatch_build.py && touch $@

$(CATALOGUES): $(PO_FILES) portal/catalog.py $(RUNTIME)
	@$(PY) -m portal.catalog && touch $@
