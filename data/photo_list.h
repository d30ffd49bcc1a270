/* photo_list.h -- the photographs of a folder and its sub-folders, as a data set of real images. */
#ifndef DATA_PHOTO_LIST_H
#define DATA_PHOTO_LIST_H
#include "data/data_set.h"

/* Every .png, .jpg and .jpeg below settings.path, sorted by path, one group each; the group is the hash of the path
 * below the folder. Hidden files and folders are passed over, and links that lead
 * back up. Items carry no split and the set no cache;
 * data_file_reader reads them. The caller frees with data_set_free. ERR_CONFIG: no such folder; ERR_DATA: no photo,
 * or folders nested too deep; ERR_IO. */
NnStatus data_photo_list(const DataSettings *settings, DataSet **out, NnErr *err);

#endif
