# Trace Relay. No root, no Docker: python3 (3.11 or newer), pip and make are enough.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV ?= uv
# `make test ARGS="-k intake"`
ARGS ?=

.PHONY: demo test run check bench soak clean lock messages

demo: .venv/made  ## the whole way of a submission, on this machine (ONCE=1: show it and end)
	@.venv/bin/python -m tests.demo $(ARGS)

test: .venv/made  ## all tests
	@.venv/bin/python -m pytest $(ARGS)

run: .venv/made  ## web server, worker, beat and Redis until Ctrl-C, with the settings of .env
	@.venv/bin/python manage.py up $(ARGS)

check: .venv/made  ## format, lint, types, architecture, migrations
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python manage.py makemigrations --check --dry-run

bench: .venv/made  ## delivery beside its peers, on one sandbox; writes docs/benchmarks.md (about 20 minutes)
	@.venv/bin/python -m tests.bench.delivery $(ARGS)

soak: .venv/made  ## 1,000 kills between answer and commit, growth of the backlog, fairness (about 5 minutes)
	@.venv/bin/python -m tests.bench.kills
	@.venv/bin/python -m tests.bench.growth
	@.venv/bin/python -m tests.bench.fairness

messages: .venv/made  ## collect and compile the translations (needs GNU gettext)
	.venv/bin/python manage.py makemessages -l ru --no-location --no-obsolete -i .venv -i tests
	.venv/bin/python manage.py compilemessages -i .venv

lock:  ## write both lock files anew from pyproject.toml (needs uv)
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -o requirements-dev.lock

LOCK = $(UV) pip compile pyproject.toml --universal --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links -q

clean:  ## everything that was made here, the data of `make run` included
	rm -rf .venv .data .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian's Python comes without ensurepip: then the pip outside fills the environment.
.venv/made: requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing the locked requirements into .venv (once, about a minute) ..."
	@rm -rf .venv
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
		$(PYTHON) -m venv .venv && \
		.venv/bin/python -m pip $(PIP); \
	elif $(PYTHON) -m pip --python $(PYTHON) --version >/dev/null 2>&1; then \
		$(PYTHON) -m venv --without-pip .venv && \
		$(PYTHON) -m pip --python .venv/bin/python $(PIP); \
	else \
		echo "$(PYTHON) can make no virtual environment: install its venv module (Debian: apt-get install python3-venv)"; \
		exit 1; \
	fi
	@touch $@

# No cache and no look for a newer pip: both would write or read under HOME, which may not exist.
PIP = install -qq --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
	--require-hashes -r requirements-dev.lock
