/* test_profile.c -- `train --profile`: every plan that a step runs is timed, and counts once in the parts of the
 * step. */
#include "nn/base/clock.h"
#include "tests/train_rig.h"
#include "train/profile.h"

/* In place of the clock of nn/base: a second passes at each look at it. So whatever is timed takes a second, and what
 * lies between two of these, before the first and after the last takes one too. */
double nn_clock(void)
{
    static double seconds;
    return seconds += 1;
}

enum { STEPS = 2 };

static int has_run(const TrainTimedPlan *p)
{
    double forward, backward, seconds = 0;
    long calls, sum = 0;
    for (int i = 0; i < nn_graph_len(p->graph); i++) {
        if (!nn_plan_uses(p->plan, i)) continue;
        nn_plan_profile_get(p->plan, i, &forward, &backward, &calls);
        seconds += forward + backward, sum += calls;
    }
    return seconds > 0 && sum > 0;
}

/* Attack and change, and two generators; a random blur only changes, a perturbation only climbs. */
START_TEST(every_plan_is_timed)
{
    static const int n_plans[] = { [TRAIN_BLUR_NONE] = 0,   [TRAIN_BLUR_GRADIENT] = 2, [TRAIN_BLUR_GENERATOR] = 4,
                                   [TRAIN_BLUR_RANDOM] = 1, [TRAIN_BLUR_UNIFORM] = 1,  [TRAIN_BLUR_PERTURB] = 1 };
    TrainTimedPlan plans[TRAIN_ADVERSARY_PLANS];
    TrainStep seen;
    config.blur.kind = _i, config.blur.width = 2, config.blur.steps = 2;
    Trainer *t = make_started_trainer();
    train_profile_start(t);
    steps(t, STEPS, &seen);
    ck_assert_int_eq(train_adversary_plans(t->adversary, plans), n_plans[_i]);
    for (int i = 0; i < n_plans[_i]; i++) ck_assert(has_run(&plans[i]));
    const TrainProfile p = train_profile_sum(t);
    ck_assert(p.detector > 0 && p.waiting >= 0);
    ck_assert_int_eq(p.adversary > 0, n_plans[_i] > 0);
    /* So n things that are timed leave n + 1 seconds of a step. A part that is left out or counted twice leaves
     * others. */
    ck_assert_double_eq(p.rest, p.detector + p.adversary + p.waiting + STEPS);
    ck_assert_double_eq(p.all, t->stepping);
    ck_assert_int_eq(train_profile_print(t, &err), NN_OK);
    trainer_free(t);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, every_plan_is_timed, TRAIN_BLUR_NONE, TRAIN_BLUR_PERTURB + 1);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests(argv, "profile", add_tests);
}
