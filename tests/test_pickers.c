/* test_pickers.c -- how many candidates for a mask, and which: made-up surveys whose answer is known, and a network. */
#include <math.h>

#include "tests/active_rig.h"
#include "train/look.h"
#include "train/pickers.h"

/* ---- how many, and which ----------------------------------------------------------------------------------------- */

START_TEST(budget)
{
    ck_assert_int_eq(train_active_budget(0.03f, 1000, 500), 30);
    ck_assert_int_eq(train_active_budget(0.03f, 1033, 500), 30);
    ck_assert_int_eq(train_active_budget(0.1f, 70, 35), 7);
    ck_assert_int_eq(train_active_budget(0.03f, 20, 10), 1); /* at least one */
    ck_assert_int_eq(train_active_budget(0.0f, 20, 10), 1);
    ck_assert_int_eq(train_active_budget(0.9f, 20, 10), 10); /* no more than there are */
    ck_assert_int_eq(train_active_budget(1.0f, 2000000000, 1999999999), 1999999999);
}
END_TEST

/* Three forged images, four channels, a latent of two positions, of which forgeries light up the first. */
typedef struct {
    int item[3];
    float activity[6], pooled[12], head[4];
    double spread[8], real[2], forged[2];
} MadeUp;

static TrainSurvey survey_of(MadeUp *m)
{
    return (TrainSurvey){ .n = 3,
                          .item = m->item,
                          .channels = 4,
                          .cells = 2,
                          .activity = m->activity,
                          .pooled = m->pooled,
                          .spread = m->spread,
                          .map = { m->real, m->forged },
                          .head = m->head };
}

static MadeUp made_up(void)
{
    return (MadeUp){ .item = { 5, 9, 12 },
                     .activity = { 0.1f, 0.9f, 0.6f, 0.5f, 0.8f, 0.4f },
                     .pooled = { 1, 3, 2, 1, /**/ 1, 1, 2, 1, /**/ 1, 2, 2, 1 },
                     .head = { 2, 1, -5, 0.1f },
                     /* channel 0 lies where forgeries do, 1 and 2 elsewhere, 3 everywhere */
                     .spread = { 2, 0, /**/ 0.5, 1.5, /**/ 0, 2, /**/ 1, 1 },
                     .real = { 0.2, 0.2 },
                     .forged = { 0.7, 0.1 } };
}

START_TEST(uncertainty_is_the_smallest_difference)
{
    MadeUp m = made_up();
    float score[3];
    const TrainSurvey s = survey_of(&m);
    OK(train_picker_scores(TRAIN_PICK_UNCERTAINTY, &s, 1, score, &err));
    ck_assert_float_eq_tol(score[0], -0.8f, 1e-6f);
    ck_assert_float_eq_tol(score[1], -0.1f, 1e-6f);
    ck_assert_float_eq_tol(score[2], -0.4f, 1e-6f);
    m.activity[3] = NAN;
    FAILS(train_picker_scores(TRAIN_PICK_UNCERTAINTY, &s, 1, score, &err), NN_ERR_NUMERIC, "item 9", "not finite");
}
END_TEST

START_TEST(superficial_channels)
{
    MadeUp m = made_up();
    unsigned char mark[4];
    float score[3];
    const TrainSurvey s = survey_of(&m);
    /* T = (1, 0). r = 2, 2, -10, .1; the first two make up .98 of what is positive. o = 0, .75; weighted mean .375. */
    OK(train_superficial_channels(&s, mark, &err));
    ck_assert(mark[0] == 0 && mark[1] == 1 && mark[2] == 0 && mark[3] == 0);
    OK(train_picker_scores(TRAIN_PICK_CHANNEL, &s, 1, score, &err));
    ck_assert(score[0] == 3 && score[1] == 1 && score[2] == 2);
    /* Channel 1 moves inside, channel 0 outside. */
    m.spread[0] = 0, m.spread[1] = 2, m.spread[2] = 2, m.spread[3] = 0;
    OK(train_superficial_channels(&s, mark, &err));
    ck_assert(mark[0] == 1 && mark[1] == 0 && mark[2] == 0 && mark[3] == 0);
    /* All alike: nothing stands out, so that all leading ones count. */
    for (int i = 0; i < 8; i++) m.spread[i] = 1;
    OK(train_superficial_channels(&s, mark, &err));
    ck_assert(mark[0] == 1 && mark[1] == 1 && mark[2] == 0 && mark[3] == 0);
    /* Nothing speaks for "forged". */
    for (int c = 0; c < 4; c++) m.head[c] = -1;
    OK(train_picker_scores(TRAIN_PICK_CHANNEL, &s, 1, score, &err));
    ck_assert(score[0] == 0 && score[1] == 0 && score[2] == 0);
}
END_TEST

