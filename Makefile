# Locus. Run `make help` for the list of targets.
CC      ?= cc
B       ?= build
PREFIX  ?= /usr/local
OPT     ?= -O3 -fno-math-errno -fno-trapping-math      # never -Ofast: it assumes that no NaN exists
VERSION := 0.1.0

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
           -Wvla -Wformat=2 -Wundef
CFLAGS  += -std=c11 -D_POSIX_C_SOURCE=200809L -DLOCUS_VERSION='"$(VERSION)"' $(WARN) $(OPT) -g -fopenmp -MMD -MP -I.
LDLIBS  += -ljansson -lz -ldl -lpthread -lm
LDFLAGS += -fopenmp

O    := $(B)/obj
objs  = $(patsubst %.c,$(O)/%.o,$(wildcard $(1)))
# Everything but the two files that hold a main(); tests link it too.
LIB  := $(filter-out $(O)/train/train.o $(O)/eval/eval.o,$(call objs,nn/*/*.c data/*.c train/*.c eval/*.c))
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))

## all          build the programs build/train and build/eval
all: $(B)/train $(B)/eval $(B)/configs
$(B)/train $(B)/eval: $(B)/%: $(O)/%/%.o $(O)/liblocus.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@
