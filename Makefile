# make help lists the targets.
SHELL := /bin/sh
GO    ?= go
FUZZTIME ?= 10s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.0
WASM  := dist/ajwt.wasm
# Inlining is left out of packages that no signature check runs: 25 KB less of
# compressed module. (math/big only parses RSA keys; verification uses bigmod.)
WASM_FLAGS := -buildmode=c-shared -trimpath -ldflags='-s -w' -gcflags=fmt=-l -gcflags=time=-l \
	-gcflags=reflect=-l -gcflags=math/big=-l
WASM_SOURCES := go.mod $(shell find core wasm -name '*.go' ! -name '*_test.go' 2>/dev/null)

.PHONY: help conformance test race check gen gen-check vectors lint adapters mutants bench soak fuzz wasm vuln clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

conformance: $(WASM) ## every vector against the native core and the wasm module
	$(GO) run ./cmd/ajwt conformance run --module $(WASM) --out build/conformance

test: $(WASM) ## all tests
	$(GO) test ./...

race: $(WASM) ## all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./core/... ./hosts/... ./wasm/abi/...

wasm: $(WASM) ## dist/ajwt.wasm
$(WASM): $(WASM_SOURCES)
	@mkdir -p dist
	GOOS=wasip1 GOARCH=wasm $(GO) build $(WASM_FLAGS) -o $@ ./wasm/raw

vectors: ## write the vectors again (the bytes must not change unless a case does)
	$(GO) run ./vectors/gen

gen: ## write what follows from spec/codes.json
	$(GO) run ./spec/gen

gen-check: ## generated files are current
	$(GO) run ./spec/gen -check
	$(GO) run ./vectors/gen -check

lint: ## the vectors hold to their rules
	$(GO) run ./cmd/ajwt conformance lint

check: $(WASM) gen-check lint ## format, vet, staticcheck, generated files, import arrows, wasm budgets
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) vet -tags ajwt_faults ./core/...
	$(GO) run $(STATICCHECK) ./...
	$(GO) test -count=1 ./conformance/arrows
	$(GO) run ./wasm/check $(WASM)

adapters: ## a Python library against the vectors (needs python3; pinned by hash)
	sh conformance/adapters/joserfc/run.sh

mutants: ## every seeded fault is killed by a vector
	$(GO) run -tags ajwt_faults ./conformance/mutants

bench: $(WASM) ## speed as ratios, side by side in one run
	cd conformance/bench && $(GO) run . -module ../../$(WASM)

soak: $(WASM) ## memory of the module over 200,000 decisions
	cd conformance/bench && $(GO) run . -soak -module ../../$(WASM)

fuzz: ## every fuzz target for FUZZTIME each
	sh conformance/fuzz.sh $(FUZZTIME)

vuln: ## known vulnerabilities of dependencies (needs the internet)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@latest ./...

clean: ## remove what the targets build
	rm -rf build dist
