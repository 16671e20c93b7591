# The one source of commands: people and the CI call these and nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin

# The newest Python that the project supports. `make setup PYTHON=/path/to/python` names another.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo "$$name"; break; }; done)

# uv installs faster where it is at hand; `make setup UV=` does without it.
UV ?= $(shell uv --version >/dev/null 2>&1 && echo uv)

# Wheels with known hashes only: no code of a dependency runs while it is installed.
FROM_LOCK := --require-hashes --only-binary :all:
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
ifneq ($(UV),)
INSTALL := install() { $(UV) pip install --quiet --python $(BIN)/python "$$@" \
	|| { echo "uv could not install; trying pip ..." >&2; $(PIP) "$$@"; }; }; install
else
INSTALL := $(PIP)
endif

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --no-emit-index-url --no-emit-find-links

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(VENV)/.setup ## Make .venv with what the service needs, from the lock files

$(VENV)/.setup: requirements/runtime.txt requirements/build.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11, 3.12 or 3.13 found (Debian: apt-get install python3 python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 \
		|| $(PYTHON) -m venv --clear $(VENV) \
		|| { echo "make: $(PYTHON) cannot make a virtual environment (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing the locked requirements into $(VENV) ..."
	@$(INSTALL) $(FROM_LOCK) -r requirements/runtime.txt -r requirements/build.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup-dev
setup-dev: $(VENV)/.setup-dev ## Add what the checks and the tests need

$(VENV)/.setup-dev: $(VENV)/.setup requirements/dev.txt clients/python/pyproject.toml
	@echo "Installing the locked development requirements into $(VENV) ..."
	@$(INSTALL) $(FROM_LOCK) -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable clients/python
	@touch $@

.PHONY: demo
demo: setup ## Score the example cases on the embedded judge: no key, no GPU, no network
	@$(BIN)/python examples/demo.py

.PHONY: demo-calibration
demo-calibration: setup ## Report on the calibration study that ships: verdicts, a page, a map, a swap
	@$(BIN)/python examples/demo_calibration.py

.PHONY: demo-client
demo-client: setup-dev ## Take a scripted model through a data set, kill the run, go on: tables and a page
	@$(BIN)/python examples/demo_client.py

.PHONY: serve
serve: setup ## Serve the API on 127.0.0.1, port PORT (8080)
	@exec $(BIN)/judge-service serve --host 127.0.0.1 --port $(PORT)

# Most tests wait more than they compute: four workers keep two cores busy, with one BLAS thread each. What looks at the
# clock comes after them, two at a time, for it waits nearly all of its time. Coverage makes the tests half as slow again,
# so it is counted where COVERAGE is set, as in the CI; the second run closes its account.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --dist worksteal
COVERAGE ?=
.PHONY: test
test: redis typescript lint types layers ## Everything the CI asks for: style, types, layers, tests; COVERAGE=1 counts coverage
	@$(PYTEST) $(if $(COVERAGE),--cov --cov-report= --cov-fail-under=0,--no-cov) -m "not clocked" -n 4
	@$(PYTEST) $(if $(COVERAGE),--cov --cov-append,--no-cov) -m clocked -n 2 --ignore tests/calibration

.PHONY: test-local
test-local: setup-dev ## Serve tiny models with a real vLLM (installed into .venv-local) and score through it
	@PYTHON=$(PYTHON) .ci/vllm .venv-local
	@JUDGE_SERVICE_TEST_LOCAL=.venv-local $(BIN)/python -m pytest --no-cov -p no:cacheprovider -s tests/local

.PHONY: test-faults
test-faults: setup-dev redis ## Kill, freeze and cut off real workers, servers and a Redis, for 25 minutes
	@JUDGE_SERVICE_TEST_FAULTS=1 $(BIN)/python -m pytest --no-cov -p no:cacheprovider -s tests/faults $(ARGS)

.PHONY: test-ray
test-ray: setup-dev ## Score files on a real local Ray (installed into .venv-ray), 20,653 rows and a killed run among them
	@PYTHON=$(PYTHON) UV=$(UV) .ci/ray .venv-ray
	@JUDGE_SERVICE_TEST_RAY=.venv-ray $(BIN)/python -m pytest --no-cov -p no:cacheprovider tests/ray_engine

.PHONY: test-typescript
test-typescript: setup-dev ## Build the TypeScript client (needs node and npm), pack it and run its tests before a service
	@.ci/typescript --must
	@$(BIN)/python -m pytest --no-cov tests/clients/test_typescript.py

.PHONY: typescript
typescript: ## Install the TypeScript compiler for the tests where there is node
	@.ci/typescript

.PHONY: test-hooks
test-hooks: setup-dev ## Score evaluations of the real Inspect AI, lm-eval, DeepEval, MLflow (under .venv-hooks)
	@PYTHON=$(PYTHON) UV=$(UV) .ci/hooks .venv-hooks
	@JUDGE_SERVICE_TEST_HOOKS=.venv-hooks $(BIN)/python -m pytest --no-cov -p no:cacheprovider tests/hooks

.PHONY: lint
lint: setup-dev ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: setup-dev ## Check types
	$(BIN)/mypy

.PHONY: layers
layers: setup-dev ## Check who may import whom
	$(BIN)/lint-imports

.PHONY: redis
redis: ## Install redis-server for the tests where there is none
	@.ci/redis

.PHONY: fmt
fmt: setup-dev ## Put the source in order
	$(BIN)/ruff check --fix-only --exit-zero .
	$(BIN)/ruff format .

.PHONY: rubrics
rubrics: setup ## Write the rubric files' schema and digests anew
	$(BIN)/judge-service rubrics digest --write

# The service's own document first, for the clients are made from it.
.PHONY: client
client: setup-dev ## Write the clients' models anew, from the service's OpenAPI document
	@$(BIN)/judge-service openapi > docs/openapi.json
	@$(BIN)/python clients/python/generate_models.py docs/openapi.json \
		| $(BIN)/ruff format --stdin-filename clients/python/judge_client/models.py - > $(VENV)/models.py
	@mv $(VENV)/models.py clients/python/judge_client/models.py
	@$(BIN)/python clients/python/generate_typescript.py docs/openapi.json > $(VENV)/models.ts
	@mv $(VENV)/models.ts clients/typescript/src/models.ts

.PHONY: bench
bench: setup-dev ## Time cold scores beside a plain loop; ARGS are passed on
	@$(BIN)/python benchmarks/cold_scores.py $(ARGS)

.PHONY: bench-jobs
bench-jobs: setup-dev redis ## Time a job of 50,000 items beside a plain loop; ARGS are passed on
	@$(BIN)/python benchmarks/job_load.py $(ARGS)

.PHONY: bench-calibration
bench-calibration: setup-dev ## Time a calibration report beside a loop over libraries; ARGS are passed on
	@$(BIN)/python benchmarks/calibration_report.py $(ARGS)

# The extra `local` is in no lock: vLLM asks for an older fastapi, and brings PyTorch with it.
.PHONY: lock
lock: ## Resolve the lock files anew (needs uv)
	@test -n "$(UV)" || { echo "make: lock needs uv" >&2; exit 1; }
	$(COMPILE) --upgrade pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --upgrade --extra embeddings --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	$(COMPILE) --upgrade --extra ray -c requirements/runtime.txt -c requirements/dev.txt pyproject.toml -o requirements/ray.txt
	$(COMPILE) --upgrade -c requirements/runtime.txt -c requirements/dev.txt requirements/build.in -o requirements/build.txt

.PHONY: clean
clean: ## Remove everything that was made here
	rm -rf clients/typescript/dist clients/typescript/build clients/typescript/node_modules
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
