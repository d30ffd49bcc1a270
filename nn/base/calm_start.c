/* calm_start.c -- see calm_start.h. */
#include "nn/base/calm_start.h"

#include <stdlib.h>
#include <unistd.h>

void nn_calm_start(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT") || getenv("KMP_BLOCKTIME")) return;
    if (setenv("OMP_WAIT_POLICY", "passive", 1)) return;
    execv("/proc/self/exe", argv);
}
