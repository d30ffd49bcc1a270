/* student.h -- quantiles of Student's t distribution, for intervals from few observations. */
#ifndef EVAL_STUDENT_H
#define EVAL_STUDENT_H

/* The t that |T| exceeds with probability `outside` (0..1, exclusive): .05 gives the factor of a 95 % interval.
 * freedom >= 1 need not be whole. To nine digits or more. */
double eval_student_factor(double outside, double freedom);

#endif
