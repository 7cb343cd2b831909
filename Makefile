.DEFAULT_GOAL := help
.PHONY: help install demo up down logs seed test test-embedded fuzz faults bench lint format schemas lock clean

PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
INSTALLED := .venv/.installed
SQL := libs/migrations services/*/migrations

help: ## Show every target and what it does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Create .venv and install exactly what requirements.lock pins

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Comanda needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Set PYTHON=/path/to/python3."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

demo: $(INSTALLED) ## Start everything, play real conversations through it, and check what became of them
	@$(BIN)/comanda demo

up: $(INSTALLED) ## Start everything and keep it running until Ctrl-C
	@$(BIN)/comanda up

down: $(INSTALLED) ## End what `make up` started
	@$(BIN)/comanda down

logs: $(INSTALLED) ## Print the last lines of every log
	@$(BIN)/comanda logs

seed: $(INSTALLED) ## Give the running system two distributors with catalogs and customers
	@$(BIN)/comanda seed

test: $(INSTALLED) ## Run every test
	@$(BIN)/pytest --quiet

test-embedded: $(INSTALLED) ## Run the journeys on the embedded broker
	@COMANDA_BROKER=embedded $(BIN)/pytest --quiet tests/journeys

fuzz: $(INSTALLED) ## Send 100,000 mutated webhooks by all seven ways in: none may make ingest fail
	@COMANDA_FUZZ_EXAMPLES=100000 $(BIN)/pytest --quiet tests/ingest/test_fuzz.py

faults: $(INSTALLED) ## Kill and restart everything under load, five times, and account for every message
	@for round in 1 2 3 4 5; do $(BIN)/pytest --quiet tests/faults || exit 1; done

bench: $(INSTALLED) ## Measure, as ratios against plain baselines in the same run; JSON in .comanda/bench.json
	@$(BIN)/python -m tests.bench

lint: $(INSTALLED) ## Check style, types, import contracts, SQL and generated files
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --processes 2 $(SQL)
	@for file in $(wildcard libs/migrations/*.sql services/*/migrations/*.sql); do sed '/^-- migrate:down/,$$d' $$file | $(BIN)/squawk --stdin-filepath $$file || exit 1; done
	@$(BIN)/python -m schemas.generate --check

format: $(INSTALLED) ## Format and mend what can be mended
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

schemas: $(INSTALLED) ## Write schemas/json and schemas/asyncapi anew
	@$(BIN)/python -m schemas.generate

lock: ## Write requirements.lock, and requirements.runtime.lock for the image, anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --group dev --group local --generate-hashes --universal --no-header --no-annotate --python-version 3.11 --quiet --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --generate-hashes --universal --no-header --no-annotate --python-version 3.11 --quiet --constraints requirements.lock --output-file requirements.runtime.lock

clean: ## Remove .venv, local data and caches
	@rm -rf .venv .comanda .pytest_cache .ruff_cache .hypothesis .import_linter_cache
