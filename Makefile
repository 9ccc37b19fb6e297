# Trace Relay. No root, no Docker: python3 (3.11 or newer), pip and make are enough.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV ?= uv
# `make test ARGS="-k intake"`
ARGS ?=
ALONE = tests/stack/test_survival.py tests/stack/test_limits.py tests/browser
# `make restore FILE=/backups/monday`
FILE ?=

.DEFAULT_GOAL := help
.PHONY: help env run demo test test-fast backup restore check audit architecture bench bench-intake soak fuzz messages lock clean needs-gettext needs-uv needs-python

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env:  ## write .env with new keys; an existing .env is kept
	@if [ -e .env ]; then echo ".env exists already and was not changed."; else \
		umask 077 && set -C && sed \
			-e "s|^#DJANGO_SECRET_KEY=.*|DJANGO_SECRET_KEY=$$($(RANDOM_KEY))|" \
			-e "s|^#FIELD_ENCRYPTION_KEYS=.*|FIELD_ENCRYPTION_KEYS=$$($(RANDOM_KEY))|" .env.example > .env && \
		echo "Wrote .env with new keys. Set APP_URL in it to your public address, then: make run"; fi

run: .venv/made-run  ## run the web server, workers, scheduler and Redis until Ctrl-C, with the settings of .env
	@.venv/bin/python manage.py up $(ARGS)

demo: .venv/made-demo  ## see it work on this machine, without a portal (ONCE=1: show it once and exit)
	@.venv/bin/python -m tests.demo $(ARGS)

# The last ones come one after the other: browsers would starve each other, one test kills the database for all, and
# one module measures by the clock.
test: .venv/made-dev  ## all tests, on all processors (ARGS="tests/portal -k receipt": only these)
ifeq ($(strip $(ARGS)),)
	@.venv/bin/python -m pytest -n auto --dist loadfile $(addprefix --ignore ,$(ALONE)) tests
	@.venv/bin/python -m pytest $(ALONE)
else
	@.venv/bin/python -m pytest $(ARGS)
endif

test-fast: .venv/made-dev  ## the tests that need no portal, browser or process, for while you work
	@HYPOTHESIS_PROFILE=dev .venv/bin/python -m pytest -n auto tests/unit -m "not slow" $(ARGS)

backup: .venv/made-run  ## copy the database to a file while it is in use (FILE=...; default: a new file in DATA_DIR/backups)
	@.venv/bin/python manage.py backup $(FILE)

restore: .venv/made-run  ## fill an empty database from such a copy (FILE=...)
	@.venv/bin/python manage.py restore $(FILE)

check: .venv/made-dev  ## format, lint, spelling, types, direction of imports, migrations
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/codespell
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python manage.py makemigrations --check --dry-run

audit: .venv/made-run .venv-audit/made  ## check what ships for known vulnerabilities and licences, and write its list (sbom.json)
	@.ci/audit

architecture: .venv/made  ## draw the imports between the packages (docs/layout.svg) and print their figures
	@.venv/bin/python -m tests.architecture

bench: .venv/made-dev  ## compare delivery with other clients, on one sandbox; writes docs/benchmarks.md (about 20 minutes)
	@.venv/bin/python -m tests.bench.delivery $(ARGS)

bench-intake: .venv/made-dev  ## compare the intake with a plain Django view, on SQLite and PostgreSQL (about 4 minutes)
	@.venv/bin/python -m tests.bench.intake $(ARGS)

soak: .venv/made-dev  ## kill processes while submissions arrive, let a backlog grow, check fairness (about 5 minutes)
	@SOAK_TESTS=1 .venv/bin/python -m pytest tests/stack/test_survival.py
	@.venv/bin/python -m tests.bench.kills
	@.venv/bin/python -m tests.bench.growth
	@.venv/bin/python -m tests.bench.fairness

fuzz: .venv/made-dev .venv-fuzz/made  ## send malformed requests to all public addresses, on PostgreSQL if DATABASE_URL names one (about 15 minutes)
	@.venv/bin/python -m tests.bench.fuzz_contract
	@.venv/bin/python -m tests.bench.fuzz_http $(ARGS)

