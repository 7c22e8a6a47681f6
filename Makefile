# `make run` starts the service, `make test` tests it; each first sets up what it needs, once.

PYTHON ?= python3
PORT ?= 8080
ARGS ?=
SECONDS ?= 600
# How many rounds, and which tests: for `make faults` and `make steady`.
ROUNDS ?=
TESTS ?= tests/e2e

VENV := .venv
BIN := $(VENV)/bin
# Virtual environments with the newest Python, and with the oldest libraries.
NEWEST := .venv-newest
LOWEST := .venv-lowest
# Old releases use what the newest ones of their own dependencies deprecate.
OLD := -W ignore::DeprecationWarning
# Two tests at a time, of different files: most of them wait for processes and browsers.
BESIDE := --numprocesses 2 --dist loadfile
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# The bundle of the page's scripts, and what it is made of.
ASSET := mixsvc/pages/static/built/manifest.json
SCRIPTS := $(shell find mixsvc/pages/static -name built -prune -o -name vendor -prune -o -name '*.js' -print) \
	mixsvc/pages/static/style.css
# The npm packages that check the page's scripts, and the page.
CHECKERS := node_modules/installed

export PYTHON

.PHONY: run test coverage test-newest contracts faults steady lint assets build bench bench-chat bench-nodes bench-window \
	soak screenshots clean test-system

run: $(VENV)/installed $(ASSET)
	@exec $(BIN)/twistd --nodaemon --pidfile= mixsvc --port $(PORT) $(ARGS)

# All tests, with the Python of .venv and the newest libraries.
test: test-system lint $(ASSET)
	@$(BIN)/python -m pytest $(BESIDE)

# Which lines no test runs. Apart from `make test`, as counting them takes more time than the tests themselves.
coverage: test-system $(ASSET)
	@$(BIN)/python -m pytest --cov $(BESIDE)

# The unit tests once more, with the newest Python that the machine has.
test-newest: $(VENV)/installed-for-tests $(ASSET)
	@python=$$($(BIN)/python tools/newest-python); \
	if [ -z "$$python" ]; then \
	    echo "make: no Python newer than $$($(BIN)/python -V) is here, so there is nothing more to test"; \
	else \
	    tools/test-venv $(NEWEST) "$$python" && $(NEWEST)/bin/python -m pytest -p no:cacheprovider --ignore=tests/e2e; \
	fi

# The tests of what we use of libraries' private parts, with the oldest and the newest supported releases. With the
# oldest also all tests of the HTTP server, the WSGI host and txsockjs, which depend on them most.
contracts: $(VENV)/installed-for-tests $(ASSET)
	@tools/test-venv $(LOWEST) $(BIN)/python lowest
	@$(LOWEST)/bin/python -m pytest -p no:cacheprovider $(OLD) -m contract
	@$(LOWEST)/bin/python -m pytest -p no:cacheprovider $(OLD) tests/http tests/wsgi tests/txsockjs
	@$(BIN)/python -m pytest -p no:cacheprovider -m contract

# The long trials: `make faults ROUNDS=1000 SECONDS=3600` kills the service a thousand times, and then runs everything at
# once for an hour. Prints figures.
faults: test-system $(ASSET)
	@MIXSVC_TRIAL_ROUNDS=$(or $(ROUNDS),200) $(BIN)/python -m pytest -p no:cacheprovider -s -m trial
	@$(BIN)/python -m tests.soak --seconds $(SECONDS)

# The tests of the running service again and again, every second time with all processors kept busy.
steady: test-system $(ASSET)
	@$(BIN)/python -m tests.steadiness --rounds $(or $(ROUNDS),10) $(BESIDE) $(TESTS)

lint: $(VENV)/installed-for-tests $(CHECKERS)
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@node_modules/.bin/tsc
	@node_modules/.bin/eslint mixsvc/pages/static

# The assets that the pages load. The build makes them too, if they are missing.
assets: $(VENV)/installed
	@tools/system-packages npm
	@$(BIN)/python hatch_build.py

build: $(VENV)/installed
	@$(BIN)/python -m build

# Compares our servers with their peers; `make bench ARGS='--only fanout'` measures a part.
bench: $(VENV)/installed-for-tests
	@tools/system-packages --optional npm
	@$(BIN)/python -m bench $(ARGS)

# Pictures of the page in all its states, in .cache/screenshots, and those of them that the README has.
screenshots: test-system $(ASSET)
	@$(BIN)/python -m tests.e2e.screenshots .cache/screenshots docs/images

# The chat alone: acknowledged messages a second, and what a flood does to the others.
bench-chat: $(VENV)/installed
	@$(BIN)/python -m bench.chat

# Nodes on PostgreSQL compared with one on SQLite, an earlier commit, and Flask-SocketIO on Redis.
bench-nodes: $(VENV)/installed-for-tests
	@tools/system-packages postgresql
	@tools/system-packages --optional redis
	@$(BIN)/python -m bench.nodes $(ARGS)

# The chat with 10 000 people, without and with an operator who looks at the window.
bench-window: $(VENV)/installed-for-tests
	@$(BIN)/python -m bench.window $(ARGS)

# Runs everything at once for SECONDS, then checks that nothing leaks.
soak: $(VENV)/installed
	@$(BIN)/python -m tests.soak --seconds $(SECONDS)

# Does not remove data: the database and the secret key.
clean:
	rm -rf $(VENV) $(NEWEST) $(LOWEST) node_modules .cache build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	rm -rf mixsvc/pages/static/vendor mixsvc/pages/static/built mixsvc/charts/fonts packages/client/dist mixsvc/web
	rm -f twisted/plugins/dropin.cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# Debian packages Chromium; where the system does not, Playwright brings one. The page is checked with axe-core.
test-system: $(VENV)/installed-for-tests $(CHECKERS)
	@tools/system-packages npm nginx haproxy logrotate systemd promtool gcc postgresql openssl irssi weechat
	@tools/system-packages chromium || $(BIN)/playwright install --with-deps chromium

# Without npm the service runs, and says at start what its page lacks.
$(ASSET): package-lock.json tools/bundle.mjs hatch_build.py $(SCRIPTS) | $(VENV)/installed
	@tools/system-packages --optional npm
	@$(BIN)/python hatch_build.py || true
	@touch -c $@

$(CHECKERS): package-lock.json
	@tools/system-packages npm
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

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
