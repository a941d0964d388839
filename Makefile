PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
COMMAND := $(VENV)/.command

.PHONY: help demo test test-slow mutation bench dist docs linkcheck lint format clean

help: ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

# The command line and what it needs, without the developers' tools.
$(COMMAND): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[cli]"
	touch $@

demo: $(COMMAND) ## Compare with and without augmentation on a synthetic log.
	$(BIN)/python -m skdiffuasr demo

test: $(INSTALLED) ## Run the tests, the doctests and the examples.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --quiet --numprocesses auto --dist worksteal

test-slow: $(INSTALLED) ## Run the tests that take longer.
	$(BIN)/python -m pytest --quiet -m slow

mutation: $(INSTALLED) ## Count the changed lines that no test notices; ONLY='skdiffuasr.nn.*'.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,mutation]"
	OMP_NUM_THREADS=1 $(BIN)/mutmut run $(if $(ONLY),'$(ONLY)')
	$(BIN)/mutmut results | sed '/not checked/d'

bench: $(INSTALLED) ## Measure speed and memory; LOG=path names a log.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,plot]"
	$(BIN)/python -m benchmarks $(if $(LOG),--log "$(LOG)")

# The wheel is built from the source archive.
dist: $(INSTALLED) ## Build source archive and wheel; test the one, try the other elsewhere.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,dist]"
	rm -rf build dist
	$(BIN)/python -m build --outdir dist
	$(PYTHON) -m venv dist/venv
	dist/venv/bin/python -m pip install --quiet --constraint constraints.txt \
		"$$(echo dist/*.whl)[cli]"
	tests/first_steps.sh dist/venv/bin
	tar -xzf dist/*.tar.gz -C dist
	cd dist/skdiffuasr-*/ && OMP_NUM_THREADS=1 ../../$(BIN)/python -m pytest --quiet \
		tests/test_contributing.py tests/test_docs.py tests/test_release.py tests/test_summary.py

docs: $(INSTALLED) ## Build the documentation site in docs/_build/html.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,docs]"
	rm -rf docs/api docs/generated docs/notebooks
	$(BIN)/python -m sphinx -W --keep-going -n -b html docs docs/_build/html

linkcheck: docs ## Check the links of the site that lead elsewhere.
	$(BIN)/python -m sphinx -b linkcheck -D plot_gallery=0 docs docs/_build/linkcheck

lint: $(INSTALLED) ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict --follow-imports=silent tests/typing/user_script.py

format: $(INSTALLED) ## Rewrite the code in the house style.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove everything that the other targets made.
	rm -rf $(VENV) build dist benchmarks/.peers mutants docs/_build docs/api docs/gallery docs/generated docs/notebooks .pytest_cache .mypy_cache .ruff_cache .hypothesis demo_report.md
