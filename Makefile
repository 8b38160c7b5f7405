# make demo: a first run and its report.   make test: every check.   Each target makes the environment it needs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first Python of the supported ones that really starts (a version manager's shim may name one that is not there).
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
# Named on the command line it may be one that only pyenv's own folder has; an environment of another is made anew.
ifeq ($(origin PYTHON),command line)
NAMED := $(PYTHON)
override PYTHON := $(shell for python in $(NAMED) $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$(NAMED:python%=%).*/bin/python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
anew = $(if $(filter-out $(PYTHON),$(shell cat $(1)/stamp 2>/dev/null)),anew)
endif
DATA := $(wildcard $(CURDIR)/../shared/data)
ifneq ($(DATA),)
export CITYTIDE_DATA ?= $(realpath $(DATA))
endif

# Parts of `make test` that run beside the unit tests.
BESIDE := lint simulator test-slurm

.PHONY: anew help demo test lint unit simulator slurm test-slurm test-ptx gpu test-versions soak look docs clean $(BESIDE:%=beside-%)

help:
	@echo "make demo      build a synthetic city, draw its map, assign its traffic: runs/demo; then with its busiest road closed"
	@echo "make test      every check that needs no GPU: style, types, layers, tests, CUDA simulator"
	@echo "make slurm     install Slurm's Debian packages, for the private Slurm that tests and sandbox start"
	@echo "make test-ptx  compile the device code for compute capability 8.0 and 9.0, without a GPU"
	@echo "make gpu       measure the GPU of this machine within 8 minutes: a JSON file and a table; GPU_ARGS='--only regrid'"
	@echo "make test-versions  install the wheel under Python 3.11 with the lowest releases, 3.12 and 3.13 with the newest, and run it"
	@echo "make soak      kill runs N=20 times each way, here and on a private Slurm, and compare their bytes"
	@echo "make look      photograph the demo's report in headless Chromium, wide and narrow"
	@echo "make docs      write the documentation as a static site into build/site, and check its links"
	@echo "make clean     remove environments, caches and the demo's run"

# $(call environment,FOLDER,EXTRAS): made anew when pyproject.toml has changed
define environment
	@[ -n "$(PYTHON)" ] || { echo "no $(or $(NAMED),Python) here that starts and is 3.11 or newer:" \
		"apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(1)
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2)
	echo $(PYTHON) > $@
endef

EXTRAS := docs,run,fonts,slurm
.venv/stamp: pyproject.toml $(call anew,.venv)
	$(call environment,.venv,--editable ".[$(EXTRAS)]")

.venv-test/stamp: pyproject.toml $(call anew,.venv-test)
	$(call environment,.venv-test,--editable ".[test]")

# Not the product's own environment: numba-cuda takes over numba.cuda, and the product is tested without it.
.venv-ptx/stamp: pyproject.toml $(call anew,.venv-ptx)
	$(call environment,.venv-ptx,--editable ".[gpu-check]")

demo: .venv/stamp
	@[ -e runs/demo-city.zarr ] || .venv/bin/citytide city build --synthetic --name "Synthetic city" --out runs/demo-city.zarr
	.venv/bin/citytide city show runs/demo-city.zarr
	@if [ -e runs/demo/run.json ]; then .venv/bin/citytide resume runs/demo; \
	else .venv/bin/citytide run traffic-assignment --set network=runs/demo-city.zarr --set demand_factors=0.8,1.0,1.2 \
		--out runs/demo; fi
	@[ -e runs/demo-closed.csv ] || printf 'scenario,from,to,capacity_factor\nclosed,192,193,0\nclosed,193,192,0\n' > runs/demo-closed.csv
	@if [ -e runs/demo-closed/run.json ]; then .venv/bin/citytide resume runs/demo-closed; \
	else .venv/bin/citytide run traffic-assignment --set network=runs/demo-city.zarr --set scenarios=runs/demo-closed.csv \
		--out runs/demo-closed; fi
	.venv/bin/citytide compare runs/demo runs/demo-closed --at scenario=base@1.0=closed@1.0 --out runs/demo-differences.svg
	@echo "map:    $(CURDIR)/runs/demo-city.png"
	@echo "report: $(CURDIR)/runs/demo/report.html"
	@echo "map of differences: $(CURDIR)/runs/demo-differences.svg"

# Tests with a Slurm mostly wait for it, so the parts run at once, by their priority: Slurm, unit tests, the rest.
# Every part runs to its end; the exit code counts all of them. Ctrl-C stops all of them.
test: .venv-test/stamp .dev/citytide
	@rm -rf .test-logs && mkdir .test-logs
	@echo "make test runs four parts at once: unit tests, whose output follows, and $(BESIDE), whose output comes at the end"
	@$(MAKE) --no-print-directory --jobs=4 --keep-going unit $(BESIDE:%=beside-%) || failed=1; \
	for part in $(BESIDE); do printf '\n==== make %s\n' $$part; cat .test-logs/$$part.log; done; exit $${failed:-0}

$(BESIDE:%=beside-%): beside-%:
	@$(MAKE) --no-print-directory $* >.test-logs/$*.log 2>&1 || { echo "make $* failed: see .test-logs/$*.log" >&2; exit 1; }

# Links to the rooms under the package's name, for type checkers; an sdist does not carry them.
.dev/citytide:
	mkdir -p $@
	for name in benchmarks datasets hpc kernels workflows __init__.py __main__.py py.typed; do ln -s ../../$$name $@/$$name; done

lint: .venv-test/stamp .dev/citytide
	nice -n 10 .venv-test/bin/ruff check .
	nice -n 10 .venv-test/bin/ruff format --check .
	nice -n 10 .venv-test/bin/mypy

# Modules are handed out in the order of tests/conftest.py: those that take longest begin.
unit: .venv-test/stamp .dev/citytide
	nice -n 5 .venv-test/bin/python -m pytest -n 2 --dist loadfile

# The simulator is chosen when numba is imported, so it has a process of its own.
simulator: .venv-test/stamp
	NUMBA_ENABLE_CUDASIM=1 nice -n 10 .venv-test/bin/python -m pytest -m cuda tests/cuda

# A Slurm of its own, started and stopped by the tests; without its packages (make slurm) they skip and say so.
test-slurm: .venv-test/stamp
	.venv-test/bin/python -m pytest -m "slurm and not soak" -n 2 tests

# `apt-get update` does not wait for its lock, whatever DPkg::Lock::Timeout says; `install` does.
APT_WAIT_S ?= 5
SLURM_PACKAGES := slurmctld slurmd slurmdbd slurm-client munge mariadb-server
slurm:
	@if ! dpkg-query --show $(SLURM_PACKAGES) >/dev/null 2>&1; then \
		[ "$$(id -u)" = 0 ] && run= || run=sudo; \
		until told=$$(LC_ALL=C $$run apt-get update --quiet=2 2>&1); do \
			case "$$told" in *"Could not get lock"*) echo "another program holds apt's lock: waiting"; sleep $(APT_WAIT_S);; \
			*) echo "$$told" >&2; exit 1;; esac; done; \
		DEBIAN_FRONTEND=noninteractive $$run apt-get -o DPkg::Lock::Timeout=600 install --quiet=2 --yes --no-install-recommends $(SLURM_PACKAGES); fi
	@echo "Slurm $$(slurmctld -V | cut -d' ' -f2) is here; none of its services is started"

