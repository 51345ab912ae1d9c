# One way in. `make help` lists what there is; CI runs `make check` and nothing else.

CARGO  ?= cargo
PYTHON ?= python3
# How many runs `make sim` makes, and the seed of the first: by default it goes on where this code has come to on this computer.
SEEDS  ?= 100
FROM   ?=
# Where it is written what has been run so far; and a bug for it to find (PLANT=help lists them).
REPORT ?= target/traces/simulation.json
PLANT  ?=
CHAOS  := $(CURDIR)/target/chaos.jsonl
# How long `make fuzz` tries each of its targets, or the one that is named.
SECONDS ?= 60
TARGET  ?=
# Where `make up` keeps the machine's data, and where it listens for people and apps, and for other machines.
DATA   ?= data
HTTP   ?= 127.0.0.1:8787
PEER   ?= 127.0.0.1:8788

# The client's databases are encrypted with OpenSSL's ciphers. Where the system has its headers (Debian: libssl-dev and pkg-config) it
# is taken from there; where not, cargo builds it, which takes minutes.
ifeq ($(shell pkg-config --exists 'openssl >= 3' 2>/dev/null && echo yes),yes)
  export OPENSSL_NO_VENDOR := 1
  export OPENSSL_STATIC := 1
  export OPENSSL_LIB_DIR := $(shell pkg-config --variable=libdir openssl)
  export OPENSSL_INCLUDE_DIR := $(shell pkg-config --variable=includedir openssl)
endif

VENV   := .venv
STAMP  := $(VENV)/.installed
PY     := $(VENV)/bin/python
NPM    ?= npm
# The web app. Without it the program is built all the same, and shows a plain page in its place.
WEB     := web
PAGE    := $(WEB)/dist/index.html
WEB_MODULES := $(WEB)/node_modules/.installed
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/svelte.config.js -type f)
NPM_CI  := ci --ignore-scripts --no-audit --no-fund --loglevel error
# cargo-nextest where it is installed (faster, one process per test); plain cargo where it is not.
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)
ifeq ($(NEXTEST),)
  RUST_TESTS := $(CARGO) test --workspace --locked --all-targets
else
  RUST_TESTS := $(CARGO) nextest run --workspace --locked --all-targets
endif

.DEFAULT_GOAL := help
.PHONY: help up ring release page test check fix bench chaos sim fuzz format lint docs rust-tests script-tests web-tests api

help: ## say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-13s %s\n", $$1, $$2 }'

up: page ## build and run a ring of one machine in the foreground; Ctrl-C stops it
	$(CARGO) build --profile quick --locked --package tertulia
	@exec target/quick/tertulia up --data $(DATA) --http $(HTTP) --peer $(PEER)

ring: page ## build and run a ring of three machines on this computer; Ctrl-C stops them, run again resumes them
	$(CARGO) build --profile quick --locked --package tertulia
	@exec $(PYTHON) scripts/ring --data $(DATA)/ring

release: page ## build target/release/tertulia, for machines that stay: it takes longer than what `make up` builds, and works faster
	$(CARGO) build --release --locked --package tertulia

page: $(PAGE) ## build the web app, which the program then carries in itself

test: rust-tests script-tests web-tests ## run every test, real apps, terminal sessions and a browser too

# The page first: whatever is compiled after it has it in.
check: page format lint docs test ## all that CI checks; writes nothing outside target/, .venv/, web/dist/ and web/node_modules/

fix: ## format the code, and apply what clippy can mend by itself
	$(CARGO) clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml

bench: release ## measure this machine beside its peers, and its page on a slow phone; prints tables, writes target/bench.json, target/bench-page.json
	$(CARGO) run --quiet --release --locked --package tertulia-sim --bin bench -- --json target/bench.json
	TERTULIA_BIN=$(CURDIR)/target/release/tertulia $(NPM) run --prefix $(WEB) --silent bench -- --json $(CURDIR)/target/bench-page.json

