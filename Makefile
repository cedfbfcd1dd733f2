# Linkway. `make demo` and `make test` do all their own set-up; `make help` lists the rest.

NEW    := import sys; sys.exit(sys.version_info < (3, 11))
ifndef PYTHON
PYTHON := $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
            $$each -c '$(NEW)' 2>/dev/null && { echo $$each; break; }; done)
endif
BIN    := .venv/bin
READY  := .venv/.ready
RUN    := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help demo test keycloak check up bench faults lock contracts safety clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Start everything, play 1,000 journeys, stay up (ONCE=1 ends; PEOPLE=100 is quicker; DATA=folder uses your files)
	@$(BIN)/linkway demo $(if $(ONCE),--once) $(if $(PEOPLE),--people $(PEOPLE)) $(if $(DATA),--data "$(DATA)")

test: $(READY) ## Run all tests on real MongoDB and Kafka (ARGS="-k relay" picks some)
	@$(BIN)/pytest -n $(or $(WORKERS),auto) --dist loadgroup $(ARGS)

keycloak: $(READY) ## Test the realm on a real Keycloak from Maven Central (Java 17; some minutes)
	@LINKWAY_TEST_KEYCLOAK=$(or $(KEYCLOAK),maven) $(BIN)/pytest -n0 tests/deploy/test_keycloak.py $(ARGS)

check: $(READY) ## Style, types, import rules, lock file, published contracts, secrets, vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(RUN) deploy/lock.py --check
	@$(RUN) deploy/contracts.py --check
	@$(RUN) deploy/safety.py --check
	@$(RUN) deploy/access.py --check
	@$(RUN) deploy/scan.py

up: ## Start everything in Docker
	docker compose up --build

bench: $(READY) ## Measure beside yardsticks in one run, write docs/performance.md (an hour; ARGS=--short)
	@$(RUN) -m tests.bench.run $(ARGS)

faults: $(READY) ## Break every part under load, compare all, write docs/faults.md (hours; ARGS=--short)
	@$(RUN) -m tests.faults.run $(ARGS)

lock: $(READY) ## Renew requirements.txt from pyproject.toml
	@$(RUN) deploy/lock.py

contracts: $(READY) ## Renew the OpenAPI and AsyncAPI copies in docs/contracts, and docs/access.md
	@$(RUN) deploy/contracts.py
	@$(RUN) deploy/access.py

safety: $(READY) ## Renew docs/safety/hazard-log.md from hazards.toml
	@$(RUN) deploy/safety.py

clean: ## Remove the virtual environment and everything the demo left
	rm -rf .venv .linkway

$(READY): requirements.txt deploy/requirements-uv.txt pyproject.toml
	@$(or $(PYTHON),false) -c '$(NEW)' 2>/dev/null || { echo "Linkway needs Python 3.11 or newer, and found none$(if $(PYTHON), in $(PYTHON)). Install it, or name it with PYTHON=…"; exit 1; }
	@echo "Setting up a virtual environment in .venv (once) …"
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu install python3-venv."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/requirements-uv.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
