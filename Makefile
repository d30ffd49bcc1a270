# Locus. Run `make help` for the list of targets.
CC      ?= cc
B       ?= build
PREFIX  ?= /usr/local
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
OPT     ?= -O3 -fno-math-errno -fno-trapping-math     # never -Ofast: it assumes that no NaN exists
VERSION := 0.1.0

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
           -Wvla -Wformat=2 -Wundef
PKG      = $(foreach p,openblas jansson zlib,$(shell pkg-config --cflags $(p) 2>/dev/null))
ALL_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -DLOCUS_VERSION='"$(VERSION)"' $(WARN) -ffp-contract=off $(OPT) $(ISA) -g -fopenmp -MMD -MP -I. $(PKG) $(CFLAGS)
LDLIBS  += -ljansson -lz -ldl -lpthread -lm
LDFLAGS += -fopenmp

O    := $(B)/obj
objs  = $(patsubst %.c,$(O)/%.o,$(wildcard $(1)))
# `make V=1` shows the commands; otherwise one short line each.
Q     := $(if $(V),,@)
quiet := $(V)$(findstring s,$(firstword -$(MAKEFLAGS)))
say    = @$(if $(quiet),:,printf '  %-5s %s\n' $(1) $(2))
MAKEFLAGS += --no-print-directory