messages: needs-gettext .venv/made-run  ## collect and compile the translations (needs GNU gettext)
	.venv/bin/python manage.py makemessages $(addprefix -l ,$(notdir $(wildcard traces/locale/*))) --no-location --no-obsolete --no-wrap -i .venv -i tests
	.venv/bin/python manage.py compilemessages -i .venv

lock: needs-uv  ## update the lock files from pyproject.toml (needs uv; ARGS=--upgrade: to the newest versions)
	$(LOCK) -o requirements.lock
	$(LOCK) --group run --constraints requirements.lock -o requirements-run.lock
	$(LOCK) --group demo --constraints requirements-run.lock -o requirements-demo.lock
	$(LOCK) --group dev -o requirements-dev.lock
	$(COMPILE) --group audit --python-version 3.11 -o requirements-audit.lock
	$(COMPILE) --group fuzz --python-version 3.11 -o requirements-fuzz.lock

COMPILE = $(UV) pip compile --universal --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links -q $(ARGS)
LOCK = $(COMPILE) pyproject.toml

clean:  ## remove everything made here, the data of `make run` included; .env stays
	rm -rf .venv .venv-audit .venv-fuzz sbom.json .data .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- What the targets above need ----------------------------------------------------------------

# 32 random bytes in the alphabet of URLs: a key of Fernet, and a good secret.
RANDOM_KEY = head -c 32 /dev/urandom | base64 | tr '+/' '-_'

needs-gettext:
	@command -v xgettext >/dev/null && command -v msgfmt >/dev/null || { \
		echo "GNU gettext is missing: install it (Debian: apt-get install gettext)" >&2; exit 1; }

needs-uv:
	@command -v "$(UV)" >/dev/null || { \
		echo "uv is missing: pip install uv, or make lock UV=/path/to/uv" >&2; exit 1; }

needs-python:
	@$(CHECK_PYTHON)

CHECK_PYTHON = "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "Python 3.11 or newer is needed$(if $(PYTHON), and $(PYTHON) is not that): make PYTHON=/path/to/python3" >&2; \
	exit 1; }

# A Python that is named is looked at even where the environment is there already.
ifneq ($(origin PYTHON),file)
.venv/made: | needs-python
endif

# One environment, filled in three steps: `make run` (production and a Redis), the demo, the tests. Each lock file holds the one before it, so
# that a later step only adds. A lock file that has changed makes all of it anew.
# Debian's Python comes without ensurepip: then the pip outside fills the environment.
.venv/made: requirements-run.lock requirements-demo.lock requirements-dev.lock
	@$(CHECK_PYTHON)
	@rm -rf .venv
	@if "$(PYTHON)" -c 'import ensurepip' 2>/dev/null; then \
		"$(PYTHON)" -m venv .venv; \
	elif "$(PYTHON)" -m pip --python "$(PYTHON)" --version >/dev/null 2>&1; then \
		"$(PYTHON)" -m venv --without-pip .venv; \
	else \
		echo "$(PYTHON) can make no virtual environment: install its venv module (Debian: apt-get install python3-venv)" >&2; \
		exit 1; \
	fi
	@touch $@

.venv/made-run: .venv/made
	@$(call INSTALL,requirements-run.lock)

.venv/made-demo: .venv/made
	@$(call INSTALL,requirements-demo.lock)

.venv/made-dev: .venv/made
	@$(call INSTALL,requirements-dev.lock)

# Tools that look from outside have environments of their own.
.venv-audit/made .venv-fuzz/made: .venv-%/made: requirements-%.lock
	@$(CHECK_PYTHON)
	@rm -rf $(@D)
	@echo "Installing $< into $(@D) (once) ..."
	@"$(PYTHON)" -m venv $(@D)
	@$(@D)/bin/python -m pip install -qq --no-cache-dir --disable-pip-version-check --require-hashes -r $<
	@touch $@

# No cache and no look for a newer pip: both would write or read under HOME, which may not exist.
define INSTALL
echo "Installing $(1) into .venv (once, up to a minute) ..."; \
if .venv/bin/python -c 'import pip' 2>/dev/null; then set -- .venv/bin/python -m pip; \
else set -- "$(PYTHON)" -m pip --python .venv/bin/python; fi; \
"$$@" install -qq --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r $(1) || { \
	echo "$(1) could not be installed: check the connection, or name your package index in PIP_INDEX_URL." >&2; exit 1; }; \
touch $@
endef
