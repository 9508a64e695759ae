# Everything sets itself up: Python >= 3.11, Node >= 20 and make are enough.
PYTHON ?= python3
PORT ?= 8000
DEMO ?= demo

BIN := .venv/bin
ENV := .venv/.ready
KERNELS := .venv/.kernels
NODE := web/node_modules/.ready
STATIC := src/covermap/service/static/index.html
CORE := $(shell find src/covermap/core src/covermap/simulate -name '*.py' 2>/dev/null)
WEB := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
PYTEST := $(BIN)/pytest -q
PARALLEL := -n 2 --dist loadfile
BESIDE := $(MAKE) --no-print-directory -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# Where nothing compiled is kept, each of the hundreds of processes that tests start compiles all
# libraries anew, up to 2 s each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env web demo test check lint types unit laws real outside browser spark docs wheel webcheck bench format lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(ENV): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "covermap needs Python >= 3.11: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# A compiled kernel is kept with the source it was made of, but not with what that imports: after any
# edit all are made anew, or figures of the old code would be shown for the new.
$(KERNELS): $(ENV) $(CORE)
	@find src -name '*.nb[ic]' -delete
	@touch $@

$(NODE): web/package-lock.json web/package.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

$(STATIC): $(NODE) $(WEB)
	cd web && npm run --silent build
	@touch $@

env: $(ENV)  ## Python environment in .venv, from the lock file
web: $(STATIC)  ## the map, built into the package

demo: $(KERNELS) $(STATIC)  ## build the sample workspace and serve its map (PORT=8000)
	@test -f $(DEMO)/covermap.toml || $(BIN)/covermap simulate $(DEMO)
	@$(BIN)/covermap build $(DEMO)
	@$(BIN)/covermap serve $(DEMO) --port $(PORT)

test: check laws outside real  ## everything

check: $(ENV) $(NODE)  ## the fast part: lint, types, unit tests
	@$(BESIDE) lint types webcheck
	@$(MAKE) --no-print-directory unit

lint: $(ENV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(ENV)
	$(BIN)/mypy

webcheck: $(NODE)
	cd web && npm run --silent lint && npm run --silent check && npm test --silent

unit: $(KERNELS)
	$(PYTEST) tests/unit -m "not slow" $(PARALLEL)

laws: $(KERNELS)  ## laws (properties) and slow unit tests
	$(PYTEST) tests/laws $(PARALLEL)
	$(PYTEST) tests/unit -m slow $(PARALLEL)

real: $(KERNELS)  ## tests on the real inputs beside the project
	$(PYTEST) tests/real $(PARALLEL)

# Each of these waits for other processes much of its time: two of their files go beside each other.
outside: $(KERNELS) $(STATIC)  ## wheel, spark, browser and docs together
	$(PYTEST) tests/wheel tests/spark tests/browser tests/docs $(PARALLEL) --no-loadscope-reorder

browser: $(KERNELS) $(STATIC)  ## the map in headless Chromium
	$(PYTEST) tests/browser

spark: $(KERNELS)  ## the Spark engine on a cluster of two worker processes (needs Java 17)
	$(PYTEST) tests/spark

docs: $(KERNELS) $(STATIC)  ## what the documentation shows, run
	$(PYTEST) tests/docs

wheel: $(ENV) $(STATIC)  ## the wheel, installed into an empty environment
	$(PYTEST) tests/wheel

bench: $(KERNELS)  ## one benchmark: make bench NAME=cells [SIZE=n]
	@test -f tests/bench/$(NAME).py || { echo "no benchmark $(NAME). There are: $$(ls tests/bench | grep -v '^_' | sed 's/\.py//' | tr '\n' ' ')"; exit 2; }
	@$(BIN)/python tests/bench/$(NAME).py $(SIZE)

format: $(ENV)  ## format the Python code
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock: $(ENV)  ## renew the lock files (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --group dev -o requirements-dev.lock

clean:  ## remove what was built (not the demo workspace)
	rm -rf .venv web/node_modules src/covermap/service/static .mypy_cache .ruff_cache .pytest_cache
