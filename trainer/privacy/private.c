/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/privacy/private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool tr_private_wanted(const struct tr_settings *s)
{
    return s->dp_noise > 0 || s->dp_epsilon > 0;
}

struct keyed {
    uint64_t key;
    uint32_t patient;
};

static int keyed_cmp(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->patient < y->patient ? -1 : x->patient > y->patient;
}

static enum an_code list_people(struct tr_private *p, const struct tr_cohort *c,
                                struct an_err *err)
{
    struct keyed *list = calloc(c->n_patients + 1, sizeof(*list));
    size_t n = 0;

    p->patient = calloc(c->n_patients + 1, sizeof(*p->patient));
    p->batch = calloc(c->n_patients + 1, sizeof(*p->batch));
    p->first = calloc(c->n_patients + 1, sizeof(*p->first));
    if (!list || !p->patient || !p->batch || !p->first) {
        free(list);
        return an_fail_nomem(err);
    }
    for (size_t i = 0; i < c->n_patients; i++)
        if (c->patient[i].split == TR_TRAIN)
            list[n++] = (struct keyed){c->patient[i].key, (uint32_t)i};
    qsort(list, n, sizeof(*list), keyed_cmp);
    for (size_t i = 0; i < n; i++) {
        p->patient[i] = list[i].patient;
        if (i == 0 || list[i].key != list[i - 1].key)
            p->first[p->n_people++] = i;
    }
    p->first[p->n_people] = n;
    free(list);
    return p->n_people ? AN_OK
                       : an_fail(err, AN_MISSING,
                                 "the cohort has no training patients", 0);
}

static enum an_code check(const struct tr_private *p,
                          const struct tr_settings *s, struct an_err *err)
{
    if (!(s->dp_clip > 0))
        return an_fail(err, AN_CONFIG,
                       "privacy wants a clip: dp_clip is 0, and a gradient of "
                       "any length has no limit to hide below",
                       0);
    if (s->dp_people > (int64_t)p->n_people)
        return an_fail(err, AN_CONFIG,
                       "dp_people is more than all the people to train on", 0);
    if (!(s->dp_delta > 0) || s->dp_delta * (double)p->n_people >= 1)
        return an_fail(err, AN_CONFIG,
                       "dp_delta is above 0 and below one over the number of "
                       "people: else it allows to publish one of them",
                       0);
    return AN_OK;
}

/* What is set is epsilon or noise; of a run that found its noise both. */
static enum an_code find_noise(struct tr_private *p, struct tr_settings *s,
                               struct an_err *err)
{
    enum an_code code = AN_OK;

    if (s->dp_epsilon > 0 && s->dp_noise > 0)
        return an_fail(err, AN_CONFIG,
                       "dp_noise and dp_epsilon are not set both: one follows "
                       "from the other",
                       0);
    if (s->dp_epsilon > 0)
        code = tr_noise_for(p->step.rate, p->step.steps, &p->start, p->delta,
                            s->dp_epsilon, &s->dp_noise, err);
    p->step.noise = s->dp_noise;
    return code;
}

enum an_code tr_private_init(struct tr_private *p, const struct tr_cohort *c,
                             struct tr_settings *s,
                             const uint8_t key[TR_SECRET_BYTES],
                             struct an_err *err)
{
    enum an_code code;

    *p = (struct tr_private){.delta = s->dp_delta,
                             .clip = s->dp_clip,
                             .expected = (double)s->dp_people};
    code = list_people(p, c, err);
    if (code == AN_OK)
        code = check(p, s, err);
    if (code == AN_OK) {
        p->step.rate = p->expected / (double)p->n_people;
        p->step.steps = (int64_t)ceil((double)s->epochs / p->step.rate);
        p->start = (struct tr_phase){1, s->dp_start, s->dp_start > 0};
        code = find_noise(p, s, err);
    }
    if (code == AN_OK)
        code = tr_secret_init(&p->secret, key, err);
    if (code != AN_OK)
        tr_private_release(p);
    return code;
}

