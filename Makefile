# make run      install what is needed, and serve (address and login are printed)
# make test     the whole suite on SQLite, then on PostgreSQL
# make test-faults  kill, stop, fill and restart what runs under load; both databases
# make lint     style, types, layers, templates, migrations, settings, pins
# make fuzz     generated requests, FUZZ_SECONDS (600) for each kind, on SQLite
# make bench    times of the portal with 100,000 users, then of the SCIM service (below)
# make bench-scim  the SCIM service beside its peers; SIZES, SECONDS, REPEAT, SUBJECTS
# make bench-soak  memory over SOAK (100,000) requests
# make audit    known vulnerabilities of what is installed; asks pypi.org
# make format   what lint would complain about, as far as tools can mend it

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := manage.py scim zportal tests bench
PYTEST := $(BIN)/python -m pytest
# Exported environment wins over .env; neither is needed.
LINT_SETTINGS := DEBUG=false DATABASE_URL=sqlite://:memory: SECRET_KEY=lint-only-$(shell seq -s- 1000 1024)

.DEFAULT_GOAL := help
.PHONY: help install run test test-faults fuzz bench bench-scim bench-soak lint audit format constraints

help:
	@sed -n 's/^# make /make /p' Makefile

install: $(VENV)/.installed

# The stamp is as new as the pins that were installed.
$(VENV)/.installed: .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; name it: make install PYTHON=python3.12"; \
	  exit 1; }
	@echo "Installing into $(VENV); the first time takes a minute."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r .ci/constraints.txt
	@touch $@

run: install
	@$(BIN)/python manage.py prepare
	@exec $(BIN)/gunicorn -c python:zportal.serving.gunicorn --no-control-socket zportal.wsgi

test: install
	@.ci/system-packages
	@# Both are run, whatever the first one says.
	@DATABASE_URL=sqlite:///var/test.sqlite3 $(PYTEST); sqlite=$$?; \
	.ci/with-postgres $(PYTEST); postgres=$$?; \
	echo "SQLite: pytest ended with $$sqlite. PostgreSQL: pytest ended with $$postgres."; \
	[ "$$sqlite$$postgres" = 00 ]

test-faults: install
	DATABASE_URL=sqlite:///var/test.sqlite3 $(BIN)/python -m tests.faults

FUZZ_SECONDS ?= 600
fuzz: install
	FUZZ_SECONDS=$(FUZZ_SECONDS) DATABASE_URL=sqlite:///var/test.sqlite3 $(PYTEST) \
	  tests/scim/test_fuzz.py tests/scim/test_oracle.py -k "almost_right or random_bytes or sequences"

comma := ,
SIZES ?= 1000,10000,100000
SECONDS ?= 4
REPEAT ?= 1
SUBJECTS ?=
BENCH := $(BIN)/python -m bench.compare --subjects=$(SUBJECTS)
# The published figures are those of bench-scim; this one leaves them alone.
bench: install
	$(BIN)/python -m bench.portal
	.ci/with-postgres $(BIN)/python -m bench.portal
	$(BIN)/python -m bench.saml
	.ci/with-postgres $(BIN)/python -m bench.saml
	$(BENCH) --sizes=1000,10000 --seconds=2 --docs=var/bench --raw=var/bench/short.json

bench-scim: install
	$(BENCH) --sizes=$(SIZES) --seconds=$(SECONDS) --repeat=$(REPEAT)

SOAK ?= 100000
bench-soak: install
	$(BENCH) --sizes=$(firstword $(subst $(comma), ,$(SIZES))) --soak=$(SOAK)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	git ls-files -co --exclude-standard 'templates/*.html' | xargs -r $(BIN)/djade --target-version 5.2 --check
	$(BIN)/djlint --lint --quiet templates
	git ls-files -co --exclude-standard '*.py' | xargs $(BIN)/django-upgrade --target-version 5.2 --check
	env $(LINT_SETTINGS) $(BIN)/python manage.py makemigrations --check --dry-run
	env $(LINT_SETTINGS) $$(.ci/https-example) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python .ci/check_constraints.py

# Not a part of lint: it fails where no advisories are in reach.
audit: install
	@.ci/audit

format: install
	git ls-files -co --exclude-standard '*.py' | xargs $(BIN)/django-upgrade --target-version 5.2 --exit-zero-even-if-changed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	-git ls-files -co --exclude-standard 'templates/*.html' | xargs -r $(BIN)/djade --target-version 5.2

# Takes the newest releases that pyproject.toml allows, from uv's configured index.
constraints: install
	$(BIN)/uv export --quiet --upgrade --no-hashes --all-groups -o .ci/constraints.txt
