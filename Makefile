# Two commands do all the set-up: `make demo` and `make test`. Each creates the environment it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo/shop

.PHONY: help demo test faults check docs format clean

help:
	@echo "make demo    the example document becomes a running database, code, a backup and a drill"
	@echo "make test    all tests, the slow sweeps bounded"
	@echo "make faults  kills, damage, full disks and the like, in their long form"
	@echo "make check   lint, formatting, strict types, the rooms' import rules"
	@echo "make docs    write the pages that are made of the code's own words"
	@echo "make format  format the code"
	@echo "make clean   remove the environment and the demo (stopping its server first)"

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "dbdeed needs Python 3.11 or newer; set PYTHON=…")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 3; }
	@echo "Creating the environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable ".[all]" --group dev
	@touch $@

# A copy, so that the tracked example stays as it is.
demo: $(STAMP)
	@mkdir -p $(DEMO)
	@test -f $(DEMO)/DATABASE.md || cp examples/shop/DATABASE.md $(DEMO)/DATABASE.md
	@cd $(DEMO) && ../../$(BIN)/dbdeed up

test: $(STAMP)
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow" $(ARGS)

# Every fault in its long form: 200 kills and more, and damage anywhere. A worker has a store's server and a cluster of
# its own; most of a run is spent waiting.
faults: $(STAMP)
	@$(BIN)/python -m pytest -n auto --dist worksteal tests/recovery/faults $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/derive_sync.py --check

# Pages that are made of the code's own words.
docs: $(STAMP)
	@$(BIN)/python -m dbdeed.cli.reference > docs/commands.md
	@$(BIN)/python -m dbdeed.rules.document > docs/rules.md

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	@if test -d $(DEMO) && test -x $(BIN)/dbdeed; then cd $(DEMO) && ../../$(BIN)/dbdeed stop || true; fi
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
