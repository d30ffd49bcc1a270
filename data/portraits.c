/* portraits.c -- renders a person: geometry of the head in the picture, the order of layers, the camera. */
#include "data/portraits.h"

#include <stdlib.h>

#include "data/portrait_layers.h"
#include "nn/base/size.h"

enum { OVERSAMPLING = 2, PORTRAIT_MIN = 8, PORTRAIT_MAX = 4096 };

/* The face coordinates are set only where the point is on the head. */
static DataHeadPoint head_point(const DataPerson *p, const DataCanvas *c, int x, int y)
{
    const DataPose *o = &p->pose;
    const DataOutline *l = &p->outline;
    const float scale = 1 / o->radius, step = 1 / (float)c->n;
    const float px = (((float)x + 0.5f) * step - o->cx) * scale, py = (((float)y + 0.5f) * step - o->cy) * scale;
    DataHeadPoint h = { .x = px * o->roll_cos + py * o->roll_sin, .y = py * o->roll_cos - px * o->roll_sin };
    h.a = h.x, h.b = h.y, h.u = h.x < 0 ? -1.0f : 1.0f, h.s = 2 * h.u;
    h.edge = -1;
    if (fabsf(h.y) >= 1) return h;
    const float row = (h.y + 1) * (0.5f * PORTRAIT_ROWS);
    const int i = row < PORTRAIT_ROWS ? (int)row : PORTRAIT_ROWS - 1; /* y + 1 may round up to 2 */
    const float half = mixf(l->half_width[i], l->half_width[i + 1], row - (float)i) + 1e-6f;
    h.s = h.x / half;
    h.edge = (half - fabsf(h.x)) * l->steep[i];
    if (fabsf(h.s) >= 1) return h;
    h.u = h.s * o->yaw_cos - sqrtf(1 - h.s * h.s) * o->yaw_sin;
    h.b = h.y * o->pitch_cos - sqrtf(1 - h.y * h.y) * o->pitch_sin * 0.6f;
    h.a = h.u * mixf(half, o->aspect, 0.75f);
    return h;
}

float data_head_grain(const DataPerson *p, const DataCanvas *c)
{
    return 1 / ((float)c->n * p->pose.radius);
}

static int clamp_sample(float v, int n)
{
    return v < 0 ? 0 : v > (float)n ? n : (int)v;
}

DataBounds data_head_bounds(const DataPerson *p, const DataCanvas *c, float reach_x, float y_top, float y_low)
{
    const DataPose *o = &p->pose;
    float lo_x = 9, hi_x = -9, lo_y = 9, hi_y = -9;
    for (int i = 0; i < 4; i++) {
        const float x = i & 1 ? reach_x : -reach_x, y = i & 2 ? y_low : y_top;
        const float px = x * o->roll_cos - y * o->roll_sin, py = y * o->roll_cos + x * o->roll_sin;
        lo_x = minf(lo_x, px), hi_x = maxf(hi_x, px), lo_y = minf(lo_y, py), hi_y = maxf(hi_y, py);
    }
    const float n = (float)c->n;
    return (DataBounds){ clamp_sample((o->cx + o->radius * lo_x) * n, c->n),
                         clamp_sample((o->cy + o->radius * lo_y) * n, c->n),
                         clamp_sample((o->cx + o->radius * hi_x) * n + 1, c->n),
                         clamp_sample((o->cy + o->radius * hi_y) * n + 1, c->n) };
}

/* The inner face: brows to chin, between the cheekbones, moved by the pose. */
static DataFaceBox face_box(const DataPose *o)
{
    const float x = 0.85f * o->aspect * o->yaw_sin, y = 0.3f + 0.55f * o->pitch_sin;
    return (DataFaceBox){ .cx = o->cx + o->radius * (x * o->roll_cos - y * o->roll_sin),
                          .cy = o->cy + o->radius * (y * o->roll_cos + x * o->roll_sin),
                          .rx = o->radius * o->aspect * 0.72f,
                          .ry = o->radius * 0.6f };
}

static NnStatus canvas_new(int n, DataCanvas *c, NnErr *err)
{
    size_t samples;
    c->n = n;
    if (nn_size_mul((size_t)n, (size_t)n, &samples)) {
        c->at = nn_alloc(samples, sizeof *c->at);
        c->height = nn_alloc(samples, sizeof *c->height);
        c->head = nn_alloc(samples, sizeof *c->head);
    }
    if (c->at && c->height && c->head) return NN_OK;
    nn_fail(err, NN_ERR_NOMEM, "out of memory for a portrait of %d x %d samples", n, n);
    return NN_ERR_NOMEM;
}

static void canvas_free(DataCanvas *c)
{
    free(c->at);
    free(c->height);
    free(c->head);
}

static void paint(const DataPerson *p, DataCanvas *c)
{
    for (int y = 0; y < c->n; y++)
        for (int x = 0; x < c->n; x++) c->head[y * c->n + x] = head_point(p, c, x, y);
    data_paint_scene(p, c);
    data_paint_hair_behind(p, c);
    data_paint_torso(p, c);
    data_paint_face(p, c);
    data_paint_glasses(p, c);
    data_paint_hair_before(p, c);
}

static NnStatus render(NnRng *rng, int size, DataPerson *p, DataCanvas *c, DataImage *out, NnErr *err)
{
    data_person_draw(rng, p);
    NN_TRY(canvas_new(size * OVERSAMPLING, c, err));
    NN_TRY(data_image_new(size, size, 3, out, err));
    paint(p, c);
    data_camera_expose(p, c, rng, out);
    const NnStatus s = data_image_through_jpeg(out, p->camera.quality, err); /* the camera's own file */
    if (s != NN_OK) data_image_free(out);
    return s;
}

NnStatus data_portrait_render(uint64_t seed, uint32_t person, int size, DataImage *out, DataFaceBox *face, NnErr *err)
{
    if (size < PORTRAIT_MIN || size > PORTRAIT_MAX)
        return nn_fail(err, NN_ERR_SHAPE, "portrait of %d px: expected %d..%d", size, PORTRAIT_MIN, PORTRAIT_MAX);
    DataPerson *p = nn_alloc(1, sizeof *p);
    if (!p) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a portrait");
    NnRng rng = nn_rng_make(seed, NN_STREAM_PORTRAIT, 0, person);
    DataCanvas canvas = { 0 };
    const NnStatus s = render(&rng, size, p, &canvas, out, err);
    if (s == NN_OK && face) *face = face_box(&p->pose);
    canvas_free(&canvas);
    free(p);
    return s;
}

NnStatus data_portrait_face(uint64_t seed, uint32_t person, DataFaceBox *face, NnErr *err)
{
    DataPerson *p = nn_alloc(1, sizeof *p);
    if (!p) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a portrait");
    NnRng rng = nn_rng_make(seed, NN_STREAM_PORTRAIT, 0, person);
    data_person_draw(&rng, p);
    *face = face_box(&p->pose);
    free(p);
    return NN_OK;
}
