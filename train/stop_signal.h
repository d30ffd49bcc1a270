/* stop_signal.h -- Ctrl-C and SIGTERM: finish the step, save, end. A second one ends at once. */
#ifndef TRAIN_STOP_SIGNAL_H
#define TRAIN_STOP_SIGNAL_H
#include <signal.h>

/* From now on SIGINT and SIGTERM only raise the flag, once each; the second one has its usual effect. */
void train_stop_install(void);

/* 0, or the number of the signal that came. */
const volatile sig_atomic_t *train_stop_flag(void);

#endif
