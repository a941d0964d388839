PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help demo test test-slow bench lint format clean

help: ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: $(INSTALLED) ## Compare with and without augmentation on a synthetic log.
	$(BIN)/python -m skdiffuasr demo

test: $(INSTALLED) ## Run the tests, the doctests and the examples.
	$(BIN)/python -m pytest --quiet

test-slow: $(INSTALLED) ## Run the tests that take longer.
	$(BIN)/python -m pytest --quiet -m slow

bench: $(INSTALLED) ## Measure speed and memory; LOG=path names a log.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,plot]"
	$(BIN)/python -m benchmarks $(if $(LOG),--log "$(LOG)")

lint: $(INSTALLED) ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## Rewrite the code in the house style.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove everything that the other targets made.
	rm -rf $(VENV) benchmarks/.peers .pytest_cache .mypy_cache .ruff_cache .hypothesis demo_report.md
