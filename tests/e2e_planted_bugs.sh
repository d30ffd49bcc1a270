#!/bin/sh
# Test the tests: plant one bug at a time in an op and require that tests/test_ops.c finds it.
# usage: e2e_planted_bugs.sh BUILD_DIR   (built: the objects there are linked with one mutant at a time)
#
# A row of the table below: op ~ file in nn/ops ~ sed expression ~ what the bug is. Only that op's test case runs.
# A row that changes nothing, or a mutant that does not compile, is an error: the table must follow the code.
# shellcheck disable=SC2086,SC2046 # FLAGS, LIBS and lists of objects are meant to be split
table() {
    cat <<'ROWS'
relu~activation.c~s/return x < 0 ? 0 : x;/return x > 0 ? x : 0;/~NaN becomes 0
relu~activation.c~s/return y > 0 ? 1.0f : 0.0f;/return y > 0 ? -1.0f : 0.0f;/~wrong sign of the gradient
sigmoid~activation.c~s/dx\[i\] += dy\[i\]/dx[i] = dy[i]/~backward overwrites dx
tanh~activation.c~s/1.0f - y \* y/1.0f + y * y/~wrong derivative
abs~activation.c~s/ACTIVATION(abs, NN_READS_X0/ACTIVATION(abs, 0/~undeclared read of x
clamp~activation.c~s/x > p.b ? p.b : x;/x < p.b ? x : p.b;/~NaN becomes the upper end
scale~activation.c~s/i \* NN_VEC_PART, nn_vec_part_len(n, i), p)/i * NN_VEC_PART, nn_vec_part_len(n, i) - (i + 1 == parts), p)/~last element not written
add~arithmetic.c~s/t < r->rows/t + 1 < r->rows/~last repetition of b missing from its gradient
sub~arithmetic.c~s/run_backward_b(k, -1, 0)/run_backward_b(k, 1, 0)/~wrong sign of db
mul~arithmetic.c~s/ARITHMETIC(mul, NN_READS_X0 | NN_READS_X1)/ARITHMETIC(mul, NN_READS_X0)/~undeclared read of b
mul~arithmetic.c~s/if (k->dx\[1\]) run_backward_b(k, 1, 1)/run_backward_b(k, 1, 1)/~NULL dx1 not skipped
mul~arithmetic.c~s/if (r->b_dim\[i\] > 1) b_row/b_row/~wrong row of b where it repeats
concat~rearrange.c~s/(size_t)n \* b, dy + a, b,/(size_t)n * b, dy, b,/~gradient of b taken from a
slice~rearrange.c~s/a->first > xs\[0\].d\[1\] - a->count/a->first > xs[0].d[1] - a->count + 1/~range past the end accepted
reshape~rearrange.c~s/nn_shape_len(k->ys) \* sizeof \*k->y);/(nn_shape_len(k->ys) + 1) * sizeof *k->y);/~writes one past the end of y
dropout~dropout.c~s/^#include <string.h>/#include <omp.h>\n&/;s/(uint32_t)(part \*/(uint32_t)((size_t)omp_get_thread_num() */~mask depends on the thread
dropout~dropout.c~s/if (!k->step.train)/if (0)/~drops at inference
dropout~dropout.c~s/= k->step.train ? ((const/= 1 ? ((const/~frozen: drops gradients
batch_norm~norm_pass.c~s/c) - mean_g - d/c) + mean_g - d/~wrong sign in the input gradient
batch_norm~batch_norm.c~s/if (k->step.train) {/if (1) {/~inference uses and changes the batch statistics
batch_norm~batch_norm.c~s/if (k->step.train) nn_norm_sums(/if (1) nn_norm_sums(/~frozen: the gradient of batch statistics
batch_norm~batch_norm.c~s/if (k->step.train) {/if (k->saved) {/~frozen: batch statistics
batch_norm~batch_norm.c~s/at = k->saved ? k->saved : k->scratch/at = k->saved/~writes saved at inference
batch_norm~norm_pass.c~s/k->step.again ? NULL : k->state/k->state/~a forward that runs again moves the running statistics
batch_norm~batch_norm.c~s/!(k->fresh \& 1)/1/~declares that it overwrites dx, and adds
batch_norm~batch_norm.c~s/.restore = batch_norm_restore/.restore = batch_norm_forward/~restore reads gamma, and does not declare it
batch_norm~batch_norm.c~/^static void batch_norm_restore/,/^}/s/nn_norm_apply.*/memcpy(k->y, k->x[X], nn_shape_len(k->ys) * sizeof *k->y);/~restore gives x for y
batch_norm~batch_norm.c~s/^static const NnKernel/static double nothing(const NnShape *xs, int n, NnShape ys, const void *a, const void *how) { return 0; }\n&/;s/{ .scratch = batch_norm_scratch,/{ .cost = nothing, .scratch = batch_norm_scratch,/~a kernel that is expected to cost nothing
sigmoid~activation.c~s/dx\[i\] += dy\[i\]/((float *)dy)[i] *= 0.5f, dx[i] += 2 * dy[i]/~backward uses dy as scratch, and does not declare it
batch_norm~batch_norm.c~s/^    .reads = NN_READS_X0/    .reads = 0/~undeclared read of x
batch_norm~norm_pass.c~s/s->state_mean\[c\] = /*(float *)(size_t)\&s->beta[c] = /~running mean written over beta
sum~reduce.c~s/i < n; i++) y\[from + i\]/i <= n; i++) y[from + i]/~writes one past each row
mean~reduce.c~s@1 / (float)f.axis@1@~gradient not divided by the count
softmax~reduce.c~s/(dy\[i \* stride\] - dot)/dy[i * stride]/~gradient without the normalisation
softmax~reduce.c~s/expf(x\[i \* stride\] - largest)/expf(x[i * stride])/~overflow of exp
max_normalize~reduce.c~s/\[n \* len + b\] -=/[n * len + b] +=/~wrong sign at the maximum
top_mean~top_mean.c~s/^    left->ties--;//~every tie is taken
top_mean~top_mean.c~s/if (isnan(x)) return/if (0) return/~NaN of negative sign loses
top_mean~top_mean.c~s@ / (float)taken@@~gradient not divided by the count
top_mean~top_mean.c~s/ \* (1 - (double)FLT_EPSILON)//~a tenth of ten is two
top_mean~top_mean.c~s/+ 0.0f;/;/~-0 below 0
top_mean~top_mean.c~s/: bits | sign/: bits/~positive numbers below negative ones
gaussian_blur~gaussian_blur.c~s/-0.5f \* dy\[j\]/0.5f * dy[j]/~wrong sign of the gradient to the precision
gaussian_blur~gaussian_blur.c~s/2 \* n - 2 - i/2 * n - 1 - i/~repeats the border pixel
gaussian_blur~gaussian_blur.c~s/ < 0 ? 0 : gained\[j\]/ < -9 ? 0 : gained[j]/~a negative precision gets a gradient
gaussian_blur~gaussian_blur.c~s/const float keep = a ? 1.0f : 0.0f;/const float keep = 1;/~counts the middle row twice at the edges
mse~loss_ops.c~s/return 2 \* (x - t);/return x - t;/~gradient halved
l1~loss_ops.c~s/x > t ? 1.0f : x < t/x > t ? -1.0f : x < t/~wrong sign above the target
bce~loss_ops.c~s/return log_p < -100 ? -100 : log_p;/return log_p > -100 ? log_p : -100;/~NaN becomes a finite loss
bce_with_logits~loss_ops.c~s/- x \* t + nn_log1p/+ x * t + nn_log1p/~wrong sign in the loss
dice~loss_ops.c~s/-2 \* scale/2 * scale/~wrong sign in the gradient
cross_entropy~loss_ops.c~s/mass \* exp/exp/~takes the targets to add up to 1
mse~loss_ops.c~s/weights == 0 ? 0 : //~0 / 0 when every weight is 0
linear~linear.c~s/+= b\[o\]/-= b[o]/~wrong sign of the bias
linear~linear.c~s/k->x\[0\], F, 1, k->dx\[1\]/k->x[0], F, 0, k->dx[1]/~backward overwrites dw
conv2d~im2col.c~s/v \* g->dilation - g->pad/v * g->dilation - g->pad + 1/~kernel shifted by a column
conv2d~im2col.c~s/clamp(last + 1, a, end)/clamp(last, a, end)/~off by one at the far edge
conv2d~conv_gemm.c~s/in.ld, add ? 1 : 0, image/in.ld, 0, image/~pointwise overwrites dx
conv2d~conv_gemm.c~s/dw\[i\] += sum/dw[i] = sum/~backward overwrites dw
conv2d~conv_gemm.c~s/db\[c\] += sum/db[c] -= sum/~wrong sign of db
conv2d~conv_gemm.c~s/c.lanes = nn_min_int(LANES, c.blocks)/c.lanes = nn_min_int(nn_threads(), c.blocks)/~order of the weight gradient's sum depends on threads
conv2d~conv_end.c~s/end->shift\[o\]/end->shift[0]/~takes the first bias for all channels
conv2d~conv_depthwise.c~/for (; j < n; j++) sum += x/d~depthwise forgets the ragged end of rows
conv2d~conv_polyphase.c~s/p % c->tiles_w ? -1 : 0/-1/~polyphase reads the end of the row above at a row's beginning
conv2d~conv_polyphase.c~s|row, run->add, to|row, 0, to|~polyphase overwrites dx
conv2d~conv_polyphase_cut.c~s/c->term\[i \* s->products + j\] = terms++/c->term[i * s->products + j] = 0, terms++/~polyphase gives all terms of a sum the same weights
conv2d~conv_winograd_weights.c~s/, shared = i ? t->patch - t->step : 0/, shared = t->patch - t->step/~first rows of patches left over from the last image
conv2d~conv.c~s/.reads = NN_READS_X0 | NN_READS_X1/.reads = NN_READS_X0/~undeclared read of w
conv2d~conv.c~s/!(k->fresh \& 1)/1/~adds where dx is fresh
conv2d~im2col.c~s/row % f != 0) memcpy/row % f == 0) memcpy/~enlarged rows repeat one too late
conv2d~im2col.c~s/sum += src\[j + b \* f + v\]/sum = src[j + b * f + v]/~gradient of an enlarged pixel misses most of its block
conv2d~conv_shape.c~s/a->upsample > 1 \&\& (a->stride/0 \&\& (a->stride/~upsample with a stride accepted
conv_norm_act~conv_end.c~s/apart \* apart \* a.count/apart * a.count/~tiles joined without the distance of their means
conv_norm_act~conv_end.c~s/slope \* z/z/~no activation at the end of a convolution
conv_norm_act~norm_pass.c~s/c->scale + c->shift > 0/c->scale > 0/~side of the activation from before the shift
conv_norm_act~conv_norm_act.c~s/if (moments) memset(moments, 0.*//~moments not cleared
conv_norm_act~conv_norm_act.c~s/\] -= at\[c\]/] += at[c]/~wrong sign of the running mean
conv_norm_act~conv_norm_act.c~s/if (k->step.train) nn_norm_sums(/if (1) nn_norm_sums(/~frozen: the gradient of batch statistics
conv_norm_act~conv_norm_act.c~s/else set_inference(\&n, \&s, k->saved)/else nn_norm_from_running(\&n, \&s, k->saved)/~frozen: rounded otherwise than inference
conv_norm_act~norm_pass.c~s/apart \* inv_std/0 * inv_std/~frozen: gradient of gamma as if the running mean were 0
conv_norm_act~conv_norm_act.c~s/.spoils_dy = 1/.spoils_dy = 0/~spoils dy without saying so
conv_norm_act~conv_norm_act.c~s/x += (size_t)first/x += 0 * (size_t)first/~every part of a batch is computed from its first images
conv_transpose2d~conv_transpose.c~s/k->n_in > 2 ? k->x\[2\] : NULL/NULL/~bias forgotten
max_pool~pool.c~s/v > top ||/v >= top ||/~ties go to the last
max_pool~pool.c~s/v > top || (isnan(v) \&\& !isnan(top))/v > top/~NaN loses
avg_pool~pool.c~s@1 / ((float)g->a.size \* (float)g->a.size)@1 / (float)g->a.size@~divides by the side, not the area
global_avg_pool~pool.c~s@k->dy\[p\] / (float)len@k->dy[p]@~gradient not divided by the count
upsample_nearest~resample.c~s/int u = 1; u < f; u++) memcpy/int u = 2; u < f; u++) memcpy/~every second row not written
resize_bilinear~resample.c~s/at < 0 ? 0 : (float)(at - lo)/(float)(at - lo)/~not clamped at the near edge
resize_bilinear~resample.c~s/lo + 1 < in ? lo + 1 : lo/lo + 1/~reads past the far edge
ROWS
}

# One row: `try DIR NUMBER ROW`; leaves its verdict in DIR/NUMBER.verdict.
try() {
    dir=$1/$2
    IFS='~' read -r op file expression what <<ROW
$3
ROW
    mkdir "$dir"
    sed "$expression" "nn/ops/$file" >"$dir/$file"
    name=${file%.c}
    if cmp -s "nn/ops/$file" "$dir/$file"; then
        verdict="CHANGES NOTHING"
    elif ! $CC $FLAGS -c "$dir/$file" -o "$dir/$name.o" 2>"$dir/log"; then
        verdict="DOES NOT COMPILE"
    elif ! $CC -fopenmp "$dir/$name.o" $(echo "$OBJECTS" | grep -v "/nn/ops/$name\.o$") $LIBS -o "$dir/test" 2>"$dir/log"; then
        verdict="DOES NOT LINK"
    elif CK_RUN_CASE=$op CK_DEFAULT_TIMEOUT=20 "$dir/test" >"$dir/log" 2>&1; then
        verdict="MISSED"
    else
        verdict="caught"
    fi
    printf '%-16s %-16s %s\n' "$verdict" "$op" "$what" >"$1/$2.verdict"
    rm -f "$dir/test"
}

build=${1:?usage: e2e_planted_bugs.sh BUILD_DIR}
CC=${CC:-cc}
FLAGS="-std=c11 -D_POSIX_C_SOURCE=200809L -DLOCUS_NO_CLONES -O1 -w -fopenmp -I."
OBJECTS=$(ls "$build"/obj/nn/base/*.o "$build"/obj/nn/core/*.o "$build"/obj/nn/ops/*.o \
    "$build"/obj/tests/test_ops.o "$build"/obj/tests/reference_ops.o)
LIBS="$(pkg-config --libs check) -ldl -lpthread -lm"
export OMP_WAIT_POLICY=passive

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The control: built as the mutants are, but without a bug, every op must pass.
control() {
    mkdir "$work/control"
    files=$(cut -d'~' -f2 "$work/table" | sort -u)
    others=$OBJECTS
    for file in $files; do
        $CC $FLAGS -c "nn/ops/$file" -o "$work/control/${file%.c}.o" || return 1
        others=$(echo "$others" | grep -v "/nn/ops/${file%.c}\.o$")
    done
    $CC -fopenmp "$work"/control/*.o $others $LIBS -o "$work/control/test" && CK_DEFAULT_TIMEOUT=60 "$work/control/test" >/dev/null
}

# Two at a time: half of a row is compiling.
n=0
table >"$work/table"
control || { echo "planted bugs: test_ops fails, or does not build, without any bug" && exit 1; }
while IFS= read -r row; do
    n=$((n + 1))
    try "$work" $((100 + n)) "$row" &
    [ $((n % 2)) -eq 1 ] || wait
done <"$work/table"
wait

cat "$work"/*.verdict
caught=$(cat "$work"/*.verdict | grep -c '^caught')
echo "planted bugs: $caught caught, $((n - caught)) missed"
[ "$caught" -eq "$n" ] && [ "$n" -gt 0 ]
