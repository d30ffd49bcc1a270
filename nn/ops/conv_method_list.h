/* Every method of conv_method.h, once, in order of preference where costs are equal; the last one fits everything.
 * Included with NN_CONV_METHOD(name, inexact, normalises) defined as needed: conv2d and conv_norm_act have one kernel a
 * line. normalises: it can read what a conv_norm_act deferred (NnConvGeom.norm). */
NN_CONV_METHOD(depthwise, 0, 0)
NN_CONV_METHOD(winograd, 1, 0)
NN_CONV_METHOD(polyphase, 1, 1)
NN_CONV_METHOD(direct, 0, 1)
NN_CONV_METHOD(pointwise, 0, 0)
NN_CONV_METHOD(blas, 0, 0)
