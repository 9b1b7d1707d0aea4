# The face of the project. Meson and Ninja do the work; tools/deps installs what is missing.
BUILD ?= build
ARGS ?=

.PHONY: all run install test soak bench lint fuzz coverage clean deps

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) src/front/brume

deps:
	@tools/deps build

$(BUILD)/build.ninja: tools/deps
	@tools/deps build
	@test -f $@ || meson setup $(BUILD) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

# Installs what is missing, builds, and serves on http://localhost:4566 until Ctrl-C.
run: all
	@exec $(BUILD)/src/front/brume serve $(ARGS)

# Into /usr/local (or meson configure build -Dprefix=...), without debug information.
install: all
	@meson install -C $(BUILD) --no-rebuild --strip --quiet

# Everything that decides whether brume works, under 40 minutes. One room: make test ARGS=sqs
test:
	@tools/deps test
	@tests/run $(ARGS)

# What takes longer: 200 kills, millions of rows, the first hour on a bare Debian 12 (as root).
soak:
	@tools/deps test
	@tests/run --soak $(ARGS)

# Side by side with peers, medians and ratios. One part: make bench ARGS=store
bench: all
	@tools/deps test
	@bench/run $(ARGS)

lint:
	@tools/deps test
	@tests/run tidy

# Long fuzzing of every parser: make fuzz ARGS="--seconds 600"
fuzz:
	@tools/deps test
	@tests/fuzz $(ARGS)

# Which lines the tests reach.
coverage:
	@tools/deps test
	@tests/run --coverage $(ARGS)

clean:
	rm -rf build build-*
