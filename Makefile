# One verb a line: demo, test, test-oldest, matrix, lint, bench, fuzz, mutants, samples, signatures, notebooks, docs, wheel, interop, lite, lite-test, lab.
PYTHON ?= python3
BIN := .venv/bin
# tests/parallel.py says what stays together.
PARALLEL := -n 2
READY := .venv/.ready

.PHONY: demo test test-oldest matrix lint bench fuzz mutants samples signatures notebooks docs wheel interop lite lite-test lab clean

demo: $(READY)
	@$(BIN)/pandakit demo --force

test: lint
	@$(BIN)/python -m pytest $(PARALLEL) --nbval --nbval-sanitize-with notebooks/sanitize.cfg tests pandakit notebooks

test-oldest: $(READY)
	@$(BIN)/nox --reuse-existing-virtualenvs --force-python $(PYTHON) -k oldest

# Interpreters of pyenv are found too, whichever of them is chosen.
matrix: $(READY)
	@PATH="$$(ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.*/bin 2>/dev/null | tr '\n' ':')$$PATH" $(BIN)/nox

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(READY)
	@$(BIN)/python -m benchmarks

fuzz: $(READY)
	@PANDAKIT_FUZZ=1 $(BIN)/python -m pytest $(PARALLEL) -m hypothesis tests
	@PANDAKIT_FUZZ=1 $(BIN)/python -m pytest tests/services/test_store.py

mutants: $(READY)
	@$(BIN)/python scripts/mutants.py

samples: $(READY)
	@$(BIN)/python scripts/make_samples.py

signatures: $(READY)
	@$(BIN)/python scripts/public_signatures.py

notebooks: $(READY)
	@$(BIN)/jupyter nbconvert --execute --ExecutePreprocessor.record_timing=False --to notebook --inplace notebooks/*.ipynb
	@sed -i 's|$(CURDIR)/||g' notebooks/*.ipynb

docs: $(READY)
	@rm -rf docs/_build
	@$(BIN)/python scripts/make_docs.py
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env docs docs/_build/html
	@$(BIN)/python scripts/check_site.py

wheel: $(READY)
	@$(BIN)/python -m pytest -m wheel tests/tour/test_wheel.py

# The official Python client of Pangea, in an environment of its own.
interop: $(READY) .venv-interop
	@$(BIN)/python scripts/interop.py

.venv-interop:
	@$(PYTHON) -m venv $@ && $@/bin/pip install --quiet 'pangea-sdk==6.13.0'

# A static site with pandakit and Python itself; the tools are in an environment of their own.
lite: .venv-lite
	@.venv-lite/bin/python scripts/lite/build.py

lite-test: $(READY) .venv-lite
	@$(BIN)/python -m pytest -m lite tests/lite

# Python 3.11 or 3.12: for newer ones there is no wheel of Pyodide's numpy.
.venv-lite:
	@$(PYTHON) -m venv $@ && $@/bin/pip install --quiet --upgrade 'pip>=25.1'
	@$@/bin/pip install --quiet --group lite || { rm -r $@; exit 1; }

lab: $(READY)
	@$(BIN)/jupyter lab --notebook-dir=notebooks

clean:
	@rm -rf .venv .venv-lite .lite .nox demo-output docs/_build lite-output

$(READY): pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $(PYTHON) .venv
