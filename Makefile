# The few verbs a newcomer needs. Everything lands in .venv; nothing outside this folder is touched.
PYTHON ?= python3
SOURCE ?= samples/kitchen.opus
MODELS ?= commands12 wake_computer wake_alexa
# A folder whose models/*.tflite are measured beside the published figures; without it, stand-ins of their shapes.
DATA ?= $(NUTHATCH_DATA)
BOARD ?= mps2-an386
MODEL ?= commands12
VENV := .venv
BIN := $(VENV)/bin
BUILD := pyproject.toml setup.py constraints.txt $(wildcard firmware/lib/frontend/*.c firmware/lib/frontend/*.h) edge/frontend/build_native.py

.PHONY: run test lint bench clean firmware-setup firmware

run: $(VENV)/.base
	$(BIN)/nuthatch run $(foreach m,$(MODELS),--model $(m)) --source $(SOURCE) --set store.folder=.cache/state

test: $(VENV)/.all firmware-setup
	$(BIN)/python -m pytest $(TESTS)

lint: $(VENV)/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.all
	$(BIN)/nuthatch bench wake_alexa --board native
	$(BIN)/nuthatch bench anchors $(if $(DATA),--data $(DATA)) --out docs/benchmarks

# PlatformIO in this checkout: its packages in firmware/.pio-core, nothing in ~/.platformio.
firmware-setup: firmware/.pio-core/.ready

firmware/.pio-core/.ready: $(VENV)/.boards $(wildcard firmware/tool-scons/* firmware/platform/*.json)
	$(BIN)/python firmware/tool-scons/install.py
	cd firmware && ../$(BIN)/pio pkg install -e mps2-an386
	touch $@

$(VENV)/.boards: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[boards]'
	touch $@

# From the clone to events of a board: builds, starts the emulator (or flashes), plays a recording into it.
firmware: firmware-setup
	$(BIN)/nuthatch flash $(MODEL) --board $(BOARD)
	$(BIN)/nuthatch play $(SOURCE) --board $(BOARD)

clean:
	rm -rf firmware/.pio firmware/.pio-core $(VENV) build *.egg-info edge/frontend/_native*.so .cache

# What a Pi needs to run the daemon: no torch, no test tools.
$(VENV)/.base: $(BUILD)
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 15) else "nuthatch needs Python 3.11 to 3.14, this is %d.%d: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[daemon]'
	touch $@

# torch by itself first, so that the pinned version is the one that everything else meets.
$(VENV)/.all: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,convert,boards,daemon,camera,dev]'
	touch $@
