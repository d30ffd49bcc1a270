/* video_scores.h -- from what was said about frames to what is said about videos.
 *
 * The outcome is EvalResults again, so that rows and intervals are made of videos as they are of frames. Maps are
 * judged frame by frame only: no figure of a map is known of a video. */
#ifndef EVAL_VIDEO_SCORES_H
#define EVAL_VIDEO_SCORES_H
#include "eval/score_rows.h"

/* Is any item a frame of a video? */
int eval_has_videos(const EvalResults *frames);

/* An item per video, where its first frame stood: its score is the mean or the largest of its frames' scores, its path
 * the video's name, its group that of the first frame, `frames` how many there were. Frames are of one video if video,
 * label and manipulation agree; an image of no video is a video of one frame. Names, methods and paths are borrowed
 * from `frames`. The caller frees with eval_results_free. ERR_NUMERIC: a score is NaN. */
NnStatus eval_video_scores(const EvalResults *frames, EvalAggregation how, EvalResults *out, NnErr *err);

/* "frame", "video"; and "mean", "max", or "" where nothing was put together. */
const char *eval_level_text(const EvalResults *r);
const char *eval_aggregation_text(const EvalResults *r);

/* ERR_USAGE names what is known. */
NnStatus eval_aggregation_parse(const char *text, EvalAggregation *out, NnErr *err);

#endif
