# Everything that is done with this repository. `make help` lists it.
SHELL := /bin/bash -eu -o pipefail
.DEFAULT_GOAL := help

NPM    := npm --no-audit --no-fund --loglevel=error
COMMIT := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

.PHONY: help run test build web web-test lint fmt deps bench abuse chaos e2e fuzz clean

help: ## List what there is to make
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  \1\t\2/' | expand -t 12

run: build ## Build everything, make a demo project, and serve it
	./soratoo demo
	./soratoo serve

test: deps web web-test lint ## Run every test; fetches what they need
	go tool gotestsum --format pkgname-and-test-fails -- -race -shuffle=on -timeout 20m ./...

build: web ## Build the program, with the page inside
	go build -o soratoo .

web: web/node_modules/.installed ## Build the page
	cd web && $(NPM) run build

web-test: web/node_modules/.installed ## Check and test the page's code
	cd web && $(NPM) run check && $(NPM) run lint && $(NPM) test

web/node_modules/.installed: web/package-lock.json
	cd web && $(NPM) ci
	@touch $@

lint: ## Look for defects and style
	@scripts/lint

fmt: web/node_modules/.installed ## Format all code
	go tool gofumpt -l -w .
	cd web && $(NPM) run fmt

deps: ## Get what tests need of the system: Chromium, ffmpeg, fonts
	@scripts/deps

e2e: deps build ## Run the browser tests alone; pictures are in artefacts/
	go test -count=1 -run Browser -v .

bench: build ## Measure, beside others; writes docs/benchmarks.md
	@scripts/bench/run

abuse: build ## Do to a server what hostile people can, and print what it costs
	go run ./scripts/abuse -server ./soratoo

chaos: deps build ## Do to a cluster what happens in a bad year, 20 times or ROUNDS
	SORATOO_TEST_ROUNDS=$${ROUNDS:-20} go test -count=1 -timeout 4h -run AClusterSurvives -v .

fuzz: ## Fuzz every decoder and the merge, for a minute each or FUZZTIME
	@scripts/fuzz

clean: ## Remove what was built
	rm -rf soratoo web/dist/* web/node_modules artefacts
