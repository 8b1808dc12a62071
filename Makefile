# One vocabulary for people, hooks and CI: `make help`.

# Given on the command line only: a VERSION that happens to stand in the environment means something else.
FILE =
MODEL =
VERSION =
REASON =
ARGS =
WORKERS = 2
export FILE MODEL VERSION REASON

BIN := .venv/bin
FIRST_PARTY := $(wildcard retune tasks flows tests benchmarks scripts)
TESTS := $(BIN)/python -m pytest -q -rs -n $(WORKERS) --dist loadfile

ONE_MODEL := $${MODEL:+--model "$$MODEL"}
ONE_VERSION := $${VERSION:+--version "$$VERSION"}
WHY := $${REASON:+--reason "$$REASON"}
# make itself ends with 2 whatever the command ended with, so the code is said in words.
EXPLAIN := $(BIN)/python -c "from retune.core.errors import EXIT_MEANINGS as meanings; \
	print('retune run ended with $$code:', meanings.get($$code, 'stopped from outside'))" >&2

# Nothing is reported to anybody.
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export ITERATIVE_DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export RAY_USAGE_STATS_ENABLED := 0

# Prefect's history belongs to the checkout, and its first start takes longer than the 20 s that it allows.
export PREFECT_HOME ?= $(CURDIR)/.prefect
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS ?= 180

.DEFAULT_GOAL := help
.PHONY: help setup pipeline repro source ui serve collect monitor deploy worker promote rollback approve history status doctor estimate recipe prepare preview export report lineage forget reproduce test test-all check bench lock clean

##@ Run
pipeline: setup ## documents to a promoted model: every stage and flow (ARGS=--help for its options)
	@$(BIN)/retune run $(ONE_MODEL) $(WHY) $(ARGS) || { code=$$?; $(EXPLAIN); exit $$code; }

source: setup ## name where the documents come from (FROM=folder, URL or data)
	@$(BIN)/retune source $(if $(FROM),"$(FROM)",--help)

repro: setup ## the stages of dvc.yaml alone, without Prefect (ARGS=split@NAME: only as far as that)
	@$(BIN)/retune repro $(ARGS)

ui: setup ## open the pages of MLflow and Prefect on this machine
	@$(BIN)/retune ui $(ARGS)

serve: setup ## answer requests with the champion (MODEL=name where there are several)
	@$(BIN)/retune serve $(ONE_MODEL) $(ARGS)

collect: setup ## take in answers that people corrected (FILE=answers.csv, MODEL=...)
	@$(BIN)/retune collect $(ONE_MODEL) $${FILE:---help} $(ARGS)

##@ Keep in tune
monitor: setup ## compare what is new with what the champions learnt (ARGS=--retrain acts on it)
	@$(BIN)/retune monitor $(ONE_MODEL) $(WHY) $(ARGS)

deploy: setup ## schedules, events and automations onto the server of PREFECT_API_URL
	@$(BIN)/retune deploy $(ARGS)

worker: setup ## carry out on this host what that server says is due
	@$(BIN)/retune worker $(ARGS)

##@ Decide
promote: setup ## make a version the champion (VERSION=..., REASON="...", MODEL=...)
	@$(BIN)/retune promote $(ONE_MODEL) $(ONE_VERSION) $(WHY) $(ARGS)

rollback: setup ## make the previous champion the champion again (REASON="...", MODEL=...)
	@$(BIN)/retune rollback $(ONE_MODEL) $(WHY) $(ARGS)

approve: setup ## say yes to a version that waits for a second person (VERSION=..., REASON="...")
	@$(BIN)/retune approve $(ONE_MODEL) $(ONE_VERSION) $(WHY) $(ARGS)

history: setup ## who made which version the champion, when and why (ARGS="--at 2026-11-22")
	@$(BIN)/retune history $(ONE_MODEL) $(ARGS)

##@ Look
status: setup ## how each model stands, and whether a run would do anything
	@$(BIN)/retune status $(ARGS)

doctor: setup ## whether all is there that a run needs
	@$(BIN)/retune doctor $(ARGS)

estimate: setup ## what a run would take and cost
	@$(BIN)/retune estimate $(ARGS)

recipe: setup ## complete settings of a model: all of them, or one into params.yaml (NAME=recipe ARGS="--model my-model --write")
	@$(BIN)/retune recipe $(NAME) $(ARGS)

prepare: setup ## check and repair a file of prompts and completions or of conversations (FILE=path, ARGS=--check)
	@$(BIN)/retune prepare $(if $(FILE),"$(FILE)",--help) $(ARGS)

export: setup ## a version as a folder that transformers or peft loads (VERSION=model@number TO=folder)
	@$(BIN)/retune export $(if $(TO),"$(VERSION)" "$(TO)",--help) $(ARGS)

preview: setup ## what a model will be trained on: examples as tokens, lengths, labels (MODEL=name, ARGS="--rows 5")
	@$(BIN)/retune preview $(ONE_MODEL) $(ARGS)

report: setup ## write the page of a version again (VERSION=..., MODEL=...)
	@$(BIN)/retune report $(ONE_MODEL) $(ONE_VERSION) $(ARGS)

##@ Answer for it
lineage: setup ## which versions saw a document, and what a version saw (ARGS="--document ID")
	@$(BIN)/retune lineage $(or $(ARGS),--help)

forget: setup ## delete a document, a person or a source from everything (ARGS="--document ID --dry-run")
	@$(BIN)/retune forget $(or $(ARGS),--help)

reproduce: setup ## train a version again from its recorded code and data, and compare (VERSION=...)
	@$(BIN)/retune reproduce $(ONE_MODEL) $${VERSION:---help} $(ARGS)

##@ Work on it
setup: ## make .venv hold the locked packages; every other target does it first
	@sh scripts/setup.sh

test: setup ## the tests that take under five seconds each
	$(TESTS) -m "not slow" $(ARGS)

test-all: setup ## every test, and none skipped for data that is there
	$(TESTS) --no-shared-skip $(ARGS)

check: setup ## style, types, imports between the rooms, freshness of the generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(FIRST_PARTY)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m retune.cli.docs --check

bench: setup ## run the benchmarks (ARGS=name for one)
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## resolve pyproject.toml into requirements.lock (ARGS=--upgrade takes newer versions)
	@sh scripts/setup.sh --lock $(ARGS)

clean: ## remove what can be made again; never documents, registry or DVC's cache
	@sh scripts/clean.sh

##@ Help
help: ## show this
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
