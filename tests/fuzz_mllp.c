/* SPDX-License-Identifier: Apache-2.0 */
/* Any stream gives the same frames at the same offsets, the same junk and the
 * same rest, whether it comes at once or in pieces (the first input byte says
 * how large), and the buffer stays within its bound. */
#include "hl7/mllp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MAX_FRAME_BYTES = 64 };

struct outcome {
    uint64_t hash, n_frames, n_junk_bytes;
    size_t n_lost;
};

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void mix(struct outcome *o, uint64_t v)
{
    o->hash = (o->hash ^ v) * UINT64_C(1099511628211);
}

static void take(struct hl7_mllp *d, struct outcome *o)
{
    struct hl7_mllp_frame f;
    enum hl7_mllp_got got;

    while ((got = hl7_mllp_next(d, &f)) != HL7_MLLP_MORE) {
        require(f.bytes.n <= MAX_FRAME_BYTES);
        require(f.bytes.p >= d->buf &&
                f.bytes.p + f.bytes.n <= d->buf + d->used);
        mix(o, got);
        mix(o, f.offset);
        mix(o, f.junk_bytes);
        mix(o, an_str_hash(f.bytes));
    }
}

static struct outcome run(const char *in, size_t n, size_t step)
{
    struct outcome o = {0};
    struct hl7_mllp d;

    hl7_mllp_init(&d, MAX_FRAME_BYTES);
    while (n) {
        char *p;
        size_t room = hl7_mllp_space(&d, &p), some = n < step ? n : step;

        if (room == 0) {
            size_t size = hl7_mllp_wanted(&d);

            require(size > d.size && size <= MAX_FRAME_BYTES + 4);
            p = realloc(d.buf, size);
            require(p != NULL);
            hl7_mllp_resize(&d, p, size);
            continue;
        }
        some = some < room ? some : room;
        memcpy(p, in, some);
        hl7_mllp_filled(&d, some);
        in += some;
        n -= some;
        take(&d, &o);
    }
    (void)(hl7_mllp_close(&d, &o.n_lost, NULL) == AN_OK);
    o.n_frames = d.n_frames;
    o.n_junk_bytes = d.n_junk_bytes;
    free(d.buf);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct outcome whole, pieces;

    if (n == 0)
        return 0;
    whole = run((const char *)data + 1, n - 1, SIZE_MAX);
    pieces = run((const char *)data + 1, n - 1, 1U + data[0] % 16);
    require(whole.hash == pieces.hash);
    require(whole.n_frames == pieces.n_frames);
    require(whole.n_junk_bytes == pieces.n_junk_bytes);
    require(whole.n_lost == pieces.n_lost);
    return 0;
}
