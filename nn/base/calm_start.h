/* calm_start.h -- idle kernel threads must sleep, not spin. */
#ifndef NN_CALM_START_H
#define NN_CALM_START_H

/* Between two parallel loops the workers of OpenMP spin for a while, which takes the CPUs from the threads that load data
 * and from other programs: on two cores shared with other work, a step of lae_small took 1.2 s with spinning and 0.5 s without. They can be
 * told to sleep by OMP_WAIT_POLICY=passive alone, and the OpenMP library reads that before main() begins. So: if the user
 * has not set the variable, set it and start the program over, once. Call it first thing in main(); where starting over
 * is not possible, nothing happens. Results do not depend on it. */
void nn_calm_start(char **argv);

#endif
