# Everything happens in .venv; the library goes where `python -m ingest` puts it by default.

ifndef PYTHON
PYTHON := $(shell python3.11 -c "" 2>/dev/null && echo python3.11 || echo python3)
endif

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
BUNDLED := $(VENV)/.installed-bundled
DEV := $(VENV)/.installed-dev
CLIENTS_VENV := .venv-clients
CLIENTS := $(CLIENTS_VENV)/.installed

# scenedetect brings the OpenCV that needs a desktop's libraries (libGL, libxcb), rapidocr the one
# that does not. They share a folder and the last one wins: let it be the one that runs anywhere.
HEADLESS := --no-deps --force-reinstall -c constraints.txt opencv-python-headless


.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo check test bench schema openapi soak soak-embeddings soak-jobs clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(BUNDLED) ## install, make the sample searchable, search it twice
	@echo
	$(BIN)/python -m ingest sample/
	@echo
	$(BIN)/python -m search "drilling"
	@echo
	$(BIN)/python -m search "a cup of coffee" --mode vision_heavy
	@echo
	@echo "Your own videos:  $(BIN)/python -m ingest videos/"
	@echo "In a shell after '. $(BIN)/activate', python alone will do."
	@echo
	@echo "In your browser:  $(BIN)/python -m api"
	@echo "                  then open http://127.0.0.1:8000"

check: $(DEV) ## linter, formatter, types, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A worker runs whole files: what a file makes for its tests is made once. Two in some thousand tests
# of browsers, servers and clocks meet a moment in which a busy machine stands still: who fails is
# told, and is run once more.
test: $(DEV) $(CLIENTS) ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --reruns 1

bench: $(DEV) ## all benchmarks
	$(BIN)/python -m benchmarks

schema: $(DEV) ## all routes held against /openapi.json for SCHEMA_S seconds (600), in sequences too
	PYTEST_SCHEMA_S=$(or $(SCHEMA_S),600) $(BIN)/python -m pytest tests/api/test_schema.py -n 0 --timeout 0

openapi: $(DEV) ## tests/api/openapi.json anew, after routes have changed: read its diff
	PYTEST_OPENAPI=renew $(BIN)/python -m pytest tests/api/test_openapi.py -n 0 -k snapshot

soak: $(DEV) ## the library's server at half of what it bears for SOAK_MINUTES (15), and at three times
	$(BIN)/python -m benchmarks.soak $(SOAK_MINUTES)

soak-embeddings: $(DEV) ## the embedding service under load for SOAK_MINUTES (10), all answers checked
	$(BIN)/python -m benchmarks.soak_embeddings $(SOAK_MINUTES)

soak-jobs: $(DEV) ## workers, server and database killed and stopped at random for SOAK_MINUTES (10)
	$(BIN)/python -m benchmarks.soak_jobs $(SOAK_MINUTES)

clean: ## remove .venv and caches; the library stays
	@# An embedded database runs on the programs in .venv: stop it before they go.
	@if [ -f $(BUNDLED) ]; then $(BIN)/python -m database stop >/dev/null 2>&1 || true; fi
	rm -rf $(VENV) $(CLIENTS_VENV) build dist *.egg-info .tiny-models
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
		echo "error: $(PYTHON) is not Python 3.11 or newer; install that, or name it:" >&2; \
		echo "       make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

$(BUNDLED): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV); the first time takes minutes."
	@$(PIP) install -c constraints.txt -e ".[bundled]"
	@$(PIP) install $(HEADLESS)
	@touch $@

# Has all that the demo needs, too.
$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV), with the tools for development; the first time takes minutes."
	@$(PIP) install -c constraints.txt -e ".[bundled,dev,ray]"
	@$(PIP) install $(HEADLESS)
	@touch $(BUNDLED) $@

# Programs that ask the embedding service, for its tests: what they need would bind what we need.
$(CLIENTS): tests/clients/requirements.txt | $(BIN)/python
	@echo "Installing clients of the embedding service into $(CLIENTS_VENV), for the tests."
	@$(PYTHON) -m venv --clear --without-pip $(CLIENTS_VENV)
	@$(PIP) --python $(CLIENTS_VENV)/bin/python install --no-compile -r $<
	@touch $@
