/* SPDX-License-Identifier: Apache-2.0 */
/* One plot as a <figure> with an inline <svg>: a frame with axes, and on it
 * lines, dots, bars and words.  Lines are told apart by their dashes, dots by
 * their shape, beside the colour; the legend says which is which.
 *
 *     tr_plot_begin(&p, b, "roc-3", "ROC curve", "...", &axes);
 *     tr_plot_line(&p, 0, xy, n);
 *     tr_plot_legend(&p, 0, false, "model");
 *     tr_plot_caption(&p), an_buf_put_c(b, "Area 0.8.");
 *     tr_plot_end(&p);
 *
 * The names of axes and legends are ours.  What lies outside of the axes is
 * drawn on the edge.
 *
 * Thread-safety: confined to the buffer. */
#ifndef TRAINER_REPORT_PLOT_H
#define TRAINER_REPORT_PLOT_H

#include "base/buf.h"
#include "trainer/report/curves.h"

struct tr_axis {
    const char *name;
    double from, to;
    bool is_log; /* `from` above 0 */
    bool whole;  /* whole numbers at the ticks */
};

struct tr_axes {
    struct tr_axis x, y;
};

enum { TR_PLOT_STYLES = 4, TR_PLOT_MARKS = 32 };

struct tr_plot {
    struct an_buf *b;
    struct tr_axes axes;
    int legends;
    struct tr_xy mark[TR_PLOT_MARKS]; /* where numbers stand, in the drawing */
    size_t n_marks;
};

/* The title is the figure's, the description for who does not see it; `id` is
 * unique in the page, and both are escaped. */
void tr_plot_begin(struct tr_plot *p, struct an_buf *b, struct an_str id,
                   struct an_str title, struct an_str description,
                   const struct tr_axes *axes);
void tr_plot_line(struct tr_plot *p, int style, const struct tr_xy *xy,
                  size_t n);
/* A dot, with a whisker from low to high where these are numbers. */
void tr_plot_dot(struct tr_plot *p, int style, struct tr_xy at, double low,
                 double high);
/* A bar upwards from the lower edge, `height` a share of the frame's. */
void tr_plot_bar(struct tr_plot *p, double from, double to, double height);
/* A dot with a number beside it, which the caption or a table explains; of the
 * first TR_PLOT_MARKS none hides another. */
void tr_plot_mark(struct tr_plot *p, struct tr_xy at, size_t number);
void tr_plot_legend(struct tr_plot *p, int style, bool is_dot,
                    const char *text);
/* Ends the drawing; what is put into the buffer now is its caption. */
void tr_plot_caption(struct tr_plot *p);
void tr_plot_end(struct tr_plot *p);

/* The least of 1, 2, 2.5, 5 times a power of ten that is x or more, x > 0. */
double tr_plot_round(double x);
/* Where an axis from 0 ends with a tick, at x or beyond, x > 0. */
double tr_plot_whole(double x);

#endif
