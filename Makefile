# GNU make 3.81 and newer. `make` alone lists the commands.

PYTHON := .venv/bin/python
AZURITE := local_stack/azurite
# Model servers that the tests start, each in an environment of its own. `make servers` sets all of them up; that of
# Azure ML, which is small, `make test` and the second story do too.
AZUREML := .servers/azureml
MLSERVER := .servers/mlserver
# The first of these that is there. The last is the one whose lock file suits the others too.
MLSERVER_PYTHONS := 3.12 3.11 3.10
# The stamps are files, so a second start installs nothing.
PYTHON_READY := .venv/installed
AZURITE_READY := $(AZURITE)/node_modules/installed
AZUREML_READY := $(AZUREML)/installed
MLSERVER_READY := $(MLSERVER)/installed
COMPILE = CUSTOM_COMPILE_COMMAND='make lock' $(1) -m piptools compile --quiet --generate-hashes \
	--strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# `HOST=func make run` starts Core Tools. Other values of HOST are the shell's own (a machine's name).
STACK := $(PYTHON) -m local_stack $(if $(STORY),--story $(STORY)) $(if $(filter func,$(HOST)),--host func) $(ARGS)
STORY_READY := $(if $(filter azureml,$(STORY)),$(AZUREML_READY))

.PHONY: help run demo land test unit servers chaos guards bench doctor lint lock clean

help:
	@echo 'make run     the local stack, the main job, then retraining and taking over; Ctrl-C ends it;'
	@echo '             STORY=azureml tells of an online endpoint of Azure ML instead'
	@echo 'make demo    the main job alone, and exits: status 0 if the app confirmed the new model'
	@echo 'make land    in the stack that runs: trains another model, or FILE=my.ilearner, and lands it'
	@echo 'make test    every test'
	@echo 'make unit    the fast tests'
	@echo 'make servers installs real model servers for the tests, and runs the tests that need them'
	@echo 'make chaos   the attacks of tests/chaos in their full form; takes its time'
	@echo 'make guards  takes each guard of a promise away in a copy, and sees its test go red'
	@echo 'make bench   measures the app beside a bare script; FULL=1 at all sizes'
	@echo 'make doctor  finds what is wrong with the settings, storage and endpoints; changes nothing'
	@echo 'make lint    style, types and boundaries'
	@echo 'make lock    pins all packages anew; needs Python 3.10 as well, as a model server does'
	@echo 'make clean   removes all that set-up and runs have made'

# Ctrl-C reaches make and the stack alike. Who ends make by its pid sends SIGTERM: that make passes
# on, but not SIGINT, for which it only waits until the stack ends.
run: $(PYTHON_READY) $(AZURITE_READY) $(STORY_READY)
	@exec $(STACK)

demo: $(PYTHON_READY) $(AZURITE_READY) $(STORY_READY)
	@exec $(STACK) --demo

# make hands a variable of the command line on in the environment, blanks, quotes and all.
land: $(PYTHON_READY)
	@exec $(PYTHON) -m local_stack.land $(ARGS) $(if $(FILE),"$$FILE")

test: $(PYTHON_READY) $(AZURITE_READY) $(AZUREML_READY)
	@exec $(PYTHON) -m pytest -n 2 --dist loadfile $(ARGS)

unit: $(PYTHON_READY)
	@exec $(PYTHON) -m pytest tests/unit $(ARGS)

servers: $(PYTHON_READY) $(AZURITE_READY) $(AZUREML_READY) $(MLSERVER_READY)
	@exec $(PYTHON) -m pytest tests/integration tests/e2e -m real_server --full -n 2 --dist loadfile $(ARGS)

chaos: $(PYTHON_READY) $(AZURITE_READY)
	@exec $(PYTHON) -m pytest tests/chaos --full -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

guards: $(PYTHON_READY) $(AZURITE_READY)
	@exec $(PYTHON) scripts/try_guards.py

bench: $(PYTHON_READY) $(AZURITE_READY)
	@exec $(PYTHON) -m bench --sizes $(if $(FULL),full,short) $(ARGS)

doctor: $(PYTHON_READY)
	@exec $(PYTHON) -m doctor $(ARGS)

lint: $(PYTHON_READY)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .
	$(PYTHON) scripts/check_boundaries.py

lock: $(PYTHON_READY)
	@scripts/find-python $(lastword $(MLSERVER_PYTHONS)) > /dev/null
	$(call COMPILE,$(PYTHON)) --output-file requirements.txt pyproject.toml
	$(call COMPILE,$(PYTHON)) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	$(call COMPILE,$(PYTHON)) --output-file requirements-azureml.txt requirements-azureml.in
	python=$$(scripts/make-pip-tools $(lastword $(MLSERVER_PYTHONS))) && \
	$(call COMPILE,$$python) --output-file requirements-mlserver.txt requirements-mlserver.in

clean:
	rm -rf .venv .servers $(AZURITE)/node_modules .local .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON_READY): requirements-dev.txt scripts/install-python-packages
	@scripts/install-python-packages requirements-dev.txt
	@touch $@

$(AZUREML_READY): requirements-azureml.txt scripts/install-python-packages
	@scripts/install-python-packages requirements-azureml.txt $(AZUREML)
	@touch $@

$(MLSERVER_READY): requirements-mlserver.txt scripts/install-python-packages
	@scripts/install-python-packages requirements-mlserver.txt $(MLSERVER) $(MLSERVER_PYTHONS)
	@touch $@

$(AZURITE_READY): $(AZURITE)/package-lock.json $(AZURITE)/package.json $(AZURITE)/.npmrc
	@scripts/install-azurite
	@touch $@