# Everything but the files that hold a main(); tests link it too.
LIB  := $(filter-out $(O)/train/train.o $(O)/eval/eval.o $(O)/data/data.o,$(call objs,nn/*/*.c data/*.c train/*.c eval/*.c))
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))

# These first, so that no core waits for the last long one.
SLOW := $(patsubst %,$(B)/tests/test_%,step saved_run adversary held ops conv_polyphase leak)

# What `make test` runs besides the C programs: scripts that drive the built programs end to end.
E2E := $(wildcard tests/e2e_*.sh)

## all       build the programs build/train, build/eval and build/data (default)
all: $(B)/train $(B)/eval $(B)/data $(B)/configs

## demo      install what is missing, build, train on the embedded data, evaluate, show the table
demo: setup
	$(MAKE) -j$(JOBS) all
	sh scripts/demo.sh $(B) $(DEMO_ARGS)

## regions   primary region regularisation in both its stages, from nothing: detectors, their maps, a run without
regions: setup
	$(MAKE) -j$(JOBS) all
	B=$(B) sh scripts/regions.sh $(B)/regions $(REGIONS_ARGS)

## test      install what is missing, then run every test
test: setup
	$(MAKE) -j$(JOBS) check

## check     run every test (no set-up)
check: all $(TESTS) $(B)/lesson
	sh scripts/run_tests.sh $(B) $(E2E) $(filter $(SLOW),$(TESTS)) $(filter-out $(SLOW),$(TESTS))

## asan      every C test under the address and undefined-behaviour sanitizers
asan: setup
	$(MAKE) -j$(JOBS) asan-check
asan-check:
	CK_FORK=no $(MAKE) check B=$(B)/asan E2E= OPT='-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

## lint      layering, formatting, static analysis, shell scripts
lint:
	@sh scripts/setup.sh lint
	sh scripts/lint.sh

## bench     speed and memory beside PyTorch and oneDNN where present: BENCH=conv|step|infer|first|scale|check|all
bench: setup
	$(MAKE) -j$(JOBS) all $(B)/bench $(B)/onednn_bench
	sh scripts/bench.sh $(B) $(BENCH)

## ablation  what each part of the method is worth, as one table: GRID=quick|full SEEDS="1 2 3" JOBS=<runs at once>
GRID ?= quick
ablation: setup
	$(MAKE) -j$(JOBS) all
	B=$(B) scripts/ablate --jobs $(JOBS) $(if $(SEEDS),--seeds "$(SEEDS)") $(GRID)

## bench-torch  a newer PyTorch for `make bench`: pip's, in a virtual environment under build/
bench-torch:
	@mkdir -p $(B)
	sh scripts/bench.sh $(B) setup

## lessons   see what each term of the training does, on and off: a toy, figures and a picture for each; or one of
##           lesson-interpretation  lesson-latent  lesson-regions  lesson-blur
ALL_LESSONS := interpretation latent regions blur
lessons: setup
	$(MAKE) -j$(JOBS) all $(B)/lesson
	sh scripts/lesson.sh $(B) $(or $(LESSON),$(ALL_LESSONS))
$(ALL_LESSONS:%=lesson-%): lesson-%:
	$(MAKE) lessons LESSON=$*

## setup     look for compiler, libraries and tools; install what is missing
setup:
	@sh scripts/setup.sh

## install   copy programs and configurations to PREFIX (default /usr/local)
install: all
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/locus/configs"
	install -m 755 $(B)/train "$(DESTDIR)$(PREFIX)/bin/locus-train"
	install -m 755 $(B)/eval "$(DESTDIR)$(PREFIX)/bin/locus-eval"
	install -m 755 $(B)/data "$(DESTDIR)$(PREFIX)/bin/locus-data"
	cp -R configs/. "$(DESTDIR)$(PREFIX)/share/locus/configs/"

## clean     remove everything that was built
clean:
	rm -rf $(B)

## help      this list
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

$(B)/train $(B)/eval $(B)/data: $(B)/%: $(O)/liblocus.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(OPT) $(O)/$*/$*.o $(O)/liblocus.a $(LDLIBS) -o $@
$(B)/train: $(O)/train/train.o
$(B)/eval: $(O)/eval/eval.o
$(B)/data: $(O)/data/data.o
$(B)/configs:
	@mkdir -p $(B) && ln -sfn "$(CURDIR)/configs" $@

objects: $(LIB) $(O)/train/train.o $(O)/eval/eval.o $(O)/data/data.o $(call objs,tests/*.c tests/bench/*.c tests/lesson/*.c)

$(O)/liblocus.a: $(LIB)
	@rm -f $@ && $(AR) rcs $@ $(LIB)

$(TESTS): $(B)/tests/%: $(O)/tests/%.o $(O)/tests/reference_ops.o $(O)/tests/reference_conv.o $(O)/liblocus.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(OPT) $^ $(shell pkg-config --libs check) $(LDLIBS) -o $@
$(O)/tests/%.o: PKG += $(shell pkg-config --cflags check 2>/dev/null)

DNNL = $(shell echo '\#include <oneapi/dnnl/dnnl.h>' | $(CC) -E - >/dev/null 2>&1 && echo -ldnnl)
BENCH_PARTS := $(filter-out %/bench.o %/onednn_bench.o %/loader_bench.o,$(call objs,tests/bench/*.c))
$(B)/bench $(B)/onednn_bench $(B)/loader_bench: $(B)/%: $(O)/tests/bench/%.o $(BENCH_PARTS) $(O)/liblocus.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(OPT) $^ $(if $(filter %/onednn_bench,$@),$(DNNL)) $(LDLIBS) -o $@

$(B)/lesson: $(call objs,tests/lesson/*.c) $(O)/liblocus.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(OPT) $^ $(LDLIBS) -o $@

# The micro-kernels of convolution: one file an instruction set (chosen at run time), the only ones that may round a
# product and its addition once. They are nothing without the optimiser: -O3 in the sanitizers' build too, which would
# else take twice its time.
$(O)/nn/ops/micro_%.o: ISA += -ffp-contract=fast -O3
ifneq ($(filter x86_64 amd64,$(shell uname -m)),)
$(O)/nn/ops/micro_avx512.o: ISA += -mavx512f -mfma
$(O)/nn/ops/micro_avx2.o: ISA += -mavx2 -mfma
endif

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

.PHONY: all demo ablation regions test check asan asan-check lint objects bench bench-torch lessons $(ALL_LESSONS:%=lesson-%) \
        setup install clean help
.SECONDARY:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
