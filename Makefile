# make run    start the app, in the browser      make run PORT=8600    on another port
# make run HOST=0.0.0.0 CLASS=class.toml         for a class: docs/teaching.md
# make run HOST=0.0.0.0 SERVER=server.toml       for everybody: docs/deploy.md
# make test   the whole suite                    make check            what CI asks: style, types, tests
# make audit  known vulnerabilities of what is installed
# make fuzz   hostile input, 20,000 cases and more      make fuzz SEED=1     the same ones again
# make messages   what the program says goes into assets/translations; write what is missing there, and run it again

SEED ?= $(shell date +%s)
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8501
HOST ?=
CLASS ?= $(ATTENTION_CLASS)
SERVER ?= $(ATTENTION_SERVER)
BIN = $(VENV)/bin

ifneq ($(CLASS),)
export ATTENTION_CLASS := $(abspath $(CLASS))
endif
ifneq ($(SERVER),)
export ATTENTION_SERVER := $(abspath $(SERVER))
endif

.PHONY: run test check lint types format fuzz messages audit benchmark dev clean

run: $(VENV)/.installed
	$(if $(CLASS),@$(BIN)/python -m viz_core.ui.classroom)
	$(if $(SERVER),@$(BIN)/python -m viz_core.ui.server)
	@echo "The visualizer opens at http://localhost:$(PORT) (Ctrl+C stops it)"
	@$(BIN)/python -m streamlit run app.py --server.port $(PORT) $(if $(HOST),--server.address $(HOST))

test: dev
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

check: lint types test

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

format: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: dev
	$(BIN)/python -m tests.catalogues

audit: dev
	$(BIN)/python -m tests.audit

fuzz: dev
	$(BIN)/python -m pytest tests/fuzz tests/browser/test_payloads.py --hypothesis-profile=nightly --hypothesis-seed=$(SEED) --numprocesses logical --maxprocesses 4 --dist worksteal

benchmark: dev
	$(BIN)/python -m tests.benchmarks

dev: $(VENV)/.installed-dev

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A stamp is touched only after pip succeeded, so an interrupted installation is taken up again.
$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.version_info >= (3, 11) or sys.exit(f"$(PYTHON) is Python {v}; this needs 3.11 or newer. Point to one: make $(MAKECMDGOALS) PYTHON=python3.12")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@echo "Installing requirements.txt into $(VENV); the first time takes a few minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --requirement requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --requirement requirements-dev.txt
	@touch $@