START_TEST(random_is_a_function_of_seed_and_item)
{
    MadeUp m = made_up();
    float a[3], b[3];
    TrainSurvey s = survey_of(&m);
    OK(train_picker_scores(TRAIN_PICK_RANDOM, &s, 1, a, &err));
    s.n = 1, s.item = m.item + 2;
    OK(train_picker_scores(TRAIN_PICK_RANDOM, &s, 1, b, &err));
    ck_assert(a[2] == b[0] && a[0] != a[1]);
    OK(train_picker_scores(TRAIN_PICK_RANDOM, &s, 2, b, &err));
    ck_assert(a[2] != b[0]);
}
END_TEST

/* ---- picking with a network -------------------------------------------------------------------------------------- */

typedef struct {
    int n;
    float difference[PEOPLE]; /* of the forged training images, in item order */
    int item[PEOPLE];
} Differences;

static NnStatus note_difference(void *self, const TrainLook *look, NnErr *e)
{
    Differences *d = self;
    (void)e;
    for (int i = 0; i < look->batch->n; i++) {
        if (look->batch->label[i] < 0.5f) continue;
        d->item[d->n] = look->batch->item[i];
        d->difference[d->n++] = fabsf(look->activity[2 * i + 1] - look->activity[2 * i]);
    }
    return NN_OK;
}

START_TEST(picks_agree_with_a_look_at_each_image)
{
    TrainCandidates c;
    Differences d = { 0 };
    use_manifest();
    assign("active.budget=0.12");
    Trainer *t = make_trainer();
    OK(train_look(t, train_items, n_train, &no_signal, note_difference, &d, &err));
    OK(train_active_pick(t, &no_signal, &c, &err));
    ck_assert_int_eq(n_train, 34);
    ck_assert_int_eq(d.n, 17);
    ck_assert_int_eq(c.n, 4);
    for (int k = 0; k < c.n; k++) {
        int best = 0;
        for (int i = 0; i < d.n; i++) best = d.difference[i] < d.difference[best] ? i : best;
        ck_assert_int_eq(c.item[k], d.item[best]);
        ck_assert(c.score[k] == -d.difference[best]);
        d.difference[best] = INFINITY;
    }
    train_candidates_free(&c);
    trainer_free(t);
}
END_TEST

START_TEST(ties_go_to_the_lower_item)
{
    TrainCandidates c;
    use_manifest();
    Trainer *t = make_trainer();
    memset(nn_params_values(t->params), 0, nn_params_len(t->params) * sizeof(float));
    OK(train_active_pick(t, &no_signal, &c, &err));
    for (int k = 0, i = 0; k < c.n; k++, i++) {
        while (!set->items[train_items[i]].label) i++;
        ck_assert_int_eq(c.item[k], train_items[i]);
    }
    train_candidates_free(&c);
    trainer_free(t);
}
END_TEST

START_TEST(same_picks_at_any_thread_count)
{
    static const char *const pickers[] = { "active.picker=uncertainty", "active.picker=channel",
                                           "active.picker=random" };
    use_manifest();
    assign("active.budget=0.3");
    for (int p = 0; p < 3; p++) {
        TrainCandidates one, many;
        assign(pickers[p]);
        config.train.threads = config.data.threads = 1;
        Trainer *a = make_trainer();
        OK(train_active_pick(a, &no_signal, &one, &err));
        config.train.threads = config.data.threads = 4;
        Trainer *b = make_trainer();
        OK(train_active_pick(b, &no_signal, &many, &err));
        ck_assert_int_eq(one.n, 10);
        ck_assert_int_eq(memcmp(one.item, many.item, 10 * sizeof *one.item), 0);
        ck_assert_int_eq(memcmp(one.score, many.score, 10 * sizeof *one.score), 0);
        for (int k = 0; k < one.n; k++) ck_assert_int_eq(set->items[one.item[k]].label, 1);
        train_candidates_free(&one);
        train_candidates_free(&many);
        trainer_free(a);
        trainer_free(b);
    }
}
END_TEST

START_TEST(nothing_forged_is_an_error)
{
    TrainCandidates c;
    use_manifest();
    assign("data.balance=0");
    int n = 0;
    for (int i = 0; i < n_train; i++)
        if (!set->items[train_items[i]].label) train_items[n++] = train_items[i];
    n_train = n;
    Trainer *t = make_trainer();
    FAILS(train_active_pick(t, &no_signal, &c, &err), NN_ERR_DATA, "none of the 17", "forged");
    trainer_free(t);
}
END_TEST
int main(void)
{
    Suite *s = suite_create("pickers");
    TCase *c = tcase_create("pickers");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, budget);
    tcase_add_test(c, uncertainty_is_the_smallest_difference);
    tcase_add_test(c, superficial_channels);
    tcase_add_test(c, random_is_a_function_of_seed_and_item);
    tcase_add_test(c, picks_agree_with_a_look_at_each_image);
    tcase_add_test(c, ties_go_to_the_lower_item);
    tcase_add_test(c, same_picks_at_any_thread_count);
    tcase_add_test(c, nothing_forged_is_an_error);
    suite_add_tcase(s, c);
    return check_run(s);
}
