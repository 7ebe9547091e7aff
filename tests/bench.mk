# SPDX-License-Identifier: Apache-2.0
# Each prints rows of name, value, unit (tests/bench.h).
BENCHMARKS = tests/bench_base tests/bench_hl7 tests/bench_fhir \
	tests/bench_store tests/bench_conclude tests/bench_model \
	tests/bench_forecast tests/bench_train
# Measured at the whole program, by a script of the same name.
BENCHMARKS_WHOLE = tests/bench_cds tests/bench_abi
EXTRA_PROGRAMS += $(BENCHMARKS) $(BENCHMARKS_WHOLE)
EXTRA_DIST += tests/bench_cds.sh tests/bench_abi.sh tests/bench_hapi.sh tests/bench_torch.sh \
	tests/peers/torch-train.py tests/bench_bars.tsv \
	tests/bench_table.awk
CLEANFILES += tests/bench.rows tests/bench.one
tests_bench_base_SOURCES = tests/bench.h tests/bench_base.c
tests_bench_base_LDADD = libbase.la
tests_bench_hl7_LDADD = libhl7.la
tests_bench_fhir_LDADD = libfhir.la
tests_bench_store_SOURCES = tests/bench.h tests/bench_store.c \
	tests/messages.h tests/messages.c
tests_bench_store_LDADD = libstore.la
tests_bench_conclude_SOURCES = tests/bench.h tests/bench_conclude.c \
	tests/messages.h tests/messages.c
tests_bench_conclude_LDADD = libstore.la
tests_bench_cds_SOURCES = tests/bench.h tests/bench_cds.c
tests_bench_cds_LDADD = libbase.la
tests_bench_abi_SOURCES = tests/bench.h tests/bench_abi.c
tests_bench_abi_LDADD = -ldl
tests_bench_model_SOURCES = \
	tests/bench.h tests/bench_model.c tests/model_random.h \
	tests/model_random.c
tests_bench_model_CFLAGS = $(AM_CFLAGS) $(OPENBLAS_CFLAGS)
tests_bench_model_LDADD = libtrainer.la $(OPENBLAS_LIBS)
tests_bench_forecast_SOURCES = \
	tests/bench.h tests/bench_forecast.c tests/model_random.h \
	tests/model_random.c
tests_bench_forecast_CFLAGS = $(AM_CFLAGS) $(OPENBLAS_CFLAGS)
tests_bench_forecast_LDADD = libtrainer.la $(OPENBLAS_LIBS)
tests_bench_train_SOURCES = \
	tests/bench.h tests/bench_train.c tests/model_random.h \
	tests/model_random.c
tests_bench_train_CFLAGS = $(AM_CFLAGS) $(OPENBLAS_CFLAGS)
tests_bench_train_LDADD = libtrainer.la $(OPENBLAS_LIBS)

# Here the disk is what is measured, or too much for memory (test_folder.sh).
ON_DISK = ANAMNESIS_TEST_FOLDER=; export ANAMNESIS_TEST_FOLDER;

# BENCH_RUN='taskset -c 0' pins them, BENCH_RUN=: only builds them.  What each
# says is kept in tests/bench.rows, and the table beside the bars comes last.
bench: $(BENCHMARKS) $(BENCHMARKS_WHOLE) anamnesis $(lib_LTLIBRARIES)
	@$(ON_DISK) $(AM_TESTS_ENVIRONMENT) : >tests/bench.rows; keep() { \
	  $(BENCH_RUN) "$$@" >tests/bench.one && cat tests/bench.one && \
	  cat tests/bench.one >>tests/bench.rows; }; \
	for p in $(BENCHMARKS); do keep ./$$p || exit 1; done; \
	for p in $(BENCHMARKS_WHOLE) tests/bench_torch tests/bench_hapi; do \
	  keep $(SHELL) $(top_srcdir)/$$p.sh || exit 1; done; \
	echo; $(AWK) -f $(top_srcdir)/tests/bench_table.awk \
	  $(top_srcdir)/tests/bench_bars.tsv tests/bench.rows

# More than fits in memory, by hand and at night: minutes, and tens of GB.
EXTRA_PROGRAMS += tests/scale
EXTRA_DIST += tests/scale.sh
tests_scale_SOURCES = tests/scale.c tests/bench.h tests/messages.h \
	tests/messages.c
tests_scale_LDADD = libload.la $(OPENBLAS_LIBS)
scale: tests/scale anamnesis
	@$(ON_DISK) $(AM_TESTS_ENVIRONMENT) $(SHELL) $(top_srcdir)/tests/scale.sh
