/* phase.h -- what happens once, between two steps of a run: picking candidates, measuring primary regions.
 *
 * A phase is due before a certain step, and entered once: the checkpoint says which phases a run has behind it
 * (Trainer.entered), so that one that is made longer on --resume does not go back. Its work is a pure function of
 * configuration, data and the weights at that step; it leaves a file in the run's folder, and a resumed run that has it
 * behind it reads that file instead. */
#ifndef TRAIN_PHASE_H
#define TRAIN_PHASE_H
#include "train/run_log.h"

typedef struct {
    const char *name; /* as in messages: "active", "regions" */
    /* The number of steps done when it is due; -1: not in this run. */
    int64_t (*due)(const Trainer *t);
    /* Do the work and leave the file. The loader is closed meanwhile, so that t->set and what the loader is told may
     * change. Says in a line or two of the log what it did. NN_ERR_INTERRUPTED soon after *stop is set; the phase is
     * then done again on resume. */
    NnStatus (*enter)(Trainer *t, const char *folder, TrainLog *log, const volatile sig_atomic_t *stop, NnErr *err);
    /* A resumed run is past it: bring the trainer into the state that enter left, from the file. ERR_IO, ERR_FORMAT. */
    NnStatus (*restore)(Trainer *t, const char *folder, NnErr *err);
} TrainPhase;

/* The step before which a share of the run's steps is over, rounded, but not its last: what `due` gives for a share. */
int64_t train_phase_step(const Trainer *t, float share);

/* The phases that the run has behind it. */
NnStatus train_phases_restore(Trainer *t, const char *folder, NnErr *err);

/* Enter the phases that are due and not entered yet, and start the loader anew if there were any. After *stop was set,
 * or where a phase waits for a person (Trainer.waits): NN_OK, and the caller sees to it. */
NnStatus train_phases_enter(Trainer *t, const char *folder, TrainLog *log, const volatile sig_atomic_t *stop,
                            NnErr *err);

/* Does the run have this phase behind it? */
int train_phase_is_behind(const Trainer *t, const TrainPhase *phase);

/* Is a phase of this run still to come? */
int train_phases_ahead(const Trainer *t);

/* Name of phase number i, NULL beyond the last: Trainer.entered[i] belongs to it. */
const char *train_phase_name(int i);

#endif
