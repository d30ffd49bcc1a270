/* stop_signal.c -- see stop_signal.h. The one variable of this program that a signal handler writes. */
#include "train/stop_signal.h"

#include <stddef.h>

static volatile sig_atomic_t stop_signal;

static void raise_flag(int number)
{
    stop_signal = number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

void train_stop_install(void)
{
    struct sigaction action = { .sa_handler = raise_flag, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

const volatile sig_atomic_t *train_stop_flag(void)
{
    return &stop_signal;
}
