# Two commands cover everything: `make demo` and `make test`. Both need only git, make, some
# Python 3 and the package registries.
.DEFAULT_GOAL := help
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c

BIN := .venv/bin
# Checkouts that run at the same time need different ports: make demo CIVIC_PORT=4567
ifdef CIVIC_PORT
export CIVIC_PORT
endif
# Some set it, and each of our many processes would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

# ---------------------------------------------------------------- run

.PHONY: setup
setup: ## Create the environments from their lock files.
	@tools/bootstrap.sh app sam engine checkov

.PHONY: run-setup
run-setup:
	@tools/bootstrap.sh app sam engine

.PHONY: demo
demo: run-setup ## Set up, deploy, register a population, hold an election, reconcile. INPUT=people.csv for your own people.
	@$(BIN)/civic up
	@$(BIN)/civic demo $(if $(INPUT),--input "$(INPUT)")

.PHONY: up
up: run-setup ## Start the engine and deploy the stack.
	@$(BIN)/civic up

.PHONY: down
down: ## Stop the engine; its state is kept.
	@if [ -x $(BIN)/civic ]; then $(BIN)/civic down; fi

.PHONY: clean
clean: ## Stop the engine and remove its state and the built artefacts.
	@if [ -x $(BIN)/civic ]; then $(BIN)/civic down --erase; fi
	@rm -rf .civic .aws-sam

.PHONY: bench
bench: run-setup ## Measure; writes out/bench.json.
	@$(BIN)/civic bench

.PHONY: signer
signer: run-setup ## Create the environment that signs for `civic-monitor anchor`.
	@tools/bootstrap.sh anchor

# ---------------------------------------------------------------- check

# Sets are iterated in a different order in every run; a failure says how to repeat its order.
SEED := $(or $(PYTHONHASHSEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
unit changed test-deep: export PYTHONHASHSEED := $(SEED)

.PHONY: check
check: run-setup ## While you work: lint, and the unit tests nearest to what you changed. BASE=main
	@$(BIN)/python tools/side_by_side.py style types imports changed

# Lint and templates have one process each, so they share the cores.
.PHONY: test
test: setup ## Everything that must hold before a commit.
	@$(BIN)/python tools/side_by_side.py lint templates
	@$(MAKE) --no-print-directory unit engine

.PHONY: lint
lint: style types imports ## Style, types, and who may import whom.

.PHONY: style
style: run-setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: run-setup
	@$(BIN)/mypy

.PHONY: imports
imports: run-setup
	@$(BIN)/lint-imports

.PHONY: changed
changed: run-setup
	@tests="$$($(BIN)/python tools/changed_tests.py $(BASE))"; \
	if [ -z "$$tests" ]; then echo "no unit test is close to what changed"; else \
		$(BIN)/pytest -q -n auto -m "not deep" $$tests; \
	fi

.PHONY: unit
unit: run-setup ## Unit, contract and property tests.
	@$(BIN)/pytest -q -n auto -m "not deep" $(wildcard tests/unit tests/contract tests/property tests/fail_closed tests/privacy)

.PHONY: templates
templates: setup ## cfn-lint, checkov and AWS's reference of IAM, on the translated templates.
	@$(BIN)/python -m tools.check_templates

.PHONY: engine
engine: run-setup ## Tests against stacks of their own, in two engines in parallel.
	@$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not deep" tests/integration

.PHONY: test-deep
test-deep: setup mutation ## The slow, wide searches too; needs Node 20, npm and Go.
	@tools/bootstrap.sh anchor evm
	@.venvs/evm/bin/python tools/compile_contract.py --check
	@CIVIC_DEEP=1 $(BIN)/pytest -q -n auto tests/unit tests/contract tests/property tests/fail_closed -m "deep or not deep"
	@$(BIN)/pytest -q tests/interop
	@$(BIN)/pytest -q tests/integration

.PHONY: mutation
mutation: run-setup ## Break each guarantee on purpose and check that a test notices. SCOPE=cipher for one.
	@$(BIN)/python -m tests.mutation $(SCOPE)

# ---------------------------------------------------------------- change

.PHONY: fmt
fmt: run-setup ## Format, and fix what can be fixed safely.
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: generate
generate: run-setup ## Regenerate what is made from the code: schemas, events, OpenAPI.
	@$(BIN)/civic schemas

.PHONY: contract
contract: ## Recompile the contract of `civic-monitor anchor`.
	@tools/bootstrap.sh evm
	@.venvs/evm/bin/python tools/compile_contract.py

.PHONY: lock
lock: run-setup ## Recompile the lock files; make lock UPGRADE=1 for the newest versions.
	@tools/lock.sh $(if $(UPGRADE),--upgrade)

.PHONY: build
build: run-setup ## Build every stack for AWS: make build ENV=dev (or prod), then docs/operations.md.
	@$(BIN)/python -m civic.stack.build $(or $(ENV),dev)
