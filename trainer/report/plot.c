/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/report/plot.h"

#include "trainer/put.h"
#include "trainer/report/html.h"

#include <math.h>
#include <stdio.h>

/* The drawing's own units; text is 11 of them high. */
enum {
    WIDTH = 360,
    HEIGHT = 290,
    LEFT = 60,
    RIGHT = 348,
    TOP = 30,
    BOTTOM = 242,
    TICKS = 5,
    LEGEND_EACH = 104,
    MARK_WIDE = 16,
    MARK_HIGH = 12
};

static double share_of(const struct tr_axis *a, double v)
{
    const double at = a->is_log ? log(v / a->from) / log(a->to / a->from)
                                : (v - a->from) / (a->to - a->from);

    return fmin(fmax(at, 0), 1);
}

static double x_of(const struct tr_plot *p, double x)
{
    return LEFT + share_of(&p->axes.x, x) * (RIGHT - LEFT);
}

static double y_of(const struct tr_plot *p, double y)
{
    return BOTTOM - share_of(&p->axes.y, y) * (BOTTOM - TOP);
}

double tr_plot_round(double x)
{
    static const double step[] = {1, 2, 2.5, 5, 10};
    const double power = pow(10, floor(log10(x)));

    for (size_t i = 0; i < sizeof(step) / sizeof(step[0]); i++)
        if (step[i] * power >= x * (1 - 1e-9))
            return step[i] * power;
    return 10 * power;
}

double tr_plot_whole(double x)
{
    const double step = tr_plot_round(x / TICKS);

    return ceil(x / step - 1e-9) * step;
}

/* Places that tell ticks so far apart from each other. */
static int places_of(double step)
{
    int places = 0;

    while (places < 6 && fabs(step - round(step)) > 1e-6 * fabs(step)) {
        step *= 10;
        places++;
    }
    return places;
}

static void put_tick(const struct tr_plot *p, bool is_x, double v, int places)
{
    if (is_x)
        tr_put_line(p->b,
                    "<path class=\"g\" d=\"M%.1f %dV%d\"/>"
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s%.*f"
                    "</text>\n",
                    x_of(p, v), TOP, BOTTOM, x_of(p, v), BOTTOM + 15,
                    v < 0 ? "\xE2\x88\x92" : "", places, fabs(v));
    else
        tr_put_line(p->b,
                    "<path class=\"g\" d=\"M%d %.1fH%d\"/>"
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s%.*f"
                    "</text>\n",
                    LEFT, y_of(p, v), RIGHT, LEFT - 6, y_of(p, v) + 4,
                    v < 0 ? "\xE2\x88\x92" : "", places, fabs(v));
}

/* Steps of the whole axis, such that about TICKS of them fill it. */
static void put_ticks(const struct tr_plot *p, const struct tr_axis *a,
                      bool is_x)
{
    const double span = a->to - a->from;
    double step = tr_plot_round(span / TICKS), first;
    int places;

    if (a->whole)
        step = fmax(ceil(step), 1);
    places = places_of(step);
    first = ceil(a->from / step - 1e-9) * step;
    for (int i = 0; i < 4 * TICKS && first + i * step <= a->to + 1e-9 * span;
         i++) {
        const double v = first + i * step;

        put_tick(p, is_x, fabs(v) < 1e-9 * span ? 0 : v, places);
    }
}

/* Powers of ten, and where these are few, twice and five times them. */
static void put_log_ticks(const struct tr_plot *p, const struct tr_axis *a,
                          bool is_x)
{
    static const double times[] = {1, 2, 5};
    const double decades = log10(a->to / a->from);
    const size_t each = decades < 2.5 ? 3 : 1;

    for (int e = (int)floor(log10(a->from)); e <= (int)ceil(log10(a->to)); e++)
        for (size_t i = 0; i < each; i++) {
            const double v = times[i] * pow(10, e);

            if (v >= a->from * (1 - 1e-9) && v <= a->to * (1 + 1e-9))
                put_tick(p, is_x, v, places_of(v));
        }
}

void tr_plot_begin(struct tr_plot *p, struct an_buf *b, struct an_str id,
                   struct an_str title, struct an_str description,
                   const struct tr_axes *axes)
{
    *p = (struct tr_plot){.b = b, .axes = *axes};
    an_buf_put_c(b, "<figure>\n");
    tr_put_line(b, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"",
                WIDTH, HEIGHT);
    tr_html_text(b, id);
    an_buf_put_c(b, "-t ");
    tr_html_text(b, id);
    an_buf_put_c(b, "-d\"><title id=\"");
    tr_html_text(b, id);
    an_buf_put_c(b, "-t\">");
    tr_html_text(b, title);
    an_buf_put_c(b, "</title><desc id=\"");
    tr_html_text(b, id);
    an_buf_put_c(b, "-d\">");
    tr_html_text(b, description);
    an_buf_put_c(b, "</desc>\n");
    if (axes->x.is_log)
        put_log_ticks(p, &axes->x, true);
    else
        put_ticks(p, &axes->x, true);
    put_ticks(p, &axes->y, false);
    tr_put_line(b, "<path class=\"x\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP,
                BOTTOM, RIGHT);
    tr_put_line(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                (LEFT + RIGHT) / 2, BOTTOM + 36, axes->x.name);
    tr_put_line(b,
                "<text transform=\"translate(11 %d) rotate(-90)\" "
                "text-anchor=\"middle\">%s</text>\n",
                (TOP + BOTTOM) / 2, axes->y.name);
}

