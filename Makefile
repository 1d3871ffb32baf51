# make setup | demo | test | check | translations | bench | interop | screenshots
# Every target builds what it needs first; nothing is installed outside .venv and .cache.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup demo test check translations bench interop screenshots reference lock clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/	/'

$(STAMP): pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; here it is $$($(PYTHON) --version). Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "setup: building $(VENV) (once; a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP)  ## build .venv from the hash-locked requirements

demo: $(STAMP)  ## a sandbox EHR with the plug-in in it; prints one address
	@exec $(BIN)/rom demo

test: $(STAMP)  ## all tests but those against foreign software (under ten minutes)
	@$(BIN)/python -m tests.preflight
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not interop"

check: $(STAMP)  ## ruff, mypy --strict, import contracts, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

# No line numbers and no time of extraction: a catalogue changes when its words do.
WORDS := server/translations
translations: $(STAMP)  ## bring the catalogues up to date with the code, and check them
	@$(BIN)/pybabel --quiet extract -F pyproject.toml -o $(WORDS)/messages.pot --project=rom-on-fhir \
	  --header-comment="# Every word of the interface, for translators: docs/how-to/translate.md" \
	  --width=88 --add-location=file --sort-by-file smart_app cds_hooks server
	@grep -v '^"POT-Creation-Date' $(WORDS)/messages.pot > $(WORDS)/.pot && mv $(WORDS)/.pot $(WORDS)/messages.pot
	@$(BIN)/pybabel --quiet update -i $(WORDS)/messages.pot -d $(WORDS) --width=88 --no-fuzzy-matching --ignore-pot-creation-date
	$(BIN)/python -m pytest -q tests/architecture/test_translations.py

interop: $(STAMP)  ## against software that nobody here wrote (HAPI FHIR, validator, Spark)
	$(BIN)/python -m pytest -m interop

bench: $(STAMP)  ## figures, each a ratio within one run, into docs/reference (an hour)
	@mkdir -p .cache/figures
	$(BIN)/python -m benchmarks.figures .cache/figures > .cache/figures/page.md
	@cp .cache/figures/page.md docs/reference/figures.md

screenshots: $(STAMP)  ## walk the journey in Chromium, pictures in docs/screenshots
	$(BIN)/python -m tests.journeys.screenshots docs/screenshots

reference: $(STAMP)  ## write the generated pages of docs/reference
	@$(BIN)/python -m server.instruments_reference
	@$(BIN)/python -m server.settings_reference > docs/reference/configuration.md
	@$(BIN)/python -m tests.spec.signal_tables > docs/reference/signals.md
	@$(BIN)/python -m tests.support_reference > docs/reference/support.md

lock: ## renew the hash-locked requirements (needs uv)
	uv pip compile pyproject.toml --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/run.txt
	uv pip compile pyproject.toml requirements/build.in --extra test --extra dev --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/dev.txt

clean:  ## remove what the targets above have made
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
