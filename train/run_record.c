/* run_record.c -- see run_record.h. */
#include "train/run_record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nn/base/blas.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"
#include "train/run_folder.h"

void train_record_now(char text[32])
{
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* {"3 conv2d encoder.0": "blas", ...}: nodes that had a choice, with the op that runs. */
static json_t *kernels_to_json(const Trainer *t)
{
    json_t *object = json_object();
    for (int i = 0; i < nn_graph_len(t->graph); i++) {
        const NnNode *node = nn_graph_node(t->graph, i);
        char key[160];
        if (node->kind != NN_NODE_OP || !nn_plan_uses(t->plan, i) || !nn_plan_kernel(t->plan, i)[0]) continue;
        snprintf(key, sizeof key, "%d %s %s", i, nn_plan_op(t->plan, i)->name, node->name);
        json_object_set_new(object, key, json_string(nn_plan_kernel(t->plan, i)));
    }
    return object;
}

static json_t *command_to_json(int argc, char **argv)
{
    json_t *array = json_array();
    for (int i = 0; i < argc; i++) {
        json_t *word = json_string(argv[i]);
        json_array_append_new(array, word ? word : json_string("(not UTF-8)"));
    }
    return array;
}

NnStatus train_record_write(const Trainer *t, const char *folder, int argc, char **argv, const char *started,
                            int64_t first_step, const char *status, NnErr *err)
{
    char ended[32], path[TRAIN_PATH_MAX];
    train_record_now(ended);
    json_t *root =
        json_pack("{s:s, s:o, s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:s, s:s, s:o, s:s}", "version", LOCUS_VERSION,
                  "command", command_to_json(argc, argv), "status", status, "started", started, "ended",
                  strcmp(status, "running") ? ended : "", "first_step", (json_int_t)first_step, "step",
                  (json_int_t)t->step, "seed", t->config.train.seed, "threads", nn_threads(), "blas", nn_blas_version(),
                  "blas_core", nn_blas_core(), "kernels", kernels_to_json(t), "kernel_list", nn_plan_kernels(t->plan));
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    if (!text) return nn_fail(err, NN_ERR_NOMEM, "out of memory for run.json");
    const NnChunk chunks[] = { { text, strlen(text) }, { "\n", 1 } };
    const NnStatus result = nn_file_write(train_folder_file(folder, "run.json", path), chunks, 2, err);
    free(text);
    return result;
}
