PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
# Small tensors: a process a core is faster than a thread a core.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-gpu smoke bench lint docs clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv with the package, its tools and its docs (PYTHON=... chooses the interpreter)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON): expected Python 3.11 or newer; say which, as in: make setup PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -e '.[dev,docs]'
	@touch $@

DEMO := -c configs/experiment/demo.yaml --ckpt_path last

demo: setup  ## train a DDPM on the 1D mixture, sample it, judge the samples, and write a page that shows them (goes on after a kill)
	$(BIN)/modeinterp fit $(DEMO)
	$(BIN)/modeinterp test $(DEMO) --run.overwrite true
	$(BIN)/modeinterp report runs/demo/seed_0

test: setup  ## run the tests, but for the slow ones
	$(PYTEST) -n auto --dist loadfile --no-loadscope-reorder

test-slow: setup  ## run the slow tests (most of an hour), and print what they counted
	$(PYTEST) -m slow -s

test-gpu: setup  ## run the tests that need a GPU
	$(PYTEST) -m gpu

smoke: setup  ## run every claim of the paper once, tiny, anew (a minute or two); gives no verdict
	rm -rf runs/reproduce/smoke
	$(BIN)/modeinterp reproduce --preset smoke

bench: setup  ## measure speed and memory (an hour; AUTHORS=PATH compares with a clone of the authors' code)
	for name in training sampling memory; do \
	  $(BIN)/python -W ignore benchmarks/$$name.py $(if $(AUTHORS),--authors $(AUTHORS)) || exit 1; done
	$(BIN)/python -W ignore benchmarks/sampling.py $(if $(AUTHORS),--authors $(AUTHORS)) \
	  --num-samples 16384 --num-steps 100 --name sampling_many --threads 1 --rounds 7
	for name in threads lightning_overhead scaling numerics images shapes_rates watching; do $(BIN)/python -W ignore benchmarks/$$name.py || exit 1; done
	$(BIN)/python benchmarks/report.py

lint: setup  ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup  ## build the documentation into site/
	$(BIN)/mkdocs build --strict

clean:  ## remove .venv, caches and builds; runs/ stays
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
