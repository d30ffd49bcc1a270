/* test_overfit.c -- a handful of images by heart: who passes, and that nobody passes who has learnt nothing. */
#include <math.h>

#include "tests/train_rig.h"
#include "train/overfit.h"

/* n images of the training list from place `from` on. */
static Trainer *trainer_of(int n, int from)
{
    int chosen[16];
    ck_assert_int_eq(train_overfit_choose(set, train_items + from, n_train - from, n, chosen, &err), NN_OK);
    config.optim.accumulate = 1, config.train.batch = n;
    const TrainerSpec spec = { .config = &config, .set = set, .train = chosen, .n_train = n };
    Trainer *t = NULL;
    ck_assert_msg(trainer_new(&spec, &t, &err) == NN_OK, "%s", err.msg);
    return t;
}

static int learns(Trainer *t)
{
    TrainSession s;
    int learned = -1;
    ck_assert_int_eq(train_session_open(&s, t, NULL, &no_signal, &err), NN_OK);
    ck_assert_msg(train_overfit_run(&s, &learned, &err) == NN_OK, "%s", err.msg);
    train_session_close(&s);
    trainer_free(t);
    return learned;
}

START_TEST(half_of_the_images_are_forged)
{
    int chosen[9], n_seen[2] = { 0, 0 };
    ck_assert_int_eq(train_overfit_choose(set, train_items, n_train, 9, chosen, &err), NN_OK);
    for (int i = 0; i < 9; i++) n_seen[set->items[chosen[i]].label]++;
    ck_assert(n_seen[0] == 5 && n_seen[1] == 4);
    ck_assert_int_eq(train_overfit_choose(set, train_items, 1, 8, chosen, &err), NN_ERR_DATA);
}
END_TEST

/* At 16 pixels the latent has one position, so the map cannot follow a mask: with that term the same run fails. */
START_TEST(a_batch_can_be_learnt_by_heart)
{
    config.train.steps = 120, config.optim.ema = 0, config.optim.lr = 0.01f, config.optim.clip_norm = 0;
    config.optim.schedule = TRAIN_COSINE;
    config.loss.mask = _i ? 1.0f : 0.0f;
    ck_assert_int_eq(learns(trainer_of(8, 0)), !_i);
}
END_TEST

/* Of one real and one forged image every second network ranks the forged one higher, by chance and by a hair. */
START_TEST(a_frozen_network_never_passes)
{
    int higher = 0;
    config.train.steps = 1, config.optim.lr = 1e-9f, config.optim.warmup = 0;
    config.loss.rec = config.loss.latent = config.loss.mask = 0;
    for (int k = 0; k < 8; k++) {
        TrainOverfitSight sight;
        config.train.seed = k;
        Trainer *t = trainer_of(2, k);
        ck_assert_int_eq(train_overfit_look(t, &no_signal, &sight, &err), NN_OK);
        higher += sight.lowest_forged > sight.highest_real;
        ck_assert_int_eq(learns(t), 0);
    }
    ck_assert_msg(higher > 0 && higher < 8, "%d of 8", higher);
}
END_TEST

/* Each condition alone decides. */
START_TEST(every_term_is_judged)
{
    const TrainObjective all = { .n = 4,
                                 .terms = { { "rec", 1, NN_NONE, 0 },
                                            { "latent", 1, NN_NONE, 0 },
                                            { "mask", 1, NN_NONE, 1 },
                                            { "cls", 1, NN_NONE, 0 } } };
    const TrainObjective cls = { .n = 1, .terms = { { "cls", 1, NN_NONE, 0 } } };
    const TrainOverfitSight good = { .lowest_forged = 0.6, .highest_real = 0.4, .map_auc = 0.97 };
    const TrainStep first = { .term = { 0.7, 1.0, 0.6, 0.7 } }, last = { .term = { 0.1, 0.05, 0.5, 0.4 } };
    ck_assert_int_eq(train_overfit_judge(&all, &first, &last, &good), 1);
    TrainStep step = last;
    step.term[0] = 0.4;
    ck_assert_int_eq(train_overfit_judge(&all, &first, &step, &good), 0);
    step = last;
    step.term[1] = 0.11;
    ck_assert_int_eq(train_overfit_judge(&all, &first, &step, &good), 0);
    TrainOverfitSight sight = good;
    sight.map_auc = 0.94;
    ck_assert_int_eq(train_overfit_judge(&all, &first, &last, &sight), 0);
    ck_assert_int_eq(train_overfit_judge(&cls, &first, &last, &sight), 1); /* nobody has taught the map */
    sight.map_auc = NAN;                                                   /* nor could anybody, without masks */
    ck_assert_int_eq(train_overfit_judge(&all, &first, &last, &sight), 1);
    sight.highest_real = 0.55;
    ck_assert_int_eq(train_overfit_judge(&cls, &first, &last, &sight), 0);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, half_of_the_images_are_forged);
    tcase_add_loop_test(tc, a_batch_can_be_learnt_by_heart, 0, 2);
    tcase_add_test(tc, a_frozen_network_never_passes);
    tcase_add_test(tc, every_term_is_judged);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests(argv, "overfit", add_tests);
}
