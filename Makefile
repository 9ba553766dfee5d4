# Two commands set a fresh machine up: `make demo` and `make test`.
# They install what is missing (needs root or sudo, and apt).

GO      ?= go
SUDO    := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -X ponita/internal/version.release=$(VERSION)
TOOLS   := $(GO) run -modfile=tools/go.mod

BIN     := bin

# apt-get runs once at a time, and go shares the cores out itself.
.NOTPARALLEL:
.PHONY: build lib lmp_ponita lammps lammps-builtin python demo test check lint race purego fuzz ipi physics bench peers generate clean deps

build: deps ## bin/mdrun (static) and bin/ponita
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/mdrun ./cmd/mdrun
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ponita ./cmd/ponita

lib: .compiler ## bin/libponita.so, for C, LAMMPS and Python, and its header
	@mkdir -p $(BIN)
	$(GO) build -buildmode=c-shared -trimpath -o $(BIN)/libponita.so.1 -ldflags "$(LDFLAGS) -s -w -extldflags \
		'\"-Wl,--version-script=$(CURDIR)/cgo/ponita.map\" -Wl,-soname,libponita.so.1 -Wl,-z,nodelete'" ./cgo
	@rm -f $(BIN)/libponita.so.h # the header is written by hand
	ln -sf libponita.so.1 $(BIN)/libponita.so
	cp cgo/ponita.h $(BIN)/

lmp_ponita: lib ## LAMMPS with pair_style ponita, and the plugin for a LAMMPS that loads plugins
	sh lammps/build.sh $(BIN)

lammps: lmp_ponita ## the same, and an example on two ranks
	bin=$$(cd "$(BIN)" && pwd) && cd lammps/example && mpirun --allow-run-as-root --oversubscribe -np 2 "$$bin/lmp_ponita" -in in.acac -log none

lammps-builtin: lmp_ponita ## LAMMPS built from source with the pair style in it, compared with lmp_ponita
	sh lammps/builtin.sh $(BIN)

python: ## bin/ponita-*.whl: the ASE calculator with the library inside
	sh python/build.sh $(BIN)

demo: build ## 300 K dynamics of acetylacetone: table, trajectory and picture in demo/
	bin/mdrun demo --out demo

test: deps .browser ## all tests but the long ensembles
	$(GO) test -timeout 30m ./...

check: lint test purego generate ## what must pass before a commit
	git diff --exit-code potential/internal/kernel

lint: deps
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w ."; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags physics,measure ./...
	$(TOOLS) honnef.co/go/tools/cmd/staticcheck ./...
	@for f in tools/peers/*/*.go; do $(GO) vet $$f && $(TOOLS) honnef.co/go/tools/cmd/staticcheck $$f || exit 1; done
	@if [ -x $(BIN)/lint/bin/ruff ] || { python3 -m venv $(BIN)/lint && $(BIN)/lint/bin/pip install -q -r tools/requirements.txt; } >/dev/null 2>&1; \
		then $(BIN)/lint/bin/ruff check --no-cache -q python; else echo "ruff cannot be installed: python/ is not checked"; fi

race: deps
	$(GO) test -race -short ./...

purego: deps ## without assembly, and for another architecture
	$(GO) test -short -tags purego ./potential/...
	CGO_ENABLED=0 GOARCH=arm64 $(GO) build -o /dev/null ./cmd/mdrun

fuzz: deps ## a minute for each reader of files, and for absurd cells
	$(GO) test -run '^$$' -fuzz FuzzRead -fuzztime 1m ./xyz
	$(GO) test -run '^$$' -fuzz FuzzRead -fuzztime 1m ./lammps/data
	$(GO) test -run '^$$' -fuzz FuzzServe -fuzztime 1m ./internal/ipi
	$(GO) test -run '^$$' -fuzz FuzzBuild -fuzztime 1m ./neighbor
	$(GO) test -run '^$$' -fuzz FuzzDecode -fuzztime 1m ./potential
	$(GO) test -run '^$$' -fuzz FuzzDecodeRestart -fuzztime 1m ./integrator

ipi: deps ## i-PI and ASE in bin/ipi, and the tests that need them
	python3 -m venv $(BIN)/ipi
	$(BIN)/ipi/bin/pip install --quiet ipi ase
	PONITA_PYTHON=$(CURDIR)/$(BIN)/ipi/bin/python $(GO) test -v -run 'IPI|ASE' ./cmd/mdrun

physics: deps ## long ensembles
	$(GO) test -tags physics -timeout 60m ./integrator ./potential/pretrained ./cmd/mdrun

bench: deps
	$(GO) test -run '^$$' -bench . ./xyz ./neighbor ./potential/...

peers: build ## beside SNAP, PyTorch and OpenBLAS on one core; PEERS="--help" lists what it can
	@tools/peers/install.sh $(PEERS) >&2
	@GO=$(GO) python3 tools/peers/peers.py $(PEERS)

generate: ## assembly from its generators
	$(GO) generate ./potential/internal/kernel

# From the distribution: a C compiler, which is all that the library needs besides Go, and HDF5.
.compiler:
	@if command -v gcc >/dev/null; then :; \
	elif command -v apt-get >/dev/null; then $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q gcc libc6-dev; \
	else echo "install a C compiler"; exit 1; fi
	@touch .compiler

deps: .deps
.deps: .compiler
	@if [ -n "$$(find /usr/include /usr/lib /usr/local/include -name hdf5.h 2>/dev/null | head -1)" ]; then :; \
	elif command -v apt-get >/dev/null; then $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q libhdf5-dev; \
	else echo "install the development package of HDF5 (libhdf5-dev, hdf5-devel)"; exit 1; fi
	@touch .deps

# What opens the report's page in tests, which skip without.
.browser:
	@command -v chromium >/dev/null || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends chromium; } || \
		echo "chromium cannot be installed: the page of the report is not opened"
	@touch .browser

clean:
	rm -rf bin demo .compiler .deps .browser python/.venv
