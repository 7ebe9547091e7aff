# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = \
	base/str.h base/str.c \
	base/arena.h base/arena.c \
	base/err.h base/err.c \
	base/log.h base/log.c \
	base/buf.h base/buf.c \
	base/time.h base/time.c \
	base/decimal.h base/decimal.c \
	base/hash.h base/hash.c \
	base/sign.h base/sign.c \
	base/merkle.h base/merkle.c \
	base/note.h base/note.c \
	base/base64.h base/base64.c \
	base/uuid.h base/uuid.c \
	base/sort.h base/sort.c \
	base/random.h base/random.c \
	base/varint.h base/varint.c \
	base/utf8.h base/utf8.c \
	base/json_int.h base/json_scan.c base/json_memory.c \
	base/json.h base/json.c \
	base/json_out.h base/json_out.c
libbase_la_CFLAGS = $(AM_CFLAGS) $(YAJL_CFLAGS) $(GNUTLS_CFLAGS)
libbase_la_LIBADD = $(YAJL_LIBS) $(GNUTLS_LIBS)
