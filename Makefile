# Everything runs in .venv, made here on first use; nothing outside this folder is touched.
# Paths are relative, so that the folder's own name may hold spaces.

PYTHON ?=
VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip install --quiet --disable-pip-version-check
N ?= 1000

.DEFAULT_GOAL := help
.PHONY: help demo test test-cluster fuzz bench bench-peers lint clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(VENV)/.installed ## install, run the main job (maintenance margin, quick form), draw its figures
	@$(RUN)/firesale experiment experiments/maintenance_margin

test: $(VENV)/.installed-test ## install with the test extra, run the whole suite; what is timed runs alone
	@$(RUN)/python -m pytest tests/engine/test_compile.py
	@$(RUN)/python -m pytest -n 2 --dist loadfile --ignore=tests/engine/test_compile.py

test-cluster: $(VENV)/.installed-test ## a sweep through a real SLURM of one node (root; packages slurm-wlm and munge)
	@$(RUN)/python tests/cluster/run.py

fuzz: $(VENV)/.installed-test ## longer property tests: make fuzz N=5000 examples
	@FIRESALE_FUZZ_EXAMPLES=$(N) $(RUN)/python -m pytest tests -k "random or fuzz or conserv" -p no:xdist

bench: $(VENV)/.installed ## speed and memory, one JSON object
	@$(RUN)/firesale bench --json

bench-peers: $(VENV)/.installed .venv-peers/.installed ## the same work beside bourse, PAMS and plain Mesa
	@$(RUN)/python benchmarks/peers/compare.py --peers-python .venv-peers/bin/python

lint: $(VENV)/.installed-test ## ruff, mypy, floors
	@$(RUN)/python -m ruff check .
	@$(RUN)/python -m mypy
	@$(RUN)/lint-imports

clean: ## remove environments and caches
	@rm -rf .venv .venv-peers build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# $(call make_venv,folder): the first interpreter that is new enough.
define make_venv
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if command -v $$python >/dev/null 2>&1 && \
	     $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    $$python -m venv $(1) || { echo "firesale: $$python cannot make a virtual environment; install its venv module." >&2; exit 1; }; \
	    exit 0; \
	  fi; \
	done; \
	echo "firesale needs Python 3.11 or newer; found: $$(python3 --version 2>&1 || true). Set PYTHON=/path/to/python3.11." >&2; \
	exit 1
endef

$(VENV)/.made:
	$(call make_venv,$(VENV))
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "Installing firesale into $(VENV) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.made pyproject.toml
	@echo "Installing firesale with its test tools into $(VENV) ..."
	@$(PIP) -e '.[test]'
	@touch $@ $(VENV)/.installed

.venv-peers/.made:
	$(call make_venv,.venv-peers)
	@touch $@

.venv-peers/.installed: .venv-peers/.made benchmarks/peers/requirements.txt
	@echo "Installing the peers into .venv-peers ..."
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers/requirements.txt
	@touch $@