test-ptx: .venv-ptx/stamp
	.venv-ptx/bin/python -m pytest --confcutdir=tests/cuda -m ptx tests/cuda/*ptx.py

# Nothing is installed for it: a machine with a GPU often has numba-cuda, and no way to a package index. The first
# Python here with numba-cuda runs it, else the first with Numba, which says what is missing.
GPU_ARGS ?=
gpu: .dev/citytide
	@chosen=; for needed in "numba_cuda, click" "numba, click"; do \
		for python in .venv-gpu/bin/python .venv-ptx/bin/python $(PYTHON) python3 .venv-test/bin/python; do \
			[ -z "$$chosen" ] && $$python -c "import $$needed" 2>/dev/null && chosen=$$python; done; done; \
	[ -n "$$chosen" ] || { echo "a GPU is measured with numpy, scipy, numba, numba-cuda and click, and no Python here has" \
		"them: pip install 'citytide[gpu-cuda13]' click pytest" >&2; exit 1; }; \
	PYTHONPATH=.dev$${PYTHONPATH:+:$$PYTHONPATH} $$chosen -m citytide.benchmarks.gpu $(GPU_ARGS)

# A wheel in fresh environments: the oldest Python with the lowest declared releases, the others with the newest.
test-versions: .venv-test/stamp
	.venv-test/bin/python -m pytest -m versions tests/versions -o faulthandler_timeout=0 --durations=1

# Kills drivers, schedulers, workers and jobs N times at random moments, and reads 3,000 files of floods and 3,000
# of roads in random dresses; `make test` does so a few times.
N ?= 20
soak: .venv-test/stamp
	CITYTIDE_KILLS=$(N) .venv-test/bin/python -m pytest tests/hpc/execution/test_execution.py -k killed
	CITYTIDE_KILLS=$(N) .venv-test/bin/python -m pytest -m "slurm and soak" -n 2 tests/hpc
	CITYTIDE_DRAWS=3000 .venv-test/bin/python -m pytest tests/fuzz/test_flood_formats.py tests/fuzz/test_road_formats.py -k misread

look: .venv/stamp
	@command -v chromium >/dev/null || { echo "no chromium here: apt-get install chromium" >&2; exit 1; }
	@[ -e runs/demo/report.html ] || $(MAKE) demo
	.venv/bin/python tests/look.py runs/demo/report.html

docs: .venv/stamp
	.venv/bin/python docs/website.py build/site

clean:
	rm -rf .venv-test .venv-ptx .hypothesis .import_linter_cache .mypy_cache .numba_cache .pytest_cache .ruff_cache .test-logs build dist runs/demo runs/demo-city.* runs/demo-closed runs/demo-closed.csv runs/demo-differences.svg
