/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train privacy: what a fit would cost, before it is run. */
#include "base/decimal.h"
#include "trainer/command.h"
#include "trainer/privacy/accountant.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct plan {
    double people, batch, epochs, noise, epsilon, delta; /* 0: not said */
    bool help;
};

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train privacy --people N --batch B --epochs E\n"
          "                               --noise S | --epsilon E [--delta D]\n"
          "\nPrints what a fit with differential privacy would cost: epsilon "
          "of a noise, or the\nnoise for an epsilon.  A neighbour has one "
          "person more or less.\n\n"
          "  --people N   people to train on\n"
          "  --batch B    how many of them are expected in a step\n"
          "  --epochs E   times through them\n"
          "  --noise S    standard deviation of the noise, over the clip\n"
          "  --epsilon E  what may be spent\n"
          "  --delta D    (1e-5)\n",
          out);
}

static double *named(struct plan *p, struct an_str name)
{
    const struct {
        struct an_str name;
        double *to;
    } option[] = {
        {AN_STR("people"), &p->people},   {AN_STR("batch"), &p->batch},
        {AN_STR("epochs"), &p->epochs},   {AN_STR("noise"), &p->noise},
        {AN_STR("epsilon"), &p->epsilon}, {AN_STR("delta"), &p->delta}};

    for (size_t i = 0; i < sizeof(option) / sizeof(*option); i++)
        if (an_str_eq(name, option[i].name))
            return option[i].to;
    return NULL;
}

static int refuse(const char *why)
{
    fprintf(stderr, "anamnesis-train privacy: %s\n", why);
    return TR_EXIT_USAGE;
}

static int check(const struct plan *p)
{
    if (!(p->people >= 1) || !(p->batch > 0) || !(p->epochs > 0))
        return refuse("--people, --batch and --epochs are wanted");
    if (p->batch > p->people)
        return refuse("a batch has no more than all the people");
    if (p->epochs * p->people / p->batch > 1e9)
        return refuse("these are more than 1e9 steps");
    if (p->noise > 0 ? p->epsilon > 0 : !(p->epsilon > 0))
        return refuse("one of --noise and --epsilon is wanted");
    if (!(p->delta < 1))
        return refuse("--delta is above 0 and below 1");
    return TR_EXIT_OK;
}

static int arguments(struct plan *p, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        struct an_str name, value;
        double *to;

        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            p->help = true;
            return TR_EXIT_OK;
        }
        to = tr_option(argc, argv, &i, &name, &value) ? named(p, name) : NULL;
        if (to == NULL) {
            usage(stderr);
            return TR_EXIT_USAGE;
        }
        if (!an_decimal_parse(value, to) || !(*to > 0)) {
            fprintf(stderr,
                    "anamnesis-train privacy: --%.*s wants a number above 0\n",
                    AN_STR_ARG(name));
            return TR_EXIT_USAGE;
        }
    }
    return check(p);
}

int tr_command_privacy(int argc, char **argv)
{
    struct plan p = {.delta = 1e-5};
    struct tr_phase phase;
    struct tr_budget b;
    struct an_err err;
    const int status = arguments(&p, argc, argv);

    if (status != TR_EXIT_OK || p.help)
        return status;
    phase = (struct tr_phase){p.batch / p.people, p.noise,
                              (int64_t)ceil(p.epochs * p.people / p.batch)};
    if (!(p.noise > 0) && tr_noise_for(phase.rate, phase.steps, NULL, p.delta,
                                       p.epsilon, &phase.noise, &err) != AN_OK)
        return tr_command_failed("privacy", NULL, &err);
    b = tr_budget_of(&phase, 1, p.delta, NULL, 0);
    printf("epsilon        %.4f\n"
           "delta          %g\n"
           "noise          %.4f times the clip\n"
           "sampling rate  %.6g\n"
           "steps          %lld\n"
           "order          %g, of " TR_ORDERS_TEXT "\n"
           "unit           a person, added or taken away\n",
           b.epsilon, p.delta, phase.noise, phase.rate, (long long)phase.steps,
           b.order);
    return TR_EXIT_OK;
}
