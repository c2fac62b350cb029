# `make` or `make help` lists the targets. Everything is installed into .venv; nothing else is touched.
PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?=
PORT ?= 8000
WORKERS ?= 2

BIN := $(VENV)/bin
PY := PYTHONPATH=book/_ext $(BIN)/python
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SITE_READY := $(VENV)/.site-ready
ALL_READY := $(VENV)/.all-ready
# Peers come into an environment that sees .venv, and doesn't change what the tests run with.
BENCH := $(VENV)/bench
BENCH_READY := $(BENCH)/.ready
# One thread a process: small networks on threads that wait for each other are many times slower.
# --dist=loadfile keeps the cells of a notebook together and in their order.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --numprocesses=$(WORKERS) # WORKERS=0 runs one test after the other, WORKERS=auto uses all cores
CONSTRAIN := $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS),)
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help book serve zip notebooks test check format site-test test-notebooks-here bench publish clean python-is-new-enough chromium-is-there

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

book: $(SITE_READY) ## build the website from text and stored outputs (no torch needed)
	@$(PY) -m coursebook book

serve: book ## build the website and serve it on this machine
	@echo "Serving on http://localhost:$(PORT)/ - stop with Ctrl-C"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

zip: book ## pack the website into _build/course.zip, to read without a server
	@$(BIN)/python -c 'import shutil; shutil.make_archive("_build/course", "zip", "_build/html")'
	@echo "Packed _build/course.zip: unpack it and open index.html."

notebooks: $(ALL_READY) ## execute the chapters whose code or package changed, store all notebooks
	@$(PY) -m coursebook notebooks

test: $(ALL_READY) chromium-is-there ## prove everything: lint, types, unit tests, notebooks, website in a browser
	@echo "== Style and types"; $(MAKE) --no-print-directory check
	@echo "== Stored notebooks"; $(PY) -m coursebook notebooks --check
	@echo "== Website"; $(MAKE) --no-print-directory book
	@echo "== Tests, and website in a browser"
	@$(PYTEST) --dist=worksteal tests course_lib book/_ext
	@echo "== Notebooks, run again and compared"
	@$(PYTEST) --dist=loadfile --nbval-lax --nbval-cell-timeout=120 notebooks

check: $(ALL_READY) ## format, lint and types, changing nothing
	@$(BIN)/ruff format --check --quiet . || { echo "Run make format."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

format: $(ALL_READY) ## put the format of the Python files and of the chapters' cells right
	@$(PY) -m coursebook format
	@$(BIN)/ruff format --quiet . --exclude notebooks
	@$(BIN)/ruff check --quiet --fix . --exclude notebooks

site-test: $(ALL_READY) chromium-is-there book ## only the tests of the website in a browser
	@$(PYTEST) --dist=worksteal tests/test_site.py tests/test_site_labs.py

test-notebooks-here: ## run every notebook with the Python that is active and its torch (Colab's image)
	@$(PYTHON) -c 'import torch' || { echo "$(PYTHON) has no torch; this target is for a machine that has one, such as Colab's."; exit 1; }
	@before=$$($(PYTHON) -m pip freeze | grep -iE '^torch(vision)?\b'); \
	kept=$$(mktemp); $(PYTHON) -m pip freeze | grep -iE '^(torch|torchvision|numpy)==' > "$$kept" || true; \
	$(PYTHON) -m pip install --quiet --constraint "$$kept" --editable . nbval; \
	test "$$before" = "$$($(PYTHON) -m pip freeze | grep -iE '^torch(vision)?\b')" || { echo "torch changed"; exit 1; }
	@$(PYTHON) -m pytest -q -p no:cacheprovider --override-ini filterwarnings= --nbval-lax --nbval-cell-timeout=120 notebooks

bench: $(BENCH_READY) ## measure each claim of speed against a peer, for the page "Speed" (let nothing else run)
	@$(BENCH)/bin/python benchmarks/all_speed.py

publish: $(SITE_READY) ## notebooks for Colab below _build/colab; needs COURSE_REPOSITORY and REVISION
	@$(PY) -m coursebook publish --revision "$(REVISION)"

clean: ## remove what was built; keeps .venv
	@rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

python-is-new-enough:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or say make PYTHON=/path/to/python."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1); say make PYTHON=/path/to/a/newer/python."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "$(PYTHON) has no venv: install it (Debian: apt-get install python3-venv)."; exit 1; }

chromium-is-there:
	@test -n "$${CHROMIUM:-}" || command -v chromium chromium-browser google-chrome >/dev/null || { echo "The website is tested in Chromium, and there is none: install it (Debian: apt-get install chromium), or set CHROMIUM=/path/to/it."; exit 1; }

$(SITE_READY): pyproject.toml
	@test -x $(BIN)/python || $(MAKE) --no-print-directory python-is-new-enough
	@echo "Setting up $(VENV) for the website (once, less than a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"
	@$(PIP) install $(CONSTRAIN) --group site
	@touch $@

$(ALL_READY): pyproject.toml $(SITE_READY)
	@echo "Installing course_lib, torch and the test tools (once, a few minutes) ..."
	@$(PIP) install $(CONSTRAIN) --group test --editable .
	@touch $@

$(BENCH_READY): pyproject.toml $(ALL_READY)
	@echo "Installing the packages to compare with into $(BENCH) ..."
	@$(BIN)/python -m venv --clear --without-pip $(BENCH)
	@$(BIN)/python -c 'import site; print(f"import site; site.addsitedir({site.getsitepackages()[0]!r})")' \
		> "$$($(BENCH)/bin/python -c 'import site; print(site.getsitepackages()[0])')/course.pth"
	@$(PIP) --python $(BENCH)/bin/python install --group bench
	@$(PIP) --python $(BENCH)/bin/python install --no-deps --group bench-alone
	@touch $@
