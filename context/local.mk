# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libcontext.la
libcontext_la_SOURCES = \
	context/event.h context/event.c \
	context/label.h context/label.c \
	context/reading.h context/reading.c \
	context/timeline.h context/timeline.c \
	context/codec.h context/codec_int.h context/codec.c context/decode.c \
	context/identity.h context/identity.c \
	context/agree.h context/agree.c \
	context/consent.h context/consent.c \
	context/visit.h context/visit.c \
	context/dump.h context/dump.c \
	context/forecast.h context/comparison.h context/comparison.c \
	context/suggestion.h context/suggestion.c \
	context/unit.h context/unit.c \
	context/system.h context/system.c \
	context/account.h context/account.c \
	context/localise.h context/localise.c
libcontext_la_LIBADD = libbase.la
AN_TABLES += config/tables/units.tsv config/tables/measures.tsv \
	config/tables/standard-systems.tsv config/tables/labels.tsv
context/label.lo: config/tables/labels.inc
context/system.lo: config/tables/standard-systems.inc
context/unit.lo: config/tables/units.inc config/tables/measures.inc
