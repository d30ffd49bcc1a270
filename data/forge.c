/* forge.c -- the one list of forging methods. */
#include "data/forge.h"

#include <string.h>

#include "data/forge_region.h"

const DataForge data_forges[] = {
    { "swap", "the inner face of another person, colours matched, feathered", 1, data_forge_swap },
    { "inpaint", "a part of the face erased and filled by diffusion", 0, data_forge_inpaint },
    { "recolor", "hue, saturation and brightness of a soft region changed", 0, data_forge_recolor },
    { "warp", "a part bulged, pinched, twisted or pushed aside", 0, data_forge_warp },
    { "resample", "a region through a low-resolution bottleneck and back up", 0, data_forge_resample },
    { "splice", "a piece of another photograph pasted with a hard outline", 1, data_forge_splice },
};

const int data_forge_count = (int)(sizeof data_forges / sizeof data_forges[0]);

const DataForge *data_forge_find(const char *name)
{
    for (int i = 0; i < data_forge_count; i++)
        if (strcmp(data_forges[i].name, name) == 0) return &data_forges[i];
    return NULL;
}
