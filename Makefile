# Recourse: ten verbs, the same for people and for CI. `make` lists them.
# Written for GNU make 3.81, which macOS still ships.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

# Always by way of the interpreter: the scripts beside it break when the folder moves.
PYTHON := .venv/bin/python
# pytest workers. The parts they share (PostgreSQL, RabbitMQ) are started once.
WORKERS ?= 2
# Further arguments: make demo ARGS="--port 9000", make test ARGS="-k lifecycle"
ARGS ?=
LOCK := .venv/bin/uv pip compile --quiet --upgrade pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url

export PYTHONUNBUFFERED := 1

.PHONY: help run demo test check fmt bench faults migrate compose clean lock env-run env-dev parts

help: # list the verbs
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: env-run ## start everything on this machine: three services, their database and broker
	@exec $(PYTHON) -m services run $(ARGS)

demo: env-run ## a day at a complaints desk, in a minute, in the terminal
	@exec $(PYTHON) -m services demo $(ARGS)

test: check parts ## check, then run every test against real PostgreSQL, RabbitMQ and SMTP
	@exec $(PYTHON) -m pytest -n $(WORKERS) $(ARGS)

check: env-dev ## lint, format, types and import rules; changes no file
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --check --quiet . || { echo "Not in the house format: run 'make fmt'." >&2; exit 1; }
	@$(PYTHON) -m mypy --no-error-summary
	@$(PYTHON) -c 'from importlinter.cli import lint_imports_command as lint; lint(["--no-logo", "--no-cache"])'

fmt: env-dev ## put every file into the house format
	@$(PYTHON) -m ruff check --fix --quiet . || true
	@$(PYTHON) -m ruff format .

bench: env-dev parts ## measure, as ratios that compare between machines
	@exec $(PYTHON) -m benchmarks $(ARGS)

faults: env-dev parts ## kill, pause and cut everything while customers file disputes
	@exec $(PYTHON) -m tests.faults $(ARGS)

migrate: env-run ## bring the schema of RECOURSE_DATABASE_URL up to date
	@exec $(PYTHON) -m services migrate $(ARGS)

compose: ## build the image and start the production shape with Docker Compose
	@docker compose version >/dev/null 2>&1 || { echo "Docker Compose is not installed here; it is a plugin of Docker." >&2; exit 1; }
	@test -f .env || { echo "First copy .env.example to .env and fill in its secrets." >&2; exit 1; }
	@exec docker compose up --build --wait $(ARGS)

clean: ## remove the virtual environment, the caches and all local data
	@find var -type l -lname '/var/*/recourse-embedded/*' -exec sh -c 'rm -rf "$$(readlink "$$1")"' clean {} \; 2>/dev/null || true
	@rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Not for every day: pin the newest versions that pyproject.toml allows.
lock: env-dev
	@$(LOCK) -o locks/run.txt
	@$(LOCK) --group dev -o locks/dev.txt

env-run:
	@./scripts/environment.sh run

env-dev:
	@./scripts/environment.sh dev

parts: env-dev
	@$(PYTHON) -m tests.parts.prepare
