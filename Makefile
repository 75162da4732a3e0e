# What a developer of xbuild types. `make test` is all that CI runs beside formatting and lints.
CARGO ?= cargo

.PHONY: all build test test-setup test-offline test-all-targets test-store bench bench-cache lint fmt clean

all: build

build:
	$(CARGO) build --release --locked

# Brings what the tests need where it is missing, and says so.
test-setup:
	./tests/setup.sh

# The tables that some tests make stand at the end.
test: test-setup
	$(CARGO) test --locked --offline
	@cat "$${CARGO_TARGET_DIR:-target}"/tmp/tables/*.txt

# The same tests with the network gone.
test-offline: test-setup
	unshare -rn $(CARGO) test --locked --offline

# Inspection against every target that links without a C toolchain; some ten minutes on two cores.
test-all-targets: test-setup
	ALL_TARGETS=1 $(CARGO) test --locked --offline --test it -- inspection

# The store at full size: 2,000 damages, 300 builds from damaged stores, 300 kills at random moments, a kill at each
# publishing step, 16 processes x 20 rounds.
test-store: test-setup
	STORE_CAMPAIGN=1 $(CARGO) test --locked --offline --test it -- store::
	@cat "$${CARGO_TARGET_DIR:-target}"/tmp/tables/store_*.txt

# Cold builds beside a plain loop of `go build`, in one run, verifying a vendored tree, and the sandbox; see benches/README.md.
bench: build test-setup
	./benches/cold.sh
	./benches/vendor.sh
	./benches/seal.py

# What the cache is worth, beside `go build` and GoReleaser; its first run prepares for the better part of an hour.
bench-cache: build
	./benches/cache.py

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --lib

fmt:
	$(CARGO) fmt

clean:
	$(CARGO) clean
	rm -rf dist cache/*-v[0-9] cache/tmp cache/lock
