# make run     a demo site at http://127.0.0.1:8000/ (Ctrl-C stops it)
# make test    all checks and tests
# make help    the rest
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
SITE ?= site
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PYTEST ?=
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
STAMP := $(VENV)/.installed
CHECKED := core plugins tests bench scripts hatch_build.py

.PHONY: help run test lint format lock bench messages clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

run: $(STAMP) $(SITE)/plugdesk.toml ## serve a demo site from this checkout
	@if [ -f $(SITE)/SAMPLES.txt ]; then cat $(SITE)/SAMPLES.txt; fi
	$(VENV)/bin/plugdesk serve --site $(SITE)

$(SITE)/plugdesk.toml: | $(STAMP)
	$(VENV)/bin/plugdesk demo --site $(SITE) >/dev/null

test: $(STAMP) ## lint, then every test; PYTEST="-k word" passes arguments on
	@scripts/system-packages
	@$(MAKE) lint
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadscope $(PYTEST)

lint: $(STAMP) ## ruff and mypy over everything
	$(VENV)/bin/ruff check $(CHECKED)
	$(VENV)/bin/ruff format --check $(CHECKED)
	$(VENV)/bin/mypy
	@for plugin in $(PLUGINS); do \
	    echo "mypy $$plugin"; MYPYPATH=$$plugin $(VENV)/bin/mypy $$plugin || exit 1; \
	done

format: $(STAMP) ## let ruff put the layout right
	$(VENV)/bin/ruff check --fix $(CHECKED)
	$(VENV)/bin/ruff format $(CHECKED)

# The editable installs also fetch the browser libraries, if they are not there yet.
$(STAMP): requirements.lock package-lock.json hatch_build.py pyproject.toml $(PLUGINS:=/pyproject.toml)
	@scripts/venv $(PYTHON) $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e . $(PLUGINS:%=-e %)
	@touch $@

lock: ## resolve the requirements again; LOCK=--upgrade takes the newest of everything
	@scripts/venv $(PYTHON) .cache/lock
	.cache/lock/bin/python -m pip install --quiet --upgrade uv
	.cache/lock/bin/python scripts/lock.py $(LOCK)

bench: $(STAMP) ## measure; not part of the tests
	$(VENV)/bin/python bench/wsgi_servers.py

messages: $(STAMP) ## gather texts for translation into every messages.po
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" scripts/messages

clean: ## remove all that the other targets made, except the site
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build node_modules
	rm -rf core/plugdesk/static/vendor
	find core plugins tests bench scripts -name __pycache__ -prune -exec rm -rf {} +
