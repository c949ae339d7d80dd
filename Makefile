# `make help` lists what can be asked for. Everything happens in .venv; nothing of the machine is changed but by
# `make test`, which installs the Debian packages its tests need when it may (as root, on Debian).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test sure format bench chaos migration lock catalogues debian clean

help:  ## list these
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.run: requirements/run.txt pyproject.toml
	@echo "Installing what Sahut needs to run (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements/run.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

run: $(VENV)/.run  ## start everything here: PostgreSQL, Valkey, web, relay, worker, lab (Ctrl-C ends it)
	@$(BIN)/sahut up

debian:  ## the Debian packages of the tests (browser, gateways), where they are missing and may be installed
	@tools/debian-packages chromium kannel kannel-extras gammu gammu-smsd postfix dovecot-imapd dovecot-lmtpd dovecot-sieve clamav-daemon libmagic1 curl swaks faketime

test: $(VENV)/.dev debian  ## all tests, and `sure`
	@tools/node-packages
	@$(MAKE) --no-print-directory sure
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

sure: $(VENV)/.dev  ## what reads the code without running it: ruff, mypy, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

format: $(VENV)/.dev  ## put the code in its form
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(VENV)/.dev  ## the measured promises (minutes)
	@for f in bench/[a-z]*.py; do echo "== $$f"; $(BIN)/python -m bench.$$(basename $$f .py); done

chaos: $(VENV)/.dev debian  ## a thousand blows while citizens write; proves that nothing is lost or said twice (an hour)
	@$(BIN)/python -m tests.chaos

migration: $(VENV)/.dev  ## a new migration from the tables: make migration m="why"
	@$(BIN)/python tools/new_migration.py "$(m)"

catalogues: $(VENV)/.dev  ## gather the sentences, compile the translations
	@$(BIN)/python tools/catalogues.py

lock: $(VENV)/.dev  ## pin the newest versions, with hashes
	@$(BIN)/pip install --quiet uv
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate -o requirements/run.txt --upgrade
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate -c requirements/run.txt -o requirements/dev.txt --upgrade
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q pyproject.toml --extra bench --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate -c requirements/run.txt -o requirements/bench.txt --upgrade
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q pyproject.toml --extra traces --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate -c requirements/run.txt -o requirements/traces.txt --upgrade

clean:  ## remove what was installed and built here; the data folder stays
	@rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
