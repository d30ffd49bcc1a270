/* known_labels.c -- see known_labels.h. */
#include "data/known_labels.h"

#include <stdio.h>
#include <string.h>

#include "nn/base/settings.h"

/* A method of the same name in the data set's own folders (import_ffpp.c, import_celebdf.c) is the same one. */
static const struct {
    const char *label, *method; /* NULL: real */
    int has_masks, is_pair;
} known[] = {
    { "FF-real", NULL, 0, 1 },
    { "FF-DF", "Deepfakes", 1, 1 },
    { "FF-F2F", "Face2Face", 1, 1 },
    { "FF-FS", "FaceSwap", 1, 1 },
    { "FF-NT", "NeuralTextures", 1, 1 },
    { "FF-FH", "FaceShifter", 0, 1 },
    { "FF-SH", "FaceShifter", 0, 1 },
    { "DFD_real", NULL, 0, 0 },
    { "DFD_fake", "DeepFakeDetection", 1, 0 },
    { "CelebDFv1_real", NULL, 0, 0 },
    { "CelebDFv1_fake", "Celeb-DF", 0, 0 },
    { "CelebDFv2_real", NULL, 0, 0 },
    { "CelebDFv2_fake", "Celeb-DF", 0, 0 },
    { "DFDCP_Real", NULL, 0, 0 },
    { "DFDCP_FakeA", "DFDCP-A", 0, 0 },
    { "DFDCP_FakeB", "DFDCP-B", 0, 0 },
    { "DFDC_Real", NULL, 0, 0 },
    { "DFDC_Fake", "DFDC", 0, 0 },
    { "DF_real", NULL, 0, 0 },
    { "DF_fake", "DeeperForensics", 1, 0 },
    { "UADFV_Real", NULL, 0, 0 },
    { "UADFV_Fake", "UADFV", 1, 0 },
};
enum { KNOWN = sizeof known / sizeof *known };

/* "<m>_Real" and "<m>_Fake", as DF40 names what it adds. */
static int is_suffixed(const char *label, DataKnownLabel *out)
{
    const size_t n = strlen(label);
    if (n < 6 || n - 5 >= DATA_LABEL_NAME) return 0;
    const int fake = strcmp(label + n - 5, "_Fake") == 0;
    if (!fake && strcmp(label + n - 5, "_Real") != 0) return 0;
    if (fake) memcpy(out->method, label, n - 5);
    out->has_masks = fake;
    return 1;
}

NnStatus data_known_label(const char *label, const char *where, DataKnownLabel *out, NnErr *err)
{
    const char *names[KNOWN];
    *out = (DataKnownLabel){ 0 };
    for (int i = 0; i < KNOWN; i++) {
        names[i] = known[i].label;
        if (strcmp(label, known[i].label) != 0) continue;
        snprintf(out->method, sizeof out->method, "%s", known[i].method ? known[i].method : "");
        out->has_masks = known[i].has_masks;
        out->is_pair = known[i].is_pair;
        return NN_OK;
    }
    if (is_suffixed(label, out)) return NN_OK;
    const char *near = nn_nearest(label, names, KNOWN);
    return nn_fail(err, NN_ERR_DATA,
                   "%s: unknown label \"%.80s\"%s%s%s; known: FF-real, FF-DF, FF-F2F, FF-FS, FF-NT, FF-FH, FF-SH, "
                   "DFD_real, DFD_fake, CelebDFv1_real ... UADFV_Fake, <m>_Real, <m>_Fake",
                   where, label, near ? " (nearest: " : "", near ? near : "", near ? ")" : "");
}
