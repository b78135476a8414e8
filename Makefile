# make run    start the app, in the browser      make run PORT=8600    on another port
# make test   the whole suite                    make check            what CI asks: style, types, tests

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8501
BIN = $(VENV)/bin

.PHONY: run test check lint types format benchmark dev clean

run: $(VENV)/.installed
	@echo "The visualizer opens at http://localhost:$(PORT) (Ctrl+C stops it)"
	@$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: dev
	$(BIN)/python -m pytest

check: lint types test

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

format: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

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
