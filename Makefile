# What a developer does here, a line each. Everything happens in .venv, made on first use.
#
# A target's environment is made once: its stamp is newer than pyproject.toml afterwards, and the
# second run needs no network.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 5000
DIST ?= dist

.PHONY: help demo test test-all check types lint project docs wheel coverage soak api-checks bench bench-one bench-reload bench-wire cluster calls instructions instructions-quick conformance upstream differential lowest lowest-all clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 16

$(VENV)/made: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 ...")'
	@echo "1 of 3: creating the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "2 of 3: updating pip"
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@echo "3 of 3: installing this package and what it needs"
	@$(BIN)/python -m pip install --editable '.[asgi,dotenv]'
	@touch $@

$(VENV)/made-test: $(VENV)/made
	$(BIN)/python -m pip install --quiet --group test
	touch $@

$(VENV)/made-lint: $(VENV)/made-test
	$(BIN)/python -m pip install --quiet --group lint
	touch $@

$(VENV)/made-api-checks: $(VENV)/made-test
	$(BIN)/python -m pip install --quiet --group api-checks
	touch $@

$(VENV)/made-cluster: $(VENV)/made
	$(BIN)/python -m pip install --quiet --group cluster
	touch $@

$(VENV)/made-docs: $(VENV)/made-test
	$(BIN)/python -m pip install --quiet --group docs
	touch $@

demo: $(VENV)/made  ## serve examples/hello on http://localhost:5000
	@echo "Serving examples/hello on http://localhost:$(PORT) - stop with Ctrl-C"
	@$(BIN)/flask --app examples/hello/app.py run --port $(PORT)

test: $(VENV)/made-test  ## the core test suite: each test takes less than a second
	$(BIN)/python -m pytest

test-all: $(VENV)/made-test  ## the whole test suite, with the tests that start servers
	$(BIN)/python -m pytest -m ""

check: lint types project  ## what CI asks beside the tests

lint: $(VENV)/made-lint  ## ruff, the layers of imports, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/codespell .

types: $(VENV)/made-lint  ## mypy, and the applications of tests/type_check under mypy and pyright
	$(BIN)/mypy
	$(BIN)/mypy --strict benchmarks/run.py benchmarks/startup.py benchmarks/calls.py benchmarks/instructions.py benchmarks/wire.py benchmarks/reload.py benchmarks/profile_steps.py conformance/run.py
	$(BIN)/python -m pytest -m "" tests/type_check

project: $(VENV)/made-test  ## the rules of CONTRIBUTING.md, as tests
	$(BIN)/python -m pytest tests/project

docs: $(VENV)/made-docs  ## the documentation site, in .cache/docs/html; warnings are errors
	mkdir -p .cache/docs/source
	$(BIN)/sphinx-build -q -W --keep-going -c docs .cache/docs/source .cache/docs/html
	@echo "Open .cache/docs/html/index.html"

wheel: $(VENV)/made  ## the wheel that you install elsewhere, in dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir $(DIST) .
	@ls $(DIST)/flask-*.whl

coverage: $(VENV)/made-test  ## the whole test suite again: which lines and branches it reaches
	$(BIN)/coverage run -m pytest -m ""
	$(BIN)/coverage report --skip-covered --show-missing --fail-under=95

soak: $(VENV)/made-test  ## 50,000 requests of each kind, and the memory that they leave behind
	$(BIN)/python -m pytest -m "" tests/lifecycle/test_garbage.py --requests 50000

# The application of examples/shop_api is checked; API_APP=module:app checks another one. Chromium and
# npm are used if they are installed.
api-checks: API_APP ?= checked_shop:app
api-checks: $(VENV)/made-api-checks  ## documents and docs page of flask.api with other tools
	API_CHECKS=1 API_CHECKS_APP=$(API_APP) $(BIN)/python -m pytest -m "" tests/api/checks tests/api/test_document.py tests/api/test_document_inputs.py tests/api/test_document_answers.py tests/api/test_security.py

calls: $(VENV)/made  ## function calls of each benchmark workload against the recorded ones
	$(BIN)/python benchmarks/calls.py --here --check benchmarks/calls.json --tolerance 1.3

instructions: $(VENV)/made-test  ## machine instructions of each benchmark workload; needs valgrind
	$(BIN)/python benchmarks/instructions.py --check benchmarks/results/instructions.json
	$(BIN)/python benchmarks/instructions.py --asgi --check benchmarks/results/instructions.json
	$(BIN)/python benchmarks/instructions.py --realistic --check benchmarks/results/instructions.json

