# What a newcomer needs: `make demo`, `make test`. The rest is for work on pipeform itself.

CARGO ?= cargo
TARGET = $(abspath $(or $(CARGO_TARGET_DIR),target))
EXAMPLE ?= weblogs
SEEDS ?= 10000
FIRST ?= 0
PIPEFORM = $(TARGET)/debug/pipeform

.PHONY: help demo build test test-all stories sim lint fmt oracle docs bench deny fuzz

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: build ## Build pipeform and show an example: EXAMPLE=weblogs or replicate-tables; with BUCKET=…, weblogs-s3, s3-etl or weblogs-emr
	@examples/$(EXAMPLE)/demo "$(PIPEFORM)" "$(TARGET)/demo"

build: ## Build the development version
	@$(CARGO) build --locked

test: ## Install what the tests need and run all but the heavy ones
	@tests/install
	$(CARGO) test --locked
	@$(MAKE) --no-print-directory stories

stories: build ## Run the stories of tests/stories that are not heavy
	@PIPEFORM="$(PIPEFORM)" tests/stories/run

test-all: ## Run everything, the heavy stories too
	@tests/install --heavy
	$(CARGO) test --locked
	@$(CARGO) build --locked
	@PIPEFORM="$(PIPEFORM)" tests/stories/run --heavy

sim: ## Simulate the engine with SEEDS seeds from FIRST on, or with one: SEED
	@PIPEFORM_SEEDS=$(SEEDS) PIPEFORM_FIRST_SEED=$(FIRST) PIPEFORM_SEED=$(SEED) $(CARGO) test --locked --profile sim --lib simulat -- --nocapture

oracle: build ## Compare expressions and fmt with the real terraform anew (needs terraform)
	@mkdir -p "$(TARGET)/oracle"
	@tests/oracle/record "$(TARGET)/oracle"
	diff -u tests/oracle/results.jsonl "$(TARGET)/oracle/results.jsonl"
	diff -u tests/oracle/results.txt "$(TARGET)/oracle/results.txt"
	@PIPEFORM="$(PIPEFORM)" tests/stories/run expressions -v
	@PIPEFORM="$(PIPEFORM)" tests/oracle/fmt

lint: ## Check formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

fmt: ## Format the code
	$(CARGO) fmt

docs: ## Build the book in docs/ (needs mdbook)
	mdbook build docs

deny: ## Check licences and advisories of the dependencies (needs cargo-deny)
	$(CARGO) deny check

bench: ## Measure speed and memory, next to the peers
	@tests/install
	$(CARGO) build --locked --release
	@PIPEFORM="$(TARGET)/release/pipeform" benches/run
	@PIPEFORM="$(TARGET)/release/pipeform" benches/records
	@PIPEFORM="$(TARGET)/release/pipeform" benches/language
	@PIPEFORM="$(TARGET)/release/pipeform" benches/plan
	@PIPEFORM="$(TARGET)/release/pipeform" benches/scale
	@PIPEFORM="$(TARGET)/release/pipeform" benches/engine
	@PIPEFORM="$(TARGET)/release/pipeform" benches/copy
	@PIPEFORM="$(TARGET)/release/pipeform" benches/peers

fuzz: ## Fuzz parser, evaluator, residuals and formatter, ten minutes each (SECONDS_EACH)
	@tests/fuzz/run
