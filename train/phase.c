/* phase.c -- see phase.h: the table of phases. */
#include "train/phase.h"

#include <math.h>

#include "train/active.h"
#include "train/regions.h"

/* In the order in which those of one step are entered. */
static const TrainPhase *const phase_table[] = {
    &train_active_phase, &train_regions_phase, NULL, /* the end */
};

_Static_assert(sizeof phase_table / sizeof *phase_table <= TRAIN_MAX_PHASES + 1, "raise TRAIN_MAX_PHASES");

const char *train_phase_name(int i)
{
    for (int k = 0; phase_table[k]; k++)
        if (k == i) return phase_table[k]->name;
    return NULL;
}

int train_phase_is_behind(const Trainer *t, const TrainPhase *phase)
{
    for (int i = 0; phase_table[i]; i++)
        if (phase_table[i] == phase) return t->entered[i];
    return 0;
}

int train_phases_ahead(const Trainer *t)
{
    for (int i = 0; phase_table[i]; i++)
        if (!t->entered[i] && phase_table[i]->due(t) >= 0) return 1;
    return 0;
}

int64_t train_phase_step(const Trainer *t, float share)
{
    const int64_t step = llround((double)share * (double)t->total);
    return step < t->total ? step : t->total - 1;
}

NnStatus train_phases_restore(Trainer *t, const char *folder, NnErr *err)
{
    for (int i = 0; phase_table[i]; i++)
        if (t->entered[i]) NN_TRY(phase_table[i]->restore(t, folder, err));
    return NN_OK;
}

NnStatus train_phases_enter(Trainer *t, const char *folder, TrainLog *log, const volatile sig_atomic_t *stop,
                            NnErr *err)
{
    for (int i = 0; phase_table[i]; i++) {
        const int64_t due = t->entered[i] ? -1 : phase_table[i]->due(t);
        if (due < 0 || due > t->step) continue;
        trainer_stop(t);
        NnErr why = { 0 };
        const NnStatus status = phase_table[i]->enter(t, folder, log, stop, &why);
        if (status == NN_ERR_INTERRUPTED || t->waits) return NN_OK;
        if (status != NN_OK) return nn_fail(err, status, "%s", why.msg);
        t->entered[i] = 1;
    }
    return t->loader ? NN_OK : trainer_start(t, err);
}
