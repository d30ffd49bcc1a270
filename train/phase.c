/* phase.c -- see phase.h: the table of phases. */
#include "train/phase.h"

#include "train/regions.h"

/* In the order in which those of one step are entered. */
static const TrainPhase *const phase_table[] = {
    &train_regions_phase, NULL, /* the end */
};

NnStatus train_phases_restore(Trainer *t, const char *folder, NnErr *err)
{
    for (const TrainPhase *const *p = phase_table; *p; p++) {
        const int64_t due = (*p)->due(t);
        if (due >= 0 && due < t->step) NN_TRY((*p)->restore(t, folder, err));
    }
    return NN_OK;
}

NnStatus train_phases_enter(Trainer *t, const char *folder, TrainLog *log, const volatile sig_atomic_t *stop,
                            NnErr *err)
{
    for (const TrainPhase *const *p = phase_table; *p; p++) {
        if ((*p)->due(t) != t->step) continue;
        trainer_stop(t);
        const NnStatus status = (*p)->enter(t, folder, log, stop, err);
        if (status == NN_ERR_INTERRUPTED) return NN_OK;
        if (status != NN_OK) return status;
    }
    return t->loader ? NN_OK : trainer_start(t, err);
}
