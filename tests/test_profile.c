/* test_profile.c -- `train --profile`: every plan that a step runs is timed, and the parts add up to the step. */
#include "tests/train_rig.h"
#include "train/profile.h"

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
    steps(t, 2, &seen);
    ck_assert_int_eq(train_adversary_plans(t->adversary, plans), n_plans[_i]);
    for (int i = 0; i < n_plans[_i]; i++) ck_assert(has_run(&plans[i]));
    const TrainProfile p = train_profile_sum(t);
    ck_assert(p.detector > 0 && p.waiting >= 0 && p.rest > 0);
    ck_assert_int_eq(p.adversary > 0, n_plans[_i] > 0);
    ck_assert_double_eq_tol(p.detector + p.adversary + p.waiting + p.rest, t->stepping, 1e-9);
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
