# One verb a line: demo, test, test-oldest, lint, bench, fuzz, mutants, samples, docs, lab.
PYTHON ?= python3
BIN := .venv/bin
# tests/parallel.py says what stays together.
PARALLEL := -n 2
READY := .venv/.ready
OLDEST := .venv-oldest/.ready

.PHONY: demo test test-oldest lint bench fuzz mutants samples docs lab clean

demo: $(READY)
	@$(BIN)/pandakit demo

test: lint
	@$(BIN)/python -m pytest $(PARALLEL) --nbval --nbval-sanitize-with notebooks/sanitize.cfg tests pandakit notebooks

test-oldest: $(OLDEST)
	@.venv-oldest/bin/python -m pytest $(PARALLEL) tests/contract tests/transport tests/consolidation tests/enrichment tests/bpql

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(READY)
	@$(BIN)/python -m benchmarks

fuzz: $(READY)
	@PANDAKIT_FUZZ=1 $(BIN)/python -m pytest $(PARALLEL) -m hypothesis tests

mutants: $(READY)
	@$(BIN)/python scripts/mutants.py

samples: $(READY)
	@$(BIN)/python scripts/make_samples.py

docs: $(READY)
	@$(BIN)/python scripts/make_docs.py

lab: $(READY)
	@$(BIN)/jupyter lab --notebook-dir=notebooks

clean:
	@rm -rf .venv .venv-oldest demo-output

$(READY): pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $(PYTHON) .venv

$(OLDEST): pyproject.toml scripts/setup.sh scripts/lowest_versions.py
	@sh scripts/setup.sh $(PYTHON) .venv-oldest oldest
