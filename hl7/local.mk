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
	hl7/result.h hl7/result_int.h hl7/result.c hl7/result_text.c \
	hl7/result_rows.c hl7/result_edit.c \
	hl7/account.h hl7/account.c \
	hl7/rules.h hl7/rules.c \
	hl7/coded.h hl7/coded.c \
	hl7/value.h hl7/value.c \
	hl7/identify.h hl7/identify.c hl7/claim.c hl7/mother.c hl7/consent.c \
	hl7/html.h hl7/html.c \
	hl7/encapsulated.h hl7/encapsulated.c \
	hl7/reader_int.h hl7/event.c \
	hl7/narrative_int.h hl7/narrative.c \
	hl7/variant_int.h hl7/variant.c \
	hl7/events.h hl7/events.c hl7/label.c \
	hl7/convert.h hl7/convert/tables_int.h hl7/convert/tables.c \
	hl7/convert/tree_int.h hl7/convert/tree.c hl7/convert/run_int.h \
	hl7/convert/ask.c hl7/convert/say.c hl7/convert/apply.c \
	hl7/convert/name.c hl7/convert/walk.c hl7/convert/bundle.c
libhl7_la_LIBADD = libcontext.la
AN_TABLES += config/tables/charsets.tsv config/tables/hl7-errors.tsv
hl7/charset.lo: config/tables/charsets.inc
hl7/ack.lo: config/tables/hl7-errors.inc
AN_TABLES += config/tables/hl7-status.tsv config/tables/hl7-codes.tsv \
	config/tables/coding-systems.tsv \
	config/tables/identifier-types.tsv config/tables/hl7-claims.tsv \
	config/tables/hl7-narrative.tsv config/tables/hl7-variants.tsv \
	config/tables/hl7-labels.tsv
hl7/label.lo: config/tables/hl7-labels.inc
hl7/coded.lo: config/tables/hl7-codes.inc config/tables/coding-systems.inc
hl7/identify.lo: config/tables/identifier-types.inc \
	config/tables/hl7-claims.inc
hl7/narrative.lo: config/tables/hl7-narrative.inc
hl7/variant.lo: config/tables/hl7-variants.inc
hl7/rules.lo: config/tables/hl7-status.inc config/tables/hl7-events.inc

# The rows of events have a grammar of their own.
BUILT_SOURCES += config/tables/hl7-events.inc
CLEANFILES += config/tables/hl7-events.inc
EXTRA_DIST += config/tables/hl7-events.tsv tools/mkrules.awk
config/tables/hl7-events.inc: config/tables/hl7-events.tsv tools/mkrules.awk \
		context/event.h hl7/rules.h
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	LC_ALL=C $(AWK) -f $(top_srcdir)/tools/mkrules.awk \
		$(top_srcdir)/context/event.h $(top_srcdir)/hl7/rules.h \
		$(top_srcdir)/config/tables/hl7-events.tsv >$@.tmp && mv $@.tmp $@

# So do the maps to FHIR; rows are tried in the order of these files.
to_fhir = config/tables/to-fhir
map_tables = $(to_fhir)/elements.tsv $(to_fhir)/extensions.tsv \
	$(to_fhir)/slots.tsv $(to_fhir)/codes.tsv $(to_fhir)/types.tsv \
	$(map_chapters:%=$(to_fhir)/segments-%.tsv) \
	$(map_chapters:%=$(to_fhir)/messages-%.tsv)
map_chapters = patient visit orders results documents medication immunization \
	schedule care finance
hl7/convert/tables.lo: $(to_fhir)/maps.inc
BUILT_SOURCES += $(to_fhir)/maps.inc
CLEANFILES += $(to_fhir)/maps.inc
EXTRA_DIST += $(map_tables) $(to_fhir)/README.md $(mkmaps)
mkmaps = tools/mkmaps-parts.awk tools/mkmaps.awk
$(to_fhir)/maps.inc: $(map_tables) $(mkmaps) hl7/rules.h
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cd $(top_srcdir) && \
	LC_ALL=C $(AWK) $(mkmaps:%=-f %) hl7/rules.h $(map_tables) \
		>$(abs_builddir)/$@.tmp && mv $(abs_builddir)/$@.tmp $(abs_builddir)/$@

# What a site edits for its own senders: read at run time.
EXTRA_DIST += config/tables/local-codes.tsv config/tables/README.md
