/* import.h -- any data set as a manifest: read a big foreign list once, check it once, use it ever after. */
#ifndef DATA_IMPORT_H
#define DATA_IMPORT_H
#include "data/data_set.h"

/* Write the list of the set as a manifest (path,label,mask,method,video,source,split), atomically. Paths are relative
 * to the folder of `out` where they lie below it, else absolute; splits are those of the set's items, empty where the list
 * that was read says nothing (`set` from data_set_list). Read back, the items belong
 * together as they do in the set: where a source named a file by a path that is another one here, a group gets one
 * source. ERR_DATA: that cannot be had, since a source is spelled like another group's path. ERR_IO, ERR_NOMEM. */
NnStatus data_import_write(const DataSet *set, const char *out, NnErr *err);

#endif
