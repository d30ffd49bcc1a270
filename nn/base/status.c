/* status.c -- see status.h. */
#include "nn/base/status.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    int exit_code;
    const char *text;
} status_table[] = {
#define X(name, code, text) [NN_##name] = { code, text },
    NN_STATUS_LIST(X)
#undef X
};

NnStatus(nn_fail)(NnErr *err, NnStatus s, const char *fmt, ...)
{
    if (err->status != NN_OK) return err->status;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    err->status = s;
    return s;
}

const char *nn_status_text(NnStatus s)
{
    return s < NN_STATUS_COUNT ? status_table[s].text : "unknown status";
}

int nn_status_exit_code(NnStatus s)
{
    return s < NN_STATUS_COUNT ? status_table[s].exit_code : 1;
}
