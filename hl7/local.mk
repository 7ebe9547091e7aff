# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libhl7.la
libhl7_la_SOURCES = \
	hl7/delims.h hl7/delims.c \
	hl7/split_int.h hl7/split.c \
	hl7/message.h hl7/message.c hl7/node.c \
	hl7/print.h hl7/print.c \
	hl7/edit.h hl7/edit.c \
	hl7/charset.h hl7/charset.c \
	hl7/escape.h hl7/escape.c \
	hl7/read.h hl7/read.c \
	hl7/batch.h hl7/batch.c \
	hl7/batch_ack.h hl7/batch_ack.c \
	hl7/mllp.h hl7/mllp.c \
	hl7/ack.h hl7/ack.c \
	hl7/rules.h hl7/rules.c \
	hl7/coded.h hl7/coded.c \
	hl7/value.h hl7/value.c \
	hl7/identify.h hl7/identify.c \
	hl7/events.h hl7/events.c
libhl7_la_LIBADD = libcontext.la
AN_TABLES += config/tables/charsets.tsv config/tables/hl7-errors.tsv
hl7/charset.lo: config/tables/charsets.inc
hl7/ack.lo: config/tables/hl7-errors.inc
AN_TABLES += config/tables/hl7-status.tsv config/tables/hl7-codes.tsv \
	config/tables/coding-systems.tsv config/tables/units.tsv \
	config/tables/identifier-types.tsv config/tables/hl7-claims.tsv
hl7/coded.lo: config/tables/hl7-codes.inc config/tables/coding-systems.inc \
	config/tables/units.inc
hl7/identify.lo: config/tables/identifier-types.inc \
	config/tables/hl7-claims.inc
hl7/rules.lo: config/tables/hl7-status.inc config/tables/hl7-events.inc

# The rows of events have a grammar of their own.
BUILT_SOURCES += config/tables/hl7-events.inc
CLEANFILES += config/tables/hl7-events.inc
EXTRA_DIST += config/tables/hl7-events.tsv tools/mkrules.awk
config/tables/hl7-events.inc: config/tables/hl7-events.tsv tools/mkrules.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	LC_ALL=C $(AWK) -f $(top_srcdir)/tools/mkrules.awk \
		$(top_srcdir)/config/tables/hl7-events.tsv >$@.tmp && mv $@.tmp $@

# What a site edits for its own senders: read at run time.
EXTRA_DIST += config/tables/local-codes.tsv config/tables/README.md
