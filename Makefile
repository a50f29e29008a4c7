# Guildhall: everything one does from a checkout. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help setup run demo test check bench soak crowd scale fuzz mutate screenshots lock clean
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

setup:  ## .venv with everything; as root missing system libraries too
	@PYTHON=$(PYTHON) packaging/setup.sh

run: setup  ## set up and open the program
	@if [ -z "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}$${QT_QPA_PLATFORM:-}" ]; then \
	  echo "There is no display here, so no window can open. Try: make demo" >&2; exit 1; fi
	@$(BIN)/python main.py $(ARGS)

demo: setup  ## three peers play the main job; four witnesses are killed and back; one member has several machines
	@QT_QPA_PLATFORM=offscreen $(BIN)/python tools/demo.py $(ARGS)
	@QT_QPA_PLATFORM=offscreen $(BIN)/python tools/demo_witnesses.py
	@QT_QPA_PLATFORM=offscreen $(BIN)/python tools/demo_devices.py

test: setup  ## set up and run all tests (make test ARGS="tests/unit -k tally")
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(ARGS)

check: setup  ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

MINUTES ?= 10
soak: setup  ## simulate witnesses with fresh seeds, then fifty processes (make soak MINUTES=60)
	@$(BIN)/python -m tools.soak --minutes $(MINUTES) $(ARGS)
	@$(BIN)/python -m tools.crowd 50 50

crowd: setup  ## fifty hosts in four processes over real connections: all converge
	@$(BIN)/python -m tools.crowd 50 4

scale: setup  ## a thousand nodes in virtual time: bytes and seconds of gossip and catch-up (docs/scale.md)
	@$(BIN)/python -m tools.scale $(ARGS)

fuzz: setup  ## feed every decoder what coverage-guided fuzzing finds (make fuzz MINUTES=60 ARGS="message invitation")
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r packaging/fuzz.lock
	@$(BIN)/python -m tools.fuzz --minutes $(MINUTES) $(ARGS)

mutate: setup  ## take each answer to an attack out of a copy: a simulation or test must notice
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m tools.mutate $(ARGS)

ONLY ?=
bench: setup  ## measure (make bench ONLY=ingest|local|catchup|resync|live|idle|hostile|open|start|tally|verifier|snapshot|…)
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m benchmarks.run $(if $(ONLY),--only $(ONLY)) $(ARGS)

screenshots: setup  ## every page in both languages and themes (into screenshots/)
	@QT_QPA_PLATFORM=offscreen $(BIN)/python tools/screenshots.py screenshots $(ARGS)

lock:  ## renew requirements.lock, requirements-dev.lock and packaging/crosscheck.lock
	$(BIN)/pip-compile -q --upgrade -o requirements.lock pyproject.toml
	$(BIN)/pip-compile -q --upgrade --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(BIN)/pip-compile -q --upgrade --no-annotate -o - packaging/crosscheck.in | \
	  awk '/^[^ ]/ { on = /^pref-voting==/ } on' > packaging/crosscheck.lock
	$(BIN)/pip-compile -q --upgrade --no-annotate -o packaging/fuzz.lock packaging/fuzz.in

clean:  ## remove what setup and tests made
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
