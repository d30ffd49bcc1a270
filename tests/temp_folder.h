/* temp_folder.h -- the folder that a test program writes its files in: one at a time, made and removed by a fixture.
 *
 * Its name holds a blank, so that code which forgets to quote it is found. */
#ifndef TEMP_FOLDER_H
#define TEMP_FOLDER_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static char temp_folder[] = "/tmp/locus test XXXXXX";

/* A new, empty one. */
static inline void temp_folder_make(void)
{
    snprintf(temp_folder, sizeof temp_folder, "/tmp/locus test XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(temp_folder));
}

/* With everything in it. */
static inline void temp_folder_remove(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", temp_folder);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the name is our own */
}

/* A path in it; valid until the next call. */
static inline const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", temp_folder, name);
    return path;
}

#endif
