/* sequence.c -- see sequence.h. */
#include "data/sequence.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/rng.h"
#include "nn/base/size.h"

/* Takes the items whose label is `label`, or all with label = -1. */
static NnStatus deck_init(DataDeck *d, const DataSet *set, const int *index, int n, int label, NnErr *err)
{
    d->item = nn_alloc((size_t)n, sizeof *d->item);
    d->order = nn_alloc((size_t)n, sizeof *d->order);
    if (!d->item || !d->order) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the order of %d items", n);
    for (int i = 0; i < n; i++)
        if (label < 0 || set->items[index[i]].label == label) d->item[d->n++] = index[i];
    d->epoch = -1;
    d->word = (uint32_t)(label + 1);
    return NN_OK;
}

static NnStatus require(const DataDeck *d, const char *what, NnErr *err)
{
    if (d->n > 0) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "nothing to train on: no %s in the data", what);
}

static NnStatus fill(DataSequence *q, const DataSequenceSpec *s, NnErr *err)
{
    if (q->n_decks == 1) {
        NN_TRY(deck_init(&q->deck[0], s->set, s->index, s->n, -1, err));
        return q->shuffled ? require(&q->deck[0], "images", err) : NN_OK;
    }
    NN_TRY(deck_init(&q->deck[0], s->set, s->index, s->n, 0, err));
    NN_TRY(deck_init(&q->deck[1], s->set, s->index, s->n, 1, err));
    NN_TRY(require(&q->deck[0], "real images", err));
    NN_TRY(require(&q->deck[1], "forged images", err));
    if (s->n_often == 0) return NN_OK;
    q->share = s->share;
    NN_TRY(deck_init(&q->deck[2], s->set, s->often, s->n_often, 1, err));
    q->deck[2].word = 3; /* 0 to 2 are those of all, real and forged */
    return require(&q->deck[2], "forged images among those drawn more often", err);
}

NnStatus data_sequence_init(DataSequence *q, const DataSequenceSpec *spec, NnErr *err)
{
    *q = (DataSequence){ .n_decks = spec->train && spec->balance ? 2 : 1, .shuffled = spec->train, .seed = spec->seed };
    const NnStatus s = fill(q, spec, err);
    if (s != NN_OK) data_sequence_deinit(q);
    return s;
}

void data_sequence_deinit(DataSequence *q)
{
    for (int i = 0; i < 3; i++) {
        free(q->deck[i].item);
        free(q->deck[i].order);
    }
    *q = (DataSequence){ .n_decks = 0 };
}

static void shuffle(DataDeck *d, int64_t epoch, uint64_t seed)
{
    NnRng rng = nn_rng_make(seed, NN_STREAM_SHUFFLE, (uint32_t)epoch, d->word);
    for (int i = 0; i < d->n; i++) d->order[i] = i;
    nn_rng_shuffle(&rng, d->order, d->n);
    d->epoch = epoch;
}

/* Which deck holds a place, and how often it has come before: of the first u forged places floor(share u) are those of
 * deck[2], as evenly spread as can be. */
static DataDeck *deck_of(DataSequence *q, int64_t place, int64_t *turn)
{
    *turn = place / q->n_decks;
    if (place % q->n_decks == 0 || q->share <= 0) return &q->deck[place % q->n_decks];
    const int64_t before = (int64_t)floor(q->share * (double)*turn);
    const int is_often = (int64_t)floor(q->share * (double)(*turn + 1)) > before;
    *turn = is_often ? before : *turn - before;
    return &q->deck[is_often ? 2 : 1];
}

DataDraw data_sequence_at(DataSequence *q, int64_t place)
{
    int64_t turn;
    DataDeck *d = deck_of(q, place, &turn);
    const int64_t epoch = turn / d->n;
    const int at = (int)(turn % d->n);
    if (!q->shuffled) return (DataDraw){ .item = d->item[at], .epoch = 0 };
    if (d->epoch != epoch) shuffle(d, epoch, q->seed);
    return (DataDraw){ .item = d->item[d->order[at]], .epoch = (uint32_t)epoch };
}
