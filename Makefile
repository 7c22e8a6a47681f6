# `make run` starts the service, `make test` tests it; each first sets up what it needs, once.

PYTHON ?= python3
PORT ?= 8080
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
ASSET := mixsvc/web/static/vendor/sockjs.min.js

export PYTHON

.PHONY: run test lint assets build bench clean test-system

run: $(VENV)/installed $(ASSET)
	@exec $(BIN)/twistd --nodaemon --pidfile= mixsvc --port $(PORT) $(ARGS)

test: test-system lint $(ASSET)
	@$(BIN)/python -m pytest --cov

lint: $(VENV)/installed-for-tests
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy

# The assets that the pages load; the build makes them, too, and leaves alone those that are there.
assets: $(VENV)/installed
	@tools/system-packages npm
	@$(BIN)/python hatch_build.py

build: $(VENV)/installed
	@$(BIN)/python -m build

# Ours and its peers side by side; `make bench ARGS='--only fanout'` measures a part of it.
bench: $(VENV)/installed
	@tools/system-packages --optional npm
	@$(BIN)/python -m bench $(ARGS)

# The database and the secret key are data, and stay.
clean:
	rm -rf $(VENV) .cache build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage mixsvc/web/static/vendor
	find . -name __pycache__ -prune -exec rm -rf {} +

# Debian packages Chromium; where the system does not, Playwright brings one.
test-system: $(VENV)/installed-for-tests
	@tools/system-packages npm
	@tools/system-packages chromium || $(BIN)/playwright install --with-deps chromium

# Without npm the service runs, and says at start what its chat page lacks.
$(ASSET): package-lock.json | $(VENV)/installed
	@tools/system-packages --optional npm
	@$(BIN)/python hatch_build.py || true

$(VENV)/created:
	@tools/system-packages python venv
	@echo "make: setting up $(VENV); this is done once"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/installed: pyproject.toml | $(VENV)/created
	@$(PIP) --editable . --group build
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/installed
	@$(PIP) --group lint
	@touch $@
