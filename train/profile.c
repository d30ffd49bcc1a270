/* profile.c -- see profile.h. */
#include "train/profile.h"

#include <stdio.h>
#include <stdlib.h>

#include "nn/base/size.h"

typedef struct {
    const char *name;
    long calls;
    double forward, backward, flops; /* seconds; operations of all passes, counted as forward ones */
} Kind;

/* ---- every plan that runs ---------------------------------------------------------------------------------------- */

static TrainTimedPlan of_detector(const Trainer *t)
{
    return (TrainTimedPlan){ t->graph, t->plan, 3 };
}

void train_profile_start(Trainer *t)
{
    TrainTimedPlan plans[TRAIN_ADVERSARY_PLANS];
    const int n = train_adversary_plans(t->adversary, plans);
    nn_plan_profile(t->plan, 1);
    for (int i = 0; i < n; i++) nn_plan_profile(plans[i].plan, 1);
}

static double seconds_in(const TrainTimedPlan *p)
{
    double forward, backward, sum = 0;
    long calls;
    for (int i = 0; i < nn_graph_len(p->graph); i++) {
        if (!nn_plan_uses(p->plan, i)) continue;
        nn_plan_profile_get(p->plan, i, &forward, &backward, &calls);
        sum += forward + backward;
    }
    return sum;
}

TrainProfile train_profile_sum(const Trainer *t)
{
    TrainTimedPlan plans[TRAIN_ADVERSARY_PLANS];
    const TrainTimedPlan detector = of_detector(t);
    const int n = train_adversary_plans(t->adversary, plans);
    TrainProfile p = { .detector = seconds_in(&detector), .waiting = trainer_waited(t), .all = t->stepping };
    for (int i = 0; i < n; i++) p.adversary += seconds_in(&plans[i]);
    p.rest = p.all - p.detector - p.adversary - p.waiting;
    return p;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static Kind *find_kind(Kind *kinds, int *n, const char *name)
{
    for (int i = 0; i < *n; i++)
        if (kinds[i].name == name) return &kinds[i];
    kinds[*n] = (Kind){ .name = name };
    return &kinds[(*n)++];
}

static void collect(const TrainTimedPlan *p, Kind *kinds, int *n)
{
    for (int i = 0; i < nn_graph_len(p->graph); i++) {
        double forward, backward;
        long calls;
        if (nn_graph_node(p->graph, i)->kind != NN_NODE_OP || !nn_plan_uses(p->plan, i)) continue;
        nn_plan_profile_get(p->plan, i, &forward, &backward, &calls);
        Kind *kind = find_kind(kinds, n, nn_plan_op(p->plan, i)->name);
        kind->calls += calls;
        kind->forward += forward;
        kind->backward += backward;
        kind->flops += p->passes * (double)calls * nn_plan_node_flops(p->plan, i);
    }
}

static int by_time(const void *a, const void *b)
{
    const Kind *x = a, *y = b;
    const double difference = y->forward + y->backward - x->forward - x->backward;
    return (difference > 0) - (difference < 0);
}

static double step_count(const Trainer *t)
{
    return (double)(t->step > 0 ? t->step : 1);
}

static void print_kinds(const Trainer *t, const Kind *kinds, int n)
{
    const double steps = step_count(t);
    for (int i = 0; i < n; i++) {
        const double seconds = kinds[i].forward + kinds[i].backward;
        printf("%-18s %8ld %12.3f %12.3f %6.1f%% %9.1f\n", kinds[i].name, kinds[i].calls,
               1e3 * kinds[i].forward / steps, 1e3 * kinds[i].backward / steps, 100 * seconds / (t->stepping + 1e-12),
               1e-9 * kinds[i].flops / (seconds + 1e-12));
    }
}

/* The ops of these plans, summed a kind. */
static NnStatus print_block(const Trainer *t, const char *name, const TrainTimedPlan *plans, int n_plans, NnErr *err)
{
    int nodes = 0, n = 0;
    for (int i = 0; i < n_plans; i++) nodes += nn_graph_len(plans[i].graph);
    Kind *kinds = nn_alloc((size_t)nodes, sizeof *kinds); /* no more kinds than nodes */
    if (!kinds) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the profile");
    for (int i = 0; i < n_plans; i++) collect(&plans[i], kinds, &n);
    qsort(kinds, (size_t)n, sizeof *kinds, by_time);
    printf("%-18s %8s %12s %12s %7s %9s\n", name, "calls", "forward ms", "backward ms", "share", "GFLOP/s");
    print_kinds(t, kinds, n);
    free(kinds);
    return NN_OK;
}

static void print_part(const Trainer *t, const char *name, double seconds, const char *what)
{
    printf("%-18s %8s %12.3f ms %5.1f%%  %s\n", name, "", 1e3 * seconds / step_count(t),
           100 * seconds / (t->stepping + 1e-12), what);
}

NnStatus train_profile_print(const Trainer *t, NnErr *err)
{
    TrainTimedPlan plans[TRAIN_ADVERSARY_PLANS];
    const TrainTimedPlan detector = of_detector(t);
    const int n = train_adversary_plans(t->adversary, plans);
    const TrainProfile p = train_profile_sum(t);
    NN_TRY(print_block(t, "op", &detector, 1, err));
    if (n) NN_TRY(print_block(t, "adversary's op", plans, n, err));
    puts("a step");
    print_part(t, "detector", p.detector, "in ops");
    if (n) print_part(t, "adversary", p.adversary, "in ops");
    print_part(t, "data", p.waiting, "waiting for images");
    print_part(t, "rest", p.rest, "everything else: inputs, updates, checks");
    print_part(t, "all", p.all, "by the clock");
    return NN_OK;
}
