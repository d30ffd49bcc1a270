/* test_overfit.c -- a handful of images by heart. */
#include "tests/train_rig.h"
#include "train/overfit.h"

START_TEST(a_batch_can_be_learnt_by_heart)
{
    int chosen[8], n_seen[2] = { 0, 0 };
    TrainStep first, last;
    ck_assert_int_eq(train_overfit_choose(set, train_items, n_train, 8, chosen, &err), NN_OK);
    for (int i = 0; i < 8; i++) n_seen[set->items[chosen[i]].label]++;
    ck_assert(n_seen[0] == 4 && n_seen[1] == 4);
    config.optim.accumulate = 1, config.optim.ema = 0, config.train.batch = 8, config.train.steps = 120;
    config.optim.lr = 0.01f, config.optim.schedule = TRAIN_COSINE, config.optim.clip_norm = 0;
    const TrainerSpec spec = { .config = &config, .set = set, .train = chosen, .n_train = 8 };
    Trainer *t = NULL;
    ck_assert_int_eq(trainer_new(&spec, &t, &err), NN_OK);
    ck_assert_int_eq(trainer_start(t, &err), NN_OK);
    steps(t, 1, &first);
    steps(t, 119, &last);
    ck_assert_msg(last.loss < 0.3 * first.loss, "loss from %g to %g", first.loss, last.loss);
    trainer_free(t);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, a_batch_can_be_learnt_by_heart);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests(argv, "overfit", add_tests);
}
