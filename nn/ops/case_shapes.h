/* case_shapes.h -- abbreviations for the test tables at the end of op files; for .c files only. */
#ifndef NN_CASE_SHAPES_H
#define NN_CASE_SHAPES_H

/* The formatter takes the braces of a macro for a block. */
/* clang-format off */
#define IMAGE(n, c, h, w) { 4, { n, c, h, w } }
#define VECTOR(n) { 1, { n } }
#define VALUES(...) (const float[]){ __VA_ARGS__ }
#define DRAWN .lo = -1, .hi = 1
/* clang-format on */

#endif
