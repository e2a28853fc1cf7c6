# Faultline. `make test` and `make build` install what is missing first; see README.md.
SHELL := /bin/bash
SWIFT ?= swift
CONFIGURATION ?= release
# TEST=name runs the tests whose name matches.
TEST ?=
# How many federations `make simulate` plays.
SEEDS ?= 200
# How long `make fuzz` looks at each decoder; TARGET=name looks at one.
SECONDS ?= 5
TARGET ?=
SWIFTFLAGS := -c $(CONFIGURATION) --explicit-target-dependency-import-check error
TESTFLAGS := $(SWIFTFLAGS) --disable-xctest $(if $(TEST),--filter '$(TEST)')

.PHONY: build test demo demo-live simulate sanitize fuzz bench reference package lint format clean dependencies test-dependencies

build: dependencies
	$(SWIFT) build $(SWIFTFLAGS)

test: test-dependencies
	$(SWIFT) build $(SWIFTFLAGS) --build-tests
	$(SWIFT) test $(TESTFLAGS) --skip-build

# One server and a worker for each site on this machine, from training to alarms. DATA=FOLDER: real files instead, one
# folder for each site, with faults put into copies of their last part.
demo: dependencies
	$(SWIFT) build $(SWIFTFLAGS)
	.build/$(CONFIGURATION)/fl-demo $(if $(DATA),--data '$(DATA)' --rounds 3 --epochs 1 --stride 8 --rows-per-second 120) $(DEMOFLAGS)

# Watches this machine, breaks it for real, and shows what was found (some seventeen minutes).
demo-live: dependencies
	$(SWIFT) build $(SWIFTFLAGS) --product fl-server
	$(SWIFT) build $(SWIFTFLAGS) --product fl-worker
	CONFIGURATION=$(CONFIGURATION) scripts/demo-live $(DEMOFLAGS)

# The suite under the address and the thread sanitizer, each in a build folder of its own.
sanitize: test-dependencies
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test $(TESTFLAGS) --sanitize=address --scratch-path .build-address
	rm -rf .build-thread/reports && mkdir -p .build-thread/reports
	TSAN_OPTIONS="exitcode=0 log_path=$(CURDIR)/.build-thread/reports/report" \
		$(SWIFT) test $(TESTFLAGS) --sanitize=thread --scratch-path .build-thread
	scripts/thread-sanitizer-reports .build-thread/reports/report

# Looks for inputs that decoders do not survive, SECONDS each, from those that are kept; a line for each decoder, and a file
# for each finding with the command that replays it. KEEP=1 keeps what was found, for the suite.
fuzz: dependencies
	SWIFT='$(SWIFT)' scripts/fuzz --seconds $(SECONDS) $(if $(TARGET),--target '$(TARGET)') $(if $(KEEP),--keep)

# SEEDS whole federations, each from its seed, under every fault there is; the last line is JSON. A seed that breaks a promise
# is named with the command that plays it again.
simulate: dependencies
	$(SWIFT) build $(SWIFTFLAGS) --product fl-simulate
	.build/$(CONFIGURATION)/fl-simulate --seeds $(SEEDS) $(SIMULATEFLAGS)

# Heavy measurements; see scripts/bench for the peers it can run beside ours.
bench: build
	scripts/bench

# The pages in docs/reference, from the tools' own options.
reference: build
	scripts/make-reference

# A Debian package in .build/package, with the part of the Swift runtime that it needs.
package:
	@scripts/install-dependencies --package
	SWIFT='$(SWIFT)' scripts/package

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	scripts/check-imports

format:
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

clean:
	rm -rf .build .build-address .build-fuzz .build-thread

dependencies:
	@scripts/install-dependencies

# PoCL besides, so that the OpenCL backend is tested on the CPU.
test-dependencies:
	@scripts/install-dependencies --tests
