# make up [PORT=8123] [DATA=/some/folder]    make test    make test-clients    make lint
# make verifier    make witness    make signing    make test-proof
# make bench [ONLY="storm idle"]    make bench-intake    make faults    make simulate-faults [SEEDS=2000] [FROM=1]
# make fuzz-adapters [MINUTES=10] [SEED=1] [TOOL=aws_sns]
SHELL := /bin/sh
# The first interpreter that starts and is new enough.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		&& echo "$$name" && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked
# Two processes with servers of their own; a file stays in one of them. The order is that
# of tests/conftest.py: the long ones first, so that neither process waits for the other.
PARALLEL ?= --numprocesses 2 --dist loadfile --no-loadscope-reorder
POSTGRES_15 ?= /usr/lib/postgresql/15/bin

.PHONY: up verifier witness signing test test-clients test-proof proof-tools bench bench-intake faults fuzz-adapters simulate-faults shifts-long lint test-pg15 venv lock

up: $(STAMP)
	@exec $(BIN)/python manage.py up $(if $(PORT),--port $(PORT)) $(if $(DATA),--data "$(DATA)")

test: $(STAMP)
	$(BIN)/pytest $(PARALLEL)

# Clients that others wrote. Prometheus and amtool are Debian's and need root to install.
test-clients: $(STAMP)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends prometheus prometheus-alertmanager; fi
	$(BIN)/pytest -ra tests/clients

# Verifiers that others wrote: Go's checksum database, openssl; see tests/proof.
PROOF := .venv-proof
PROOF_PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 $(PYTHON); do \
	"$$name" -c '' 2>/dev/null && echo "$$name" && break; done)
test-proof: $(STAMP) proof-tools
	$(BIN)/pytest -ra tests/proof

proof-tools: $(PROOF)/.locked

$(PROOF)/.locked: requirements/proof.lock
	@test -x $(PROOF)/bin/python || $(PROOF_PYTHON) -m venv $(PROOF)
	@$(PROOF)/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements/proof.lock
	@touch $@

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks $(ONLY)

# The way in under a storm; the web server is killed in the middle of each. Ten minutes.
bench-intake: $(STAMP)
	$(BIN)/python -m tests.benchmarks intake intake-50 processing intake-at-once \
		duplicates slow-senders overload trust backlog

faults: $(STAMP)
	STORM_ALERTS=500 RACE_ROUNDS=1000 RACE_SECONDS=900 $(BIN)/pytest -s tests/scenarios/test_faults.py \
		tests/escalation/test_races.py

# Made-up bodies for every adapter; with atheris for half of the time where it is installed.
MINUTES ?= 10
fuzz-adapters: $(STAMP)
	$(BIN)/python -m tests.incidents.intake.adapters.fuzzing --minutes $(MINUTES) \
		$(if $(SEED),--seed $(SEED)) $(if $(TOOL),--tool $(TOOL))

# Two hundred made-up schedules over whole years in each zone; some minutes.
shifts-long: $(STAMP)
	SHIFTS_EXAMPLES=200 $(BIN)/pytest -s tests/escalation/oncall/test_minute_walk.py

# Goes on where the last run with the same tally ended; a new FROM needs a new TALLY.
SEEDS ?= 2000
FROM ?= 1
TALLY ?= var/fault-simulation.json
simulate-faults: $(STAMP)
	@mkdir -p $(dir $(TALLY))
	nice $(BIN)/python -m tests.simulation --seeds $(SEEDS) --from $(FROM) --tally $(TALLY)

# One file for whoever verifies bundles; needs Python and no more.
verifier:
	@test -n "$(PYTHON)" || { echo "Tocsin needs Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -m incidents.ledger.verifier_file dist/tocsin-verify.pyz

# One file for whoever witnesses the log; needs Python and `cryptography`.
witness: $(STAMP)
	@$(BIN)/python -m incidents.ledger.verifier_file dist/tocsin-witness.pyz incidents.ledger.witness_pull

# One file for whoever signs what they acknowledged; needs Python and `cryptography`.
signing: $(STAMP)
	@$(BIN)/python -m incidents.ledger.verifier_file dist/tocsin-sign.pyz incidents.ledger.party_signing

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

test-pg15: $(STAMP)
	TOCSIN_POSTGRES_BIN=$(POSTGRES_15) $(BIN)/pytest $(PARALLEL)

venv: $(STAMP)

# Both installers read the same lock, so both give the same versions.
$(STAMP): requirements/dev.lock
	@test -n "$(PYTHON)" || { echo "Tocsin needs Python 3.11 or newer."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Fetching packages; this takes a minute or two, once."
	@if command -v uv >/dev/null 2>&1; then \
		uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements/dev.lock; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check \
			--require-hashes --requirement requirements/dev.lock; \
	fi
	@touch $@

lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		pyproject.toml --output-file requirements/runtime.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		pyproject.toml --group dev --output-file requirements/dev.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		requirements/proof.in --output-file requirements/proof.lock