QUICK = hello,param,post_json
instructions-quick: $(VENV)/made  ## three of the workloads, in two minutes
	$(BIN)/python benchmarks/instructions.py --only $(QUICK) --check benchmarks/results/instructions.json
	$(BIN)/python benchmarks/instructions.py --asgi --only $(QUICK) --check benchmarks/results/instructions.json

# Results have this behind their names; those of the first Python have nothing.
SUFFIX ?=
OTHER_PYTHON ?= python3.13

bench: bench-one  ## time this package beside its peers, on WSGI and on ASGI, on two Pythons
	@if version=$$($(OTHER_PYTHON) -c 'import sys, venv; print("%d.%d" % sys.version_info[:2])'); then \
	    $(MAKE) bench-one PYTHON=$(OTHER_PYTHON) VENV=.cache/python$$version SUFFIX=-$$version; \
	else echo "$(OTHER_PYTHON) does not run: nothing is timed on it"; fi

bench-one: $(VENV)/made
	$(BIN)/python benchmarks/run.py --json benchmarks/results/cycle$(SUFFIX).json --markdown benchmarks/results/cycle$(SUFFIX).md
	$(BIN)/python benchmarks/run.py --asgi --json benchmarks/results/asgi$(SUFFIX).json --markdown benchmarks/results/asgi$(SUFFIX).md
	$(BIN)/python benchmarks/run.py --typed --json benchmarks/results/typed$(SUFFIX).json --markdown benchmarks/results/typed$(SUFFIX).md
	$(BIN)/python benchmarks/run.py --typed --asgi --json benchmarks/results/typed-asgi$(SUFFIX).json --markdown benchmarks/results/typed-asgi$(SUFFIX).md
	$(BIN)/python benchmarks/profile_steps.py --markdown benchmarks/results/steps$(SUFFIX).md
	$(BIN)/python benchmarks/profile_steps.py --asgi --markdown benchmarks/results/steps-asgi$(SUFFIX).md
	$(BIN)/python benchmarks/startup.py --json benchmarks/results/startup$(SUFFIX).json --markdown benchmarks/results/startup$(SUFFIX).md

bench-reload: $(VENV)/made  ## time from a save to the first answer, beside uvicorn and official Flask
	$(BIN)/python benchmarks/reload.py --markdown benchmarks/results/reload.md

bench-wire: $(VENV)/made  ## requests per second over the loopback interface; needs wrk
	$(BIN)/python benchmarks/wire.py --markdown benchmarks/results/wire.md

cluster: $(VENV)/made-cluster  ## three nodes, nginx, Redis and Celery, and what is lost if machines fail
	$(BIN)/python examples/cluster/run.py --install --markdown benchmarks/results/cluster.md

conformance: $(VENV)/made  ## other people's test suites, with official Flask and with this package
	$(BIN)/python conformance/run.py

# The oldest releases that pyproject.toml admits, each as "name==version".
OLDEST = $$($(BIN)/python -c "import tomllib; \
    project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
    print(*(name.replace('>=', '==') for name in project['dependencies']))")

# Left out there: two facts of click 8.2.
NEWER_CLICK = --deselect tests/cli/test_script_info.py::test_teardown_runs_after_the_command_and_gets_its_error \
    --deselect 'tests/cli/test_groups.py::TestHelp::test_the_applications_commands_are_listed[args1-painter]'

.cache/lowest/made: pyproject.toml $(VENV)/made
	$(PYTHON) -m venv .cache/lowest
	.cache/lowest/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.cache/lowest/bin/python -m pip install --quiet --group test --editable . $(OLDEST)
	touch $@

lowest: .cache/lowest/made  ## the core test suite again, on the oldest dependencies
	.cache/lowest/bin/python -m pytest $(NEWER_CLICK)

lowest-all: .cache/lowest/made  ## the whole test suite again, on the oldest dependencies; official Flask has the same
	$(PYTHON) -m venv .cache/lowest-official
	.cache/lowest-official/bin/python -m pip install --quiet 'flask[async]==3.1.3' $(OLDEST)
	FLASK_DIFFERENTIAL_OFFICIAL=$(CURDIR)/.cache/lowest-official/bin/python .cache/lowest/bin/python -m pytest -m "" $(NEWER_CLICK)

upstream: $(VENV)/made  ## of these, upstream's own suite and examples; nothing is written
	$(BIN)/python conformance/run.py --no-write flask tutorial javascript

differential: $(VENV)/made  ## the same requests to official Flask and to this package
	$(BIN)/python conformance/differential/run.py --cases --requests 20000
	$(BIN)/python conformance/differential/run.py --cases --requests 20000 --asgi

clean:  ## remove environments and caches
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache htmlcov .coverage
