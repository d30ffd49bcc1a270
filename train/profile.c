/* profile.c -- see profile.h. */
#include "train/profile.h"

#include <stdio.h>
#include <stdlib.h>

#include "nn/base/size.h"

typedef struct {
    const char *name;
    long calls;
    double forward, backward, flops; /* seconds; operations of all forward passes */
} Kind;

static Kind *find_kind(Kind *kinds, int *n, const char *name)
{
    for (int i = 0; i < *n; i++)
        if (kinds[i].name == name) return &kinds[i];
    kinds[*n] = (Kind){ .name = name };
    return &kinds[(*n)++];
}

static int collect(const Trainer *t, Kind *kinds)
{
    int n = 0;
    for (int i = 0; i < nn_graph_len(t->graph); i++) {
        const NnNode *node = nn_graph_node(t->graph, i);
        double forward, backward;
        long calls;
        if (node->kind != NN_NODE_OP || !nn_plan_uses(t->plan, i)) continue;
        nn_plan_profile_get(t->plan, i, &forward, &backward, &calls);
        Kind *kind = find_kind(kinds, &n, nn_plan_op(t->plan, i)->name);
        kind->calls += calls;
        kind->forward += forward;
        kind->backward += backward;
        kind->flops += (double)calls * nn_plan_node_flops(t->plan, i);
    }
    return n;
}

static int by_time(const void *a, const void *b)
{
    const Kind *x = a, *y = b;
    const double difference = y->forward + y->backward - x->forward - x->backward;
    return (difference > 0) - (difference < 0);
}

static void print_table(const Trainer *t, const Kind *kinds, int n)
{
    const double steps = (double)(t->step > 0 ? t->step : 1);
    double total = 1e-12;
    for (int i = 0; i < n; i++) total += kinds[i].forward + kinds[i].backward;
    printf("%-18s %8s %12s %12s %7s %9s\n", "op", "calls", "forward ms", "backward ms", "share", "GFLOP/s");
    for (int i = 0; i < n; i++) {
        const double seconds = kinds[i].forward + kinds[i].backward;
        printf("%-18s %8ld %12.3f %12.3f %6.1f%% %9.1f\n", kinds[i].name, kinds[i].calls,
               1e3 * kinds[i].forward / steps, 1e3 * kinds[i].backward / steps, 100 * seconds / total,
               3e-9 * kinds[i].flops / (seconds + 1e-12));
    }
    const double waited = trainer_waited(t);
    printf("%-18s %8s %12.3f ms a step in ops\n", "all", "", 1e3 * total / steps);
    printf("%-18s %8s %12.3f ms a step, %.1f%% of it, waiting for images\n", "data", "", 1e3 * waited / steps,
           100 * waited / (t->stepping + 1e-12));
}

NnStatus train_profile_print(const Trainer *t, NnErr *err)
{
    Kind *kinds = nn_alloc((size_t)nn_graph_len(t->graph), sizeof *kinds); /* no more kinds than nodes */
    if (!kinds) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the profile");
    const int n = collect(t, kinds);
    qsort(kinds, (size_t)n, sizeof *kinds, by_time);
    print_table(t, kinds, n);
    free(kinds);
    return NN_OK;
}
