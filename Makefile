# Everything that the targets need is installed by them: see requirements/bootstrap.sh (the virtual
# environment .venv) and dev_stack/services/ (RabbitMQ, PostgreSQL, HAProxy; Redis and PgBouncer to
# compare with).
.PHONY: help demo up test test-long check lock bench bench-fanout bench-sending bench-relay bench-parity clean
ARGS ?=
# Test processes side by side: most tests wait for other processes.
WORKERS ?= 2

help:
	@echo "make demo   the old and the new server side by side, under load, on real components"
	@echo "make up     the same stack, to look at in a browser (Ctrl-C stops it)"
	@echo "make test   all checks and tests"
	@echo "make test-long  the tests that take minutes"
	@echo "make check  formatting, lint and types only"
	@echo "make bench  how fast the servers hand out messages, side by side, both ways of sending, and the"
	@echo "            relay (ARGS=--quick for a look; bench-fanout, bench-sending, bench-relay alone)"
	@echo "make bench-parity  what replaying a recording and watching live rooms cost"
	@echo "make lock   pin requirements/*.txt anew from pyproject.toml"

.PHONY: setup
setup:
	@requirements/bootstrap.sh

demo: setup
	@.venv/bin/wsmigrate demo $(ARGS)

up: setup
	@.venv/bin/wsmigrate up $(ARGS)

check: setup
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy

test: check
	@.venv/bin/python -m dev_stack.services
	@.venv/bin/python -m pytest --numprocesses $(WORKERS) --dist loadfile -m "not long" $(ARGS)

test-long: setup
	@.venv/bin/python -m dev_stack.services
	@.venv/bin/python -m pytest -m long $(ARGS)

bench: bench-fanout bench-sending bench-relay

bench-fanout: setup
	@.venv/bin/python benchmarks/fanout.py $(ARGS)

# Of the options these have --quick alone in common with the first: call them by themselves for the
# rest.
bench-relay: setup
	@.venv/bin/python benchmarks/relay.py $(if $(filter bench,$(MAKECMDGOALS)),$(filter --quick,$(ARGS)),$(ARGS))

bench-sending: setup
	@.venv/bin/python benchmarks/sending.py $(if $(filter bench,$(MAKECMDGOALS)),$(filter --quick,$(ARGS)),$(ARGS))

bench-parity: setup
	@.venv/bin/python benchmarks/parity_replay.py
	@.venv/bin/python benchmarks/parity_watch.py

lock: setup
	@.venv/bin/python -m pip install --quiet uv
	@requirements/lock.sh

clean:
	rm -rf .venv .venv-seed .cache .mypy_cache .pytest_cache .ruff_cache
