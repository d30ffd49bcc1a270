/* nearest.c -- finding names: in a list, and the one that somebody probably meant. */
#include <string.h>

#include "nn/base/settings.h"

enum { NAME_MAX_LEN = 63 };

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, changes and swaps of neighbours that lead from a to b (optimal string
 * alignment). Only three rows of the table are alive at a time. */
static int edit_distance(const char *a, const char *b)
{
    const int na = (int)strlen(a), nb = (int)strlen(b);
    int rows[3][NAME_MAX_LEN + 1];
    for (int j = 0; j <= nb; j++) rows[0][j] = j;
    for (int i = 1; i <= na; i++) {
        int *now = rows[i % 3];
        const int *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= nb; j++) {
            const int change = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = min_int(change, 1 + min_int(last[j], now[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = min_int(now[j], before[j - 2] + 1);
        }
    }
    return rows[na % 3][nb];
}

/* A third of the name may be wrong, but never all of it. */
const char *nn_nearest(const char *name, const char *const *known, int n)
{
    const size_t len = strlen(name);
    if (len == 0 || len > NAME_MAX_LEN) return NULL;
    const char *best = NULL;
    int limit = min_int((int)(len + 2) / 3, (int)len - 1);
    for (int i = 0; i < n; i++) {
        if (strlen(known[i]) > NAME_MAX_LEN) continue;
        const int d = edit_distance(name, known[i]);
        if (d > limit) continue;
        best = known[i];
        limit = d - 1;
    }
    return best;
}

int nn_list_has(const char *list, const char *name)
{
    const size_t wanted = strlen(name);
    for (const char *at = list; *at; at += *at == ',') {
        at += strspn(at, " \t");
        const char *word = at;
        const size_t len = strcspn(at, ",");
        at += len;
        size_t used = len;
        while (used > 0 && strchr(" \t", word[used - 1])) used--;
        if (used == wanted && used > 0 && memcmp(word, name, used) == 0) return 1;
    }
    return 0;
}
