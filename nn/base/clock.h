/* clock.h -- seconds of a clock that never jumps, for differences: how long something took. */
#ifndef NN_CLOCK_H
#define NN_CLOCK_H

double nn_clock(void);

#endif
