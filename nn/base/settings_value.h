/* settings_value.h -- what the parts of settings.h share: rows, fields, and text becoming a value.
 * Private to nn/base/settings*.c. */
#ifndef NN_SETTINGS_VALUE_H
#define NN_SETTINGS_VALUE_H
#include "nn/base/settings.h"

/* A stretch of text that belongs to somebody else. */
typedef struct {
    const char *at;
    size_t len;
} NnSlice;

/* For printf("%.*s", NN_SLICE(s)): at most 80 bytes, so that a message keeps its end. */
#define NN_SLICE(s) (int)((s).len < 80 ? (s).len : 80), (s).at

int nn_slice_is(NnSlice s, const char *text);
NnSlice nn_slice_trim(NnSlice s); /* without the blanks and tabs around it */

/* Names of sections, or of the keys of one section, as messages need them. */
const NnBinding *nn_binding_find(const NnBinding *b, int n, NnSlice section);
const NnSetting *nn_setting_find(const NnSection *section, NnSlice key);

/* ERR_CONFIG about a section or key that nobody knows, naming the nearest one. `where` opens the message. */
NnStatus nn_section_unknown(const NnBinding *b, int n, NnSlice section, const char *where, NnErr *err);
NnStatus nn_setting_unknown(const NnBinding *b, int n, const NnSection *section, NnSlice key, const char *where,
                            NnErr *err);

/* The field of a row in the owner's struct. */
void *nn_setting_field(const NnBinding *b, const NnSetting *row);

/* Turn `raw` (trimmed, still in quotes if it has any) into the row's field. A relative path is
 * joined to `folder` unless that is NULL. ERR_CONFIG opens with `where`. */
NnStatus nn_setting_store(const NnBinding *b, const NnSetting *row, NnSlice raw, const char *folder, const char *where,
                          NnErr *err);

/* Choice number i of "sgd adam adamw"; len 0 past the last one. */
NnSlice nn_choice_name(const char *choices, int i);

#endif
