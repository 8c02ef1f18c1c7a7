# Every command of this project; `make help` lists them.
#
# All of it stays inside the checkout: packages in .venv, downloads in .cache.  Paths are relative,
# so that a folder with a space in its name works, too.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:

# Settings, for the command line: `make test PYTEST_ARGS="-k seal" WORKERS=2`.
PYTHON ?=
PYTEST_ARGS ?=
# One more than there are processors: many tests wait for the programs that they start.
WORKERS ?= $(shell expr `getconf _NPROCESSORS_ONLN` + 1)
UPGRADE ?=

BIN := .venv/bin
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

# Settings of the caller's Python must not leak into ours; a pip configuration (a mirror) may.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_USER := 0
INSIDE = TMPDIR="$$PWD/.cache/tmp" PIP_CACHE_DIR="$$PWD/.cache/pip" UV_CACHE_DIR="$$PWD/.cache/uv"
PIP = $(INSIDE) $(BIN)/python -m pip -qq
SAY = @printf '==> %s\n'

.PHONY: help demo test builds unit live lint docs bench constraints clean FORCE

help: ## list the targets
	@awk -F ': .*## |: ## ' '/^[a-z]+: .*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: .venv/.project ## set up, then run the seeded story on a scratch copy, offline
	$(SAY) 'workflow demo'
	@$(BIN)/workflow demo

test: .venv/.dev .venv/.project builds ## set up, then run every test
	$(SAY) 'pytest'
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

builds: .venv/.dev ## unpack the programs of newer Debian suites that tests need, into .cache
	$(SAY) 'nginx with HTTP/3, an older nginx, and systemd-analyze, from Debian packages'
	@$(BIN)/python -m tests.debian_builds || case "$${CI:-}" in ""|0|false) ;; *) exit 1 ;; esac

unit: .venv/.dev .venv/.project ## run the tests that take seconds
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/unit $(PYTEST_ARGS)

live: .venv/.dev .venv/.project ## ask the real vendors a few small questions, each that has a key
	@$(BIN)/python -m tests.live.live

lint: .venv/.dev .venv/.project ## ruff, formatting, types, import layers
	$(SAY) 'ruff check'
	@$(BIN)/ruff check --quiet
	$(SAY) 'ruff format --check'
	@$(BIN)/ruff format --check --quiet
	$(SAY) 'mypy'
	@$(BIN)/mypy workflow tests $(wildcard bench/*.py bench/nginx/*.py)
	$(SAY) 'lint-imports'
	@$(BIN)/lint-imports

RULES := docs/rules.md docs/nginx-rules.md policies/policy.schema.json

docs: .venv/.dev .venv/.project ## check that what is generated from the code is up to date
	$(SAY) 'docs/reference.md, docs/rules.md, docs/nginx-rules.md and policies/policy.schema.json'
	@$(BIN)/python -m workflow.cli.reference --check docs/reference.md
	@$(BIN)/python -m workflow.cli.rules_page --check $(RULES)

bench: .venv/.dev .venv/.project ## run each benchmark in bench/ that fetches nothing
	@for script in bench/*.py; do \
	    case "$$script" in bench/nginx_*) continue ;; esac; \
	    printf '==> %s\n' "$$script"; \
	    $(BIN)/python "$$script" || exit; \
	done

clean: ## remove the environment and every cache
	rm -rf .venv .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	@find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the pins -----------------------------------------------------------------------------------
# Every version that pyproject.toml asks for, with the hashes of all its files, for every platform.
# Pins stay as they are unless pyproject.toml forces a change; `make constraints UPGRADE=1` renews.

COMPILE = $(INSIDE) $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
    --no-python-downloads --generate-hashes --custom-compile-command 'make constraints' \
    $(if $(UPGRADE),--upgrade) --extra demo --group build

# Works on a copy and replaces the file only when it differs: a newer file means a new environment.
define PIN
$(SAY) 'constraints/$(1).txt'
@cp constraints/$(1).txt .cache/tmp/
@$(COMPILE) $(2) --output-file .cache/tmp/$(1).txt
@cmp -s .cache/tmp/$(1).txt constraints/$(1).txt || cp .cache/tmp/$(1).txt constraints/
endef

constraints: .venv/.dev ## pin again after a change in pyproject.toml (UPGRADE=1: newest versions)
	$(call PIN,demo,)
	$(call PIN,dev,--group dev --constraints constraints/demo.txt)

# --- the environment ----------------------------------------------------------------------------
# Stamps live in .venv and are written last, so that an interrupted step is not believed complete.
# .venv/.installing marks an installation in progress: one that is found at the start was cut off.
# An environment holds absolute paths, so a moved or copied checkout needs a new one.

BROKEN := $(shell [ -x $(BIN)/python ] && [ ! -e .venv/.installing ] \
    && [ "$$(cat .venv/.made-for 2>/dev/null)" = "$$(pwd -P)" ] || echo FORCE)

FORCE:

.venv/.made-for: constraints/demo.txt constraints/dev.txt $(BROKEN)
	@command -v git >/dev/null || { \
	    echo 'error: git is missing' >&2; \
	    echo 'hint: apt-get install git' >&2; exit 1; }
	@python=; too_old=; no_venv=; \
	for name in $(PYTHONS); do \
	    version=$$($$name -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	    if ! $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	        too_old="$$too_old $$name=$$version"; \
	    elif ! $$name -c 'import venv, ensurepip' 2>/dev/null; then \
	        no_venv="$$no_venv $$name=$$version"; \
	    else \
	        python=$$name; break; \
	    fi; \
	done; \
	if [ -n "$$python" ]; then \
	    printf '==> .venv with Python %s (%s)\n' "$$version" "$$python"; \
	elif [ -n "$$no_venv" ]; then \
	    echo "error:$$no_venv has no venv and ensurepip modules" >&2; \
	    echo 'hint: apt-get install python3-venv' >&2; exit 1; \
	else \
	    echo "error: no Python 3.11 or newer; looked for $(PYTHONS), found$${too_old:- none}" >&2; \
	    echo 'hint: apt-get install python3 python3-venv, or make PYTHON=/path/to/python3' >&2; exit 1; \
	fi; \
	rm -rf .venv && mkdir -p .cache/tmp && $(INSIDE) $$python -m venv .venv
	@pwd -P > $@

.venv/.demo: .venv/.made-for
	$(SAY) 'the packages pinned in constraints/demo.txt'
	@touch .venv/.installing
	@$(PIP) install --only-binary :all: --require-hashes --requirement constraints/demo.txt
	@rm .venv/.installing && touch $@

.venv/.dev: .venv/.demo
	$(SAY) 'the developer tools pinned in constraints/dev.txt'
	@touch .venv/.installing
	@$(PIP) install --only-binary :all: --require-hashes --requirement constraints/dev.txt
	@rm .venv/.installing && touch $@

.venv/.project: .venv/.demo pyproject.toml workflow/__init__.py
	$(SAY) 'this project, editable'
	@touch .venv/.installing
	@$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@rm .venv/.installing
	@found=$$($(BIN)/python -m pip check) || { \
	    printf '%s\n' "$$found" 'error: pyproject.toml asks for what constraints/ does not pin' >&2; \
	    echo 'hint: make constraints' >&2; exit 1; }
	@touch $@
