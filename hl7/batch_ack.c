/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/batch_ack.h"

#include "hl7/delims.h"

enum { CONTROL_ID = 11 };

void hl7_batch_ack_init(struct hl7_batch_ack *a, struct an_buf *out,
                        struct an_time now, struct an_str control_id)
{
    *a = (struct hl7_batch_ack){
        .out = out, .now = now, .control_id = control_id};
}

static char field_of(struct an_str header)
{
    struct hl7_delims d;
    const char *odd;
    size_t n;

    return hl7_delims_read(header, &d, &n, &odd) ? d.field
                                                 : hl7_delims_recommended.field;
}

/* Field `number` of FHS or BHS, from 2 on; "" when it is not there. */
static struct an_str field(struct an_str header, char separator, int number)
{
    struct an_str rest = an_str_sub(header, 4, header.n), part = {"", 0};

    for (int i = 2; i <= number; i++)
        if (!an_str_cut(&rest, separator, &part))
            return AN_STR("");
    return part;
}

/* FHS or BHS: the fields of both have the same numbers. */
static void put_header(struct hl7_batch_ack *a, const char *id,
                       struct an_str theirs, uint64_t number)
{
    static const int swapped[] = {5, 6, 3, 4};
    char separator = field_of(theirs), now[AN_TIME_TEXT_BYTES];
    struct an_str encoding = field(theirs, separator, 2);

    an_buf_put_c(a->out, id);
    an_buf_put_char(a->out, separator);
    an_buf_put(a->out, encoding.n ? encoding : AN_STR("^~\\&"));
    for (size_t i = 0; i < sizeof(swapped) / sizeof(swapped[0]); i++) {
        an_buf_put_char(a->out, separator);
        an_buf_put(a->out, field(theirs, separator, swapped[i]));
    }
    an_time_print_hl7(a->now, now);
    an_buf_put_char(a->out, separator);
    an_buf_put_c(a->out, now);
    for (int i = 8; i <= CONTROL_ID; i++)
        an_buf_put_char(a->out, separator);
    an_buf_put(a->out, a->control_id);
    if (number) {
        an_buf_put_char(a->out, '-');
        an_buf_put_u64(a->out, number);
    }
    an_buf_put_char(a->out, separator);
    an_buf_put(a->out, field(theirs, separator, CONTROL_ID));
    an_buf_put_char(a->out, '\r');
}

static void put_trailer(struct hl7_batch_ack *a, const char *id,
                        struct an_str header, uint64_t n)
{
    an_buf_put_c(a->out, id);
    an_buf_put_char(a->out, field_of(header));
    an_buf_put_u64(a->out, n);
    an_buf_put_char(a->out, '\r');
}

static void close_batch(struct hl7_batch_ack *a)
{
    if (a->in_batch)
        put_trailer(a, "BTS", a->batch_header, a->n_in_batch);
    a->in_batch = false;
}

static void close_file(struct hl7_batch_ack *a)
{
    close_batch(a);
    if (a->in_file)
        put_trailer(a, "FTS", a->file_header, a->n_batches);
    a->in_file = false;
    a->n_batches = 0;
}

static void open_for(struct hl7_batch_ack *a, struct an_str file_header,
                     struct an_str batch_header)
{
    bool is_new_file = file_header.p != a->file_header.p;

    if (is_new_file)
        close_file(a);
    if (is_new_file && file_header.n) {
        put_header(a, "FHS", file_header, 0);
        a->in_file = true;
    }
    a->file_header = file_header;
    if (a->in_batch && batch_header.p != a->batch_header.p)
        close_batch(a);
    if (a->in_batch)
        return;
    a->n_batches++;
    a->n_in_batch = 0;
    put_header(a, "BHS", batch_header, ++a->n_in_all);
    a->in_batch = true;
    a->batch_header = batch_header;
}

void hl7_batch_ack_put(struct hl7_batch_ack *a, struct an_str file_header,
                       struct an_str batch_header, struct an_str ack)
{
    open_for(a, file_header, batch_header);
    if (ack.n == 0)
        return;
    an_buf_put(a->out, ack);
    a->n_in_batch++;
}

void hl7_batch_ack_end(struct hl7_batch_ack *a)
{
    close_file(a);
}
