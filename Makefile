# One verb a line: demo, test, test-oldest, lint, bench, fuzz, mutants, samples, signatures, docs, lab.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
OLDEST := .venv-oldest/.ready

.PHONY: demo test test-oldest lint bench fuzz mutants samples signatures docs lab clean

demo: $(READY)
	@$(BIN)/pandakit demo

test: lint
	@$(BIN)/python -m pytest --nbval --nbval-sanitize-with notebooks/sanitize.cfg tests pandakit notebooks

test-oldest: $(OLDEST)
	@.venv-oldest/bin/python -m pytest tests/contract tests/transport tests/consolidation tests/enrichment tests/bpql

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(READY)
	@$(BIN)/python -m benchmarks

fuzz: $(READY)
	@PANDAKIT_FUZZ_EXAMPLES=10000 $(BIN)/python -m pytest tests/consolidation/test_agrees_with_reference.py tests/consolidation/test_explain_agrees.py tests/consolidation/test_laws.py

mutants: $(READY)
	@$(BIN)/python scripts/mutants.py

samples: $(READY)
	@$(BIN)/python scripts/make_samples.py

signatures: $(READY)
	@$(BIN)/python scripts/public_signatures.py

docs: $(READY)
	@rm -rf docs/_build
	@$(BIN)/python scripts/make_docs.py
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env docs docs/_build/html
	@$(BIN)/python scripts/check_site.py

lab: $(READY)
	@$(BIN)/jupyter lab --notebook-dir=notebooks

clean:
	@rm -rf .venv .venv-oldest demo-output

$(READY): pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $(PYTHON) .venv

$(OLDEST): pyproject.toml scripts/setup.sh scripts/lowest_versions.py
	@sh scripts/setup.sh $(PYTHON) .venv-oldest oldest