void tr_private_release(struct tr_private *p)
{
    tr_secret_release(&p->secret);
    free(p->patient);
    free(p->first);
    free(p->batch);
    *p = (struct tr_private){.clip = 0};
}

enum an_code tr_private_sample(struct tr_private *p, struct an_err *err)
{
    enum an_code code = AN_OK;

    p->n_batch = 0;
    for (size_t i = 0; i < p->n_people && code == AN_OK; i++) {
        double u;

        code = tr_secret_uniform(&p->secret, &u, err);
        for (size_t k = p->first[i]; u < p->step.rate && k < p->first[i + 1];
             k++)
            p->batch[p->n_batch++] = p->patient[k];
    }
    return code;
}

enum an_code tr_private_blur(struct tr_private *p, float *grad, uint64_t n,
                             struct an_err *err)
{
    return tr_secret_blur(&p->secret, grad, n, p->step.noise * p->clip,
                          1 / p->expected, err);
}

struct tr_budget tr_private_spent(const struct tr_private *p, int64_t steps)
{
    const struct tr_phase phase[] = {{p->step.rate, p->step.noise, steps},
                                     p->start};

    return tr_budget_of(phase, 2, p->delta, NULL, 0);
}

/* ---- the record ---------------------------------------------------------- */

static void put_real(struct an_json_out *w, const char *key, double value)
{
    char text[32];

    snprintf(text, sizeof(text), "%.9g", value);
    an_out_key(w, key);
    if (isfinite(value))
        an_out_number(w, an_str_c(text));
    else
        an_out_null(w);
}

static void put_whole(struct an_json_out *w, const char *key, int64_t value)
{
    an_out_key(w, key);
    an_out_i64(w, value);
}

static void put_not_counted(struct an_json_out *w, bool public_vocabulary)
{
    static const char *const always[] = {
        "the number of training people, from which the sampling rate follows",
        "settings that were chosen by looking at other fits of these people",
        "what a package says of the training people beside the weights: their "
        "ages, the mean and spread of their facts, the regression it is "
        "compared with",
        "the tuning and test people: calibration, limits and evaluation",
    };

    an_out_key(w, "not_counted");
    an_out_array(w);
    an_out_str(w, public_vocabulary
                      ? AN_STR("vocabulary, scales and features: declared to "
                               "be of public data")
                      : AN_STR("vocabulary, scales and features: of the "
                               "training people, with who had which condition "
                               "at what age"));
    for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
        an_out_str(w, an_str_c(always[i]));
    an_out_end(w);
}

void tr_private_write(const struct tr_private *p, const struct tr_settings *s,
                      int64_t charged, int64_t taken, struct an_json_out *w)
{
    const struct tr_budget spent = tr_private_spent(p, charged);

    an_out_key(w, "privacy");
    an_out_object(w);
    an_out_key_str(w, "unit", AN_STR("person, added or taken away"));
    put_real(w, "epsilon", spent.epsilon);
    put_real(w, "delta", p->delta);
    put_real(w, "noise", p->step.noise);
    put_real(w, "clip", p->clip);
    put_real(w, "sampling_rate", p->step.rate);
    put_real(w, "expected_people", p->expected);
    put_whole(w, "people", (int64_t)p->n_people);
    put_whole(w, "steps", charged);
    put_whole(w, "steps_taken", taken);
    if (p->start.steps)
        put_real(w, "start_noise", p->start.noise);
    an_out_key_str(w, "accountant",
                   AN_STR("Renyi divergence of the Gaussian mechanism on a "
                          "Poisson sample"));
    an_out_key_str(w, "orders", AN_STR(TR_ORDERS_TEXT));
    put_real(w, "order", spent.order);
    put_not_counted(w, s->dp_public);
    an_out_end(w);
}
