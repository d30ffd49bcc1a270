/* pages.c -- see pages.h. */
#define _DEFAULT_SOURCE /* madvise */
#include "nn/base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "nn/base/size.h"

static const size_t line = 64, huge = (size_t)2 << 20;

static void *round_up(void *p, size_t align)
{
    const size_t rest = (uintptr_t)p % align;
    return (char *)p + (rest ? align - rest : 0);
}

/* calloc takes large blocks fresh from the system, which has zeroed them; it does not touch them again. */
NnPages nn_pages_new(size_t bytes)
{
    const size_t align = bytes >= huge ? huge : line;
    size_t room;
    NnPages p = { NULL, NULL };
    if (!nn_size_add(bytes, align, &room)) return p;
    p.owned = nn_alloc(room, 1);
    if (!p.owned) return p;
    p.at = round_up(p.owned, align);
#ifdef MADV_HUGEPAGE
    if (align == huge) (void)madvise(p.at, bytes / huge * huge, MADV_HUGEPAGE); /* advice: it may be refused */
#endif
    return p;
}

void nn_pages_free(NnPages p)
{
    free(p.owned);
}
