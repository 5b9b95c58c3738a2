# Every target makes its own environment in .venv and installs what it needs; the stamps in
# .venv make the second time quick. PYTHON=... names another Python, NO_UV=1 keeps to pip.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help demo test browser lint format docs screenshots bench fuzz clean

export PYTHON NO_UV

BIN := .venv/bin
SAMPLE ?= group4
DEMO := demo_case

help:
	@echo "make demo         score a sample case and say where the report is"
	@echo "make test         run the tests"
	@echo "make browser      open the pages in Chromium: accessibility, keyboard, print"
	@echo "make lint         check format, style, types and layers"
	@echo "make format       write the format that make lint checks"
	@echo "make docs         build the documentation site"
	@echo "make screenshots  take the pictures of the napari windows and of the report again"
	@echo "make bench        measure speed, memory and accuracy"
	@echo "make fuzz         run the tests that take minutes"
	@echo "make clean        remove the environment and what was made"

# --- what people run ------------------------------------------------------------------------

demo: .venv/base.stamp
	$(BIN)/fishcount score sample_images/$(SAMPLE)/*.ome.tif --out $(DEMO) --overwrite
	@echo "Report: $(CURDIR)/$(DEMO)/report.html"

test: .venv/test.stamp
	$(BIN)/python -m pytest $(PYTEST)

# Not part of `make test`: it needs a Chromium, and fails where there is none.
browser: .venv/browser.stamp
	FISHCOUNT_BROWSER=1 $(BIN)/python -m pytest -m browser tests/report $(PYTEST)

lint: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/docs.stamp
	$(BIN)/python -m sphinx -W --keep-going -q -j auto docs docs/_build/html
	@echo "Documentation: $(CURDIR)/docs/_build/html/index.html"

screenshots: .venv/test.stamp
	xvfb-run -a -s "-screen 0 1500x950x24" $(BIN)/python docs/take_screenshots.py
	xvfb-run -a -s "-screen 0 1500x950x24" $(BIN)/python docs/take_review_screenshots.py
	@if command -v chromium >/dev/null || command -v google-chrome >/dev/null; \
	then $(BIN)/python docs/take_report_screenshots.py; \
	else echo "no Chromium: the pictures of the report stay as they are"; fi

bench: .venv/bench.stamp
	$(BIN)/python -m benchmarks
	$(BIN)/python docs/readme_figures.py

fuzz: .venv/test.stamp
	$(BIN)/python -m pytest -m slow $(PYTEST)

clean:
	rm -rf .venv $(DEMO) build dist docs/_build docs/reference/generated

# --- environments ---------------------------------------------------------------------------

.venv/base.stamp: pyproject.toml .ci/environment
	@.ci/environment
	@touch $@

.venv/dev.stamp: pyproject.toml .ci/environment
	@.ci/environment dev
	@touch $@

# The peers may not install everywhere; what is there is measured all the same.
.venv/bench.stamp: pyproject.toml .ci/environment
	@.ci/environment
	@.ci/environment bench || echo "the peers were not installed: their columns will be empty"
	@touch $@

.venv/docs.stamp: pyproject.toml .ci/environment
	@.ci/environment docs
	@touch $@

.venv/browser.stamp: pyproject.toml .ci/environment
	@.ci/environment test-browser
	@touch $@

# Where the viewer or the readers of vendors cannot be installed, the rest is tested all the same.
.venv/test.stamp: pyproject.toml .ci/environment .ci/system-libraries
	@.ci/system-libraries
	@.ci/environment test
	@.ci/environment test-viewer || echo "napari was not installed: tests of the viewer will skip"
	@.ci/environment vendor || echo "the readers of vendors were not installed: their tests will skip"
	@touch $@
