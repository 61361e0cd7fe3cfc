# Everything that people, hooks and CI run. Each target is a line or two; scripts hold the rest.

cargo_run := cargo run --quiet --locked

.PHONY: help run test attack check openapi contract fuzz example vectors bench torture release fmt lint deny

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## build and start on SQLite with a fictional company, for this machine only
	cargo run --locked --bin evenhand -- demo

test: ## all tests, on both engines (gets PostgreSQL itself where it may)
	scripts/with-engines cargo test --workspace --locked

attack: ## try to find out what may not be known: 10,000 cycles of records, 200 over HTTP on each engine
	EVENHAND_ATTACK_RECORDS=10000 EVENHAND_ATTACK_CYCLES=200 scripts/with-engines \
		cargo test --workspace --locked --test suite -- --nocapture attack::

check: ## what must hold before a commit: format, the domain alone, what a noun costs, lints
	cargo fmt --all --check && cargo check --locked -p domain
	scripts/house --check
	$(MAKE) lint

openapi: ## write the contract that the code generates
	$(cargo_run) --bin evenhand -- openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

contract: ## judge the contract as its consumers would
	openapi/contract/run

fuzz: ## send generated requests to the demo company and judge the answers by the contract, in some 8 minutes
	openapi/contract/fuzz/run $(or $(EXAMPLES),15) $(RUNS)

example: ## one whole cycle over HTTP on each engine; EMPLOYEES= and SALES= name other files than the demo's
	cargo build --locked --bin evenhand
	examples/full-cycle/check $(or $(EMPLOYEES),api/demo/employees.csv) $(SALES)

vectors: ## compare the domain with the vectors in FILE=
	$(cargo_run) -p domain --example vectors -- $(FILE)

bench: ## measure beside the raw driver and bare actix-web, in about 20 minutes; writes docs/benchmarks.md
	cargo build --release --locked --bin evenhand --bin bench
	scripts/with-engines cargo run --quiet --release --locked --bin bench -- run \
		--date $$(date +%F) --output docs/benchmarks.md
	echo >> docs/benchmarks.md
	cargo bench --quiet --locked -p domain | sed -n '/^## The domain/,$$p' >> docs/benchmarks.md

torture: ## overload it, kill it, take its database away; a line for each fault, fails if one is lost
	cargo build --release --locked --bin evenhand
	cargo build --workspace --locked --bin torture
	scripts/with-engines target/debug/torture $(FAULTS)
	scripts/with-engines cargo test --workspace --locked --test suite -- crash::

release: ## build the binary to be handed out, with TLS to PostgreSQL (needs perl)
	cargo build --release --locked --bin evenhand --features api/postgres-tls

fmt: ## format the code
	cargo fmt --all

lint: ## clippy, with warnings refused
	cargo clippy --workspace --all-targets --locked -- -D warnings

deny: ## licences, advisories and bans of the dependencies (needs cargo-deny)
	cargo deny --locked check
