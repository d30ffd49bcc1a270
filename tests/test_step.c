/* test_step.c -- the training step and the validation: the same bits at any thread count, terms that add up, and batches
 * that make no difference. */
#include "nn/base/parallel.h"
#include "tests/train_rig.h"

START_TEST(same_bits_at_any_thread_count)
{
    TrainStep one, many;
    config.train.threads = 1;
    Trainer *a = make_started_trainer();
    steps(a, 3, &one);
    for (int threads = 2; threads <= 4; threads += 2) {
        config.train.threads = threads;
        config.data.threads = threads;
        Trainer *b = make_started_trainer();
        ck_assert_int_eq(nn_threads(), threads);
        steps(b, 3, &many);
        ck_assert_int_eq(memcmp(&one, &many, sizeof one), 0);
        ck_assert_int_eq(
            memcmp(nn_params_values(a->params), nn_params_values(b->params), nn_params_len(a->params) * sizeof(float)),
            0);
        trainer_free(b);
    }
    trainer_free(a);
}
END_TEST

START_TEST(steps_change_the_weights)
{
    TrainStep first, second;
    Trainer *t = make_started_trainer();
    steps(t, 1, &first);
    steps(t, 1, &second);
    ck_assert_int_eq((int)t->step, 2);
    ck_assert(first.grad_norm > 0 && first.loss != second.loss);
    ck_assert_double_eq_tol(first.lr, 0.5 * second.lr, 1e-12); /* warm-up */
    ck_assert_double_gt(t->mask_count, 0.0);
    trainer_free(t);
}
END_TEST

START_TEST(total_is_the_weighted_sum)
{
    TrainStep s;
    double sum = 0.0;
    Trainer *t = make_started_trainer();
    steps(t, 1, &s);
    ck_assert_int_eq(t->objective.n, 4);
    for (int i = 0; i < 4; i++) sum += (double)t->objective.terms[i].weight * s.term[i];
    ck_assert_double_eq_tol(sum, s.loss, 1e-5);
    trainer_free(t);
}
END_TEST

START_TEST(weight_zero_leaves_a_term_out)
{
    config.loss.rec = config.loss.mask = config.loss.latent = 0.0f;
    Trainer *t = make_trainer();
    ck_assert_int_eq(t->objective.n, 1);
    ck_assert_str_eq(t->objective.terms[0].name, "cls");
    ck_assert_ptr_null(nn_plan_data(t->plan, t->inputs.mask)); /* nobody reads the masks */
    trainer_free(t);
}
END_TEST

/* Batches of 4 and of 7 hold other numbers of masks, and the last one empty places. */
START_TEST(validation_does_not_depend_on_the_batch)
{
    TrainValidation v[2];
    int better;
    config.loss.mask_on_real = 0;
    for (int k = 0; k < 2; k++) {
        config.train.batch = k ? 7 : 4;
        Trainer *t = make_trainer();
        ck_assert_int_eq(trainer_validate(t, &no_signal, &v[k], &better, &err), NN_OK);
        ck_assert_int_eq(t->objective.n, 4);
        trainer_free(t);
    }
    for (int i = 0; i < 4; i++) ck_assert_double_eq_tol(v[0].term[i], v[1].term[i], 1e-5);
    ck_assert_double_eq_tol(v[0].loss, v[1].loss, 1e-5);
    ck_assert(v[0].auc == v[1].auc);
}
END_TEST

/* Validation images of one class: an error, or, where that is allowed, no validation, whatever `best` would go by. */
START_TEST(one_class_is_no_validation)
{
    TrainStep seen;
    const int label = _i;
    int n = 0;
    for (int i = 0; i < n_val; i++)
        if (set->items[val_items[i]].label == label) val_items[n++] = val_items[i];
    n_val = n;
    Trainer *t = NULL;
    const TrainerSpec spec = {
        .config = &config, .set = set, .train = train_items, .val = val_items, .n_train = n_train, .n_val = n_val
    };
    ck_assert_int_eq(trainer_new(&spec, &t, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, label ? "has 0 real and " : " real and 0 forged"));
    ck_assert_ptr_nonnull(strstr(err.msg, "allow = one-class"));
    err = (NnErr){ 0 };
    snprintf(config.data.allow, sizeof config.data.allow, "masks-some, one-class");
    t = make_started_trainer();
    ck_assert_int_eq(t->n_val, 0);
    ck_assert_ptr_null(t->val_plan);
    steps(t, 4, &seen);
    ck_assert(trainer_at_milestone(t) && !trainer_validation_due(t));
    trainer_free(t);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, same_bits_at_any_thread_count);
    tcase_add_test(tc, steps_change_the_weights);
    tcase_add_test(tc, total_is_the_weighted_sum);
    tcase_add_test(tc, weight_zero_leaves_a_term_out);
    tcase_add_test(tc, validation_does_not_depend_on_the_batch);
    tcase_add_loop_test(tc, one_class_is_no_validation, 0, 2);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests(argv, "step", add_tests);
}