# Long: TERTULIA_CHAOS_ROUNDS repetitions of each attack, lots drawn by TERTULIA_CHAOS_SEED; one ring at a time, so that pauses mean something.
chaos: ## attack rings of real machines under load for long; prints what was seen, and writes it to target/chaos.jsonl
	mkdir -p target && rm -f $(CHAOS)
	TERTULIA_CHAOS_REPORT=$(CHAOS) TERTULIA_CHAOS_ROUNDS=$${TERTULIA_CHAOS_ROUNDS:-20} $(CARGO) test --release --locked --package tertulia --test chaos -- --nocapture --test-threads 1
	TERTULIA_CUT_S=1800 $(CARGO) test --release --locked --package tertulia-sim --test cluster cut_in_two
	TERTULIA_EVERY_STEP=1 $(CARGO) test --release --locked --package tertulia-sim --test message lost
	TERTULIA_EVERY_STEP=1 $(CARGO) test --release --locked --package tertulia-sim --test crash

sim: ## the whole cluster in simulated trouble: make sim SEEDS=1000 REPORT=FILE; make sim PLANT=NAME has it find a bug
	$(CARGO) run --quiet --profile sim --locked --package tertulia-sim --bin sim -- --seeds $(SEEDS) $(if $(FROM),--from $(FROM)) \
	  --report $(REPORT) --code "$$(git describe --always --dirty 2>/dev/null || echo unknown)" $(if $(PLANT),--plant $(PLANT))

# No sanitizer: there is no unsafe code of ours to watch, and so a stable toolchain does. What it finds is a file under fuzz/artifacts.
fuzz: ## hostile bytes at every door: make fuzz SECONDS=600 TARGET=command; wants cargo-fuzz; docs/fuzzing.md
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { \
	  echo "make fuzz wants cargo-fuzz (and a C++ compiler; any Rust toolchain will do, stable too): cargo install cargo-fuzz" >&2; exit 1; }
	@failed=; for target in $(or $(TARGET),$$($(CARGO) fuzz list)); do \
	  echo "== $$target"; \
	  $(CARGO) fuzz run --sanitizer none $$target -- -max_total_time=$(SECONDS) -timeout=20 -print_final_stats=1 || failed="$$failed $$target"; \
	done; [ -z "$$failed" ] || { echo "found something:$$failed" >&2; exit 1; }

format: ## is the code formatted?
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check

lint: ## no warning from clippy
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

docs: ## the API documentation builds without a warning
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --document-private-items

rust-tests: ## the tests in Rust, those in the documentation too
	$(RUST_TESTS)
	$(CARGO) test --workspace --locked --doc

# What the tests in Rust have built, binary and examples included, and nothing else: for one package alone the libraries would be built
# once more, with other features.
script-tests: $(STAMP) $(WEB_MODULES) ## real Mastodon apps, another MLS, terminal sessions and the README, against the real binary
	$(CARGO) build --workspace --locked --all-targets
	$(PY) -B -m pytest -p no:cacheprovider --numprocesses 3 --dist loadfile tests

# In Debian's Chromium, against the binary that the tests in Rust have built.
web-tests: $(PAGE) ## the web app: types, units, and a browser against real machines
	$(NPM) run --prefix $(WEB) --silent check
	$(CARGO) build --workspace --locked --all-targets
	$(NPM) run --prefix $(WEB) --silent test
	$(NPM) run --prefix $(WEB) --silent e2e

api: $(WEB_MODULES) ## after a change of the API: make its types for the web app anew
	$(CARGO) build --workspace --locked --all-targets
	$(NPM) run --prefix $(WEB) --silent api

$(PAGE): $(WEB_MODULES) $(WEB_SOURCES)
	$(NPM) run --prefix $(WEB) --silent build -- --logLevel warn

# The browser for the tests is Debian's: none is fetched.
$(WEB_MODULES): $(WEB)/package-lock.json $(WEB)/package.json
	@command -v $(NPM) >/dev/null || { \
	  echo "the web app wants Node 20.19 or newer with npm: apt-get install nodejs npm (without it: cargo build, and no web app)" >&2; exit 1; }
	PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 $(NPM) $(NPM_CI) --prefix $(WEB) >/dev/null
	touch $@

$(STAMP): tests/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