void tr_plot_line(struct tr_plot *p, int style, const struct tr_xy *xy,
                  size_t n)
{
    if (n == 0)
        return;
    tr_put_line(p->b, "<path class=\"l s%d\" d=\"", style);
    for (size_t i = 0; i < n; i++)
        tr_put_line(p->b, "%c%.1f %.1f", i ? 'L' : 'M', x_of(p, xy[i].x),
                    y_of(p, xy[i].y));
    an_buf_put_c(p->b, "\"/>\n");
}

/* A shape of its own for each style, round a place. */
static void put_shape(struct an_buf *b, int style, double x, double y)
{
    static const char *const shape[TR_PLOT_STYLES] = {
        "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
        "m-3.2 -3.2h6.4v6.4h-6.4z", "m0 -4l4 7h-8z",
        "m0 -4.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z"};

    tr_put_line(b, "<path class=\"d s%d\" d=\"M%.1f %.1f%s\"/>", style, x, y,
                shape[style]);
}

void tr_plot_dot(struct tr_plot *p, int style, struct tr_xy at, double low,
                 double high)
{
    const double x = x_of(p, at.x);

    if (isfinite(low) && isfinite(high))
        tr_put_line(p->b,
                    "<path class=\"l w s%d\" d=\"M%.1f %.1fV%.1fm-3 0h6M%.1f "
                    "%.1fm-3 0h6\"/>",
                    style, x, y_of(p, low), y_of(p, high), x, y_of(p, low));
    put_shape(p->b, style, x, y_of(p, at.y));
    an_buf_put_c(p->b, "\n");
}

void tr_plot_bar(struct tr_plot *p, double from, double to, double height)
{
    const double x = x_of(p, from), width = x_of(p, to) - x;
    const double high = height * (BOTTOM - TOP);

    tr_put_line(p->b,
                "<rect class=\"b\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                "height=\"%.1f\"/>\n",
                x, BOTTOM - high, width, high);
}

static bool is_taken(const struct tr_plot *p, struct tr_xy at)
{
    for (size_t i = 0; i < p->n_marks; i++)
        if (fabs(p->mark[i].x - at.x) < MARK_WIDE &&
            fabs(p->mark[i].y - at.y) < MARK_HIGH)
            return true;
    return false;
}

/* Beside its place, or below or above that as far as others need. */
static struct tr_xy free_place(const struct tr_plot *p, double x, double y)
{
    struct tr_xy at = {x + (x > RIGHT - 2 * MARK_WIDE ? -MARK_WIDE : MARK_WIDE),
                       y};

    for (int i = 1; i < 2 * TR_PLOT_MARKS && is_taken(p, at); i++)
        at.y = fmin(fmax(y + (i % 2 ? -1 : 1) * (i + 1) / 2 * MARK_HIGH, TOP),
                    BOTTOM);
    return at;
}

void tr_plot_mark(struct tr_plot *p, struct tr_xy at, size_t number)
{
    const double x = x_of(p, at.x), y = y_of(p, at.y);
    const struct tr_xy text = free_place(p, x, y);

    if (p->n_marks < TR_PLOT_MARKS)
        p->mark[p->n_marks++] = text;
    tr_put_line(p->b, "<path class=\"r\" d=\"M%.1f %.1fL%.1f %.1f\"/>", x, y,
                x + 0.6 * (text.x - x), y + 0.8 * (text.y - y));
    put_shape(p->b, 0, x, y);
    tr_put_line(p->b,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%zu</text>"
                "\n",
                text.x, text.y + 4, number);
}

void tr_plot_legend(struct tr_plot *p, int style, bool is_dot, const char *text)
{
    const int x = LEFT - 8 + LEGEND_EACH * p->legends++;

    if (is_dot)
        put_shape(p->b, style, x + 10, 14);
    else
        tr_put_line(p->b, "<path class=\"l s%d\" d=\"M%d 14h22\"/>", style, x);
    tr_put_line(p->b, "<text x=\"%d\" y=\"18\">%s</text>\n", x + 27, text);
}

void tr_plot_caption(struct tr_plot *p)
{
    an_buf_put_c(p->b, "</svg>\n<figcaption>");
}

void tr_plot_end(struct tr_plot *p)
{
    an_buf_put_c(p->b, "</figcaption></figure>\n");
}
