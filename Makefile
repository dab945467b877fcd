# Everything a developer types. Each target is one script or a few plain commands.

.DEFAULT_GOAL := help
.PHONY: help setup run build test fuzz lint bench

LISTEN   ?= 127.0.0.1:4242
DATA_DIR ?= data
TARGET   := $(or $(CARGO_TARGET_DIR),target)

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Install what building needs
	@scripts/setup

run: build ## Build, start with the demo agents, print chat pages, API docs and a token
	$(TARGET)/release/parlance serve --demo --data-dir $(DATA_DIR) --listen $(LISTEN)

build: setup ## Build the release binary, web chat included
	npm --prefix web/widget run --silent build
	cargo build --release --locked -p parlance

test: ## Install what tests need and run them all, browser included
	@scripts/test

fuzz: build ## Call every operation with whatever schemathesis can think of, at length
	scripts/setup --tests
	PARLANCE_BIN=$(TARGET)/release/parlance PARLANCE_FUZZ_EXAMPLES=$${PARLANCE_FUZZ_EXAMPLES:-300} \
		tests/api/run --capture=no -k fuzz

lint: setup ## Format, clippy, licences, house rules, types
	cargo fmt --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	npm --prefix web/widget run --silent check
	scripts/lint-tree

bench: setup ## Measure, each figure beside its ceiling
	npm --prefix web/widget run --silent build
	bench/run
	$(MAKE) --no-print-directory fuzz
