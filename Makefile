# Two commands: `make demo` verifies a real forest; `make test` runs every check. Both make their own environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := out/demo
KEYS := out/keys
PROJECT := data-samples/romania
export PREFECT_HOME ?= $(CURDIR)/.cache/prefect

.PHONY: help samples demo delta schedule notebook interop test test-all lint lock clean bench
help:
	@echo "make demo      verify a real forest from 139 Sentinel-2 scenes, check and replay the result"
	@echo "make delta     the same for a simulated mangrove project with sample and plots: a creditable result"
	@echo "make test      linters, types, layers and tests (make test-all: the slow ones too)"
	@echo "make schedule  serve the sample project on a cron, with an embedded Prefect server"
	@echo "make notebook  execute the audit notebook on the demo's output"
	@echo "make bench     detector, intervals, Monte Carlo and whole runs held against what is known; what a check costs"
	@echo "make lock      pin the requirements again"

$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  --config-settings editable_mode=compat -e .
	@touch $@

$(KEYS)/demo.pem: | $(VENV)/.ready
	@mkdir -p $(KEYS)
	@$(BIN)/mrv keys new $@ --trust $(KEYS)/trust.json

samples: $(VENV)/.ready
	@$(BIN)/python data-samples/make.py romania
	@$(BIN)/python data-samples/make.py delta

demo: samples $(KEYS)/demo.pem
	@$(BIN)/python -m flows.verify $(PROJECT) --key file:$(KEYS)/demo.pem --out $(DEMO)
	@echo; echo "mrv check: is it signed by a key we trust, closed, consistent, and is the evidence whole?"
	@$(BIN)/mrv check $(DEMO)/attestation.json --trust $(KEYS)/trust.json --no-asset --evidence $(DEMO)/evidence
	@echo; echo "mrv replay: does anyone get the same integers from the same evidence?"
	@$(BIN)/mrv replay $(DEMO)/attestation.json --store $(DEMO)/evidence
	@echo; echo "open $(DEMO)/report.html"

delta: samples $(KEYS)/demo.pem
	@$(BIN)/mrv run data-samples/delta --key file:$(KEYS)/demo.pem --out out/delta
	@$(BIN)/mrv check out/delta/attestation.json --trust $(KEYS)/trust.json --no-asset --evidence out/delta/evidence
	@$(BIN)/mrv replay out/delta/attestation.json --store out/delta/evidence

schedule: samples $(KEYS)/demo.pem
	$(BIN)/python -m flows.schedule $(PROJECT) --key file:$(KEYS)/demo.pem --out out/schedule

notebook: $(VENV)/.ready
	MRV_ATTESTATION=$(DEMO) $(BIN)/python notebooks/execute.py

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Other people's verifiers. Without npm, or without what a lockfile names, their tests skip, saying so.
interop:
	@for folder in $(dir $(wildcard tests/interop/package-lock.json tests/interop/*/package-lock.json)); do \
	  command -v npm >/dev/null && npm ci --silent --no-audit --no-fund --prefix $$folder \
	    || echo "$$folder: npm ci did not succeed; the tests that need it skip"; \
	done

test: samples lint interop
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: samples lint interop
	$(BIN)/python -m pytest -n 2 --dist loadfile -m ""

bench: samples
	$(BIN)/python benchmarks/two_date.py
	$(BIN)/python benchmarks/interval_coverage.py
	$(BIN)/python benchmarks/monte_carlo.py
	$(BIN)/python benchmarks/calibration.py --worlds 60 --jobs 2
	$(BIN)/python benchmarks/detectors.py shared
	$(BIN)/python benchmarks/detectors.py worlds
	$(BIN)/python benchmarks/step_confidence.py
	$(BIN)/python benchmarks/roofline.py
	$(BIN)/python benchmarks/bfast_parity.py
	$(BIN)/python benchmarks/annual_segments.py
	$(BIN)/python benchmarks/real_series.py
	$(BIN)/python benchmarks/gmw_cleaning.py
	$(BIN)/python benchmarks/check.py

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --no-annotate --extra dev pyproject.toml requirements-build.in -o requirements.txt

clean:
	rm -rf $(VENV) out .cache data-samples/*/build
