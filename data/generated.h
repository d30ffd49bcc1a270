/* generated.h -- what a generated data set can tell about itself, beyond the items. */
#ifndef DATA_GENERATED_H
#define DATA_GENERATED_H
#include "data/data_set.h"

/* The subject (person or photo, numbered from 0 in item order) that item i shows. The set must be generated. */
int data_generated_subject(const DataSet *set, int i);

/* The subject that forged item i borrows from: of the same split, never the one it shows; a number beyond the last
 * subject for a portrait that is alone in its split. -1 for real items and for methods without a donor. */
int data_generated_donor(const DataSet *set, int i);

#endif
