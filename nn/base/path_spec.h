/* path_spec.h -- a path with a word before it and options behind it: [WORD:]PATH[,KEY=VALUE]...
 *
 * WORD is two or more of a-z 0-9 _ -, beginning with a letter, so that no path with a slash before its colon is taken
 * for one; KEY is letters a-z. A comma that begins no option belongs to the path or value. Nothing is looked up here:
 * which words and keys there are is their owner's business. */
#ifndef NN_PATH_SPEC_H
#define NN_PATH_SPEC_H
#include "nn/base/settings.h"

enum { NN_PATH_SPEC_OPTIONS = 6, NN_PATH_SPEC_NAME = 32 };

typedef struct {
    char key[NN_PATH_SPEC_NAME];
    char value[NN_TEXT_MAX];
} NnPathOption;

typedef struct {
    char word[NN_PATH_SPEC_NAME]; /* without its colon; "": none */
    char path[NN_TEXT_MAX];
    int n;
    NnPathOption options[NN_PATH_SPEC_OPTIONS];
} NnPathSpec;

/* Take a text apart. ERR_CONFIG: longer than a setting may be, too many options, one given twice. */
NnStatus nn_path_spec_parse(const char *text, NnPathSpec *out, NnErr *err);

/* Put `folder` before the path, and before the values of those options that `keys` ("root splits") names, where they
 * are relative and not empty; write the whole as text again. ERR_CONFIG: no room for it. */
NnStatus nn_path_spec_join(const char *folder, const char *text, const char *keys, char out[NN_TEXT_MAX], NnErr *err);

#endif
