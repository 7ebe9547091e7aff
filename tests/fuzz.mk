# SPDX-License-Identifier: Apache-2.0
# A target is tests/fuzz_<x>.c with a corpus in tests/corpus/<x>/.  It is built
# twice: with tests/replay.c as tests/replay_<x>.t, a test of each make check;
# and under --enable-fuzz as tests/fuzz_<x>, which `make fuzz` runs.
replays = tests/replay_text.t tests/replay_json.t tests/replay_codec.t \
	tests/replay_yaml.t tests/replay_hl7.t tests/replay_mllp.t \
	tests/replay_fhir.t tests/replay_outcome.t tests/replay_cds.t \
	tests/replay_recall.t tests/replay_convert.t tests/replay_table.t \
	tests/replay_ndjson.t tests/replay_conceptmap.t tests/replay_csv.t \
	tests/replay_lineage.t tests/replay_bearer.t tests/replay_signed.t \
	tests/replay_frame.t
FUZZERS = tests/fuzz_text tests/fuzz_json tests/fuzz_codec tests/fuzz_yaml \
	tests/fuzz_hl7 tests/fuzz_mllp tests/fuzz_fhir tests/fuzz_outcome \
	tests/fuzz_cds tests/fuzz_recall tests/fuzz_convert tests/fuzz_table \
	tests/fuzz_ndjson tests/fuzz_conceptmap tests/fuzz_csv \
	tests/fuzz_lineage tests/fuzz_bearer tests/fuzz_signed tests/fuzz_frame
check_PROGRAMS += $(replays)
TESTS += $(replays)
EXTRA_PROGRAMS += $(FUZZERS)
EXTRA_DIST += tests/corpus
LDFLAGS_FUZZ = $(AM_LDFLAGS) -fsanitize=fuzzer
FUZZ_SECONDS = 60

tests_replay_text_t_SOURCES = tests/replay.c tests/fuzz_text.c
tests_replay_text_t_LDADD = libbase.la
tests_fuzz_text_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_text_LDADD = libbase.la
tests_replay_json_t_SOURCES = tests/replay.c tests/fuzz_json.c
tests_replay_json_t_LDADD = libbase.la
tests_fuzz_json_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_json_LDADD = libbase.la
tests_replay_codec_t_SOURCES = tests/replay.c tests/fuzz_codec.c
tests_replay_codec_t_LDADD = libcontext.la
tests_fuzz_codec_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_codec_LDADD = libcontext.la
tests_replay_yaml_t_SOURCES = tests/replay.c tests/fuzz_yaml.c
tests_replay_yaml_t_LDADD = libconfig.la
tests_fuzz_yaml_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_yaml_LDADD = libconfig.la
tests_replay_hl7_t_SOURCES = tests/replay.c tests/fuzz_hl7.c
tests_replay_hl7_t_LDADD = libhl7.la
tests_fuzz_hl7_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_hl7_LDADD = libhl7.la
tests_replay_mllp_t_SOURCES = tests/replay.c tests/fuzz_mllp.c
tests_replay_mllp_t_LDADD = libhl7.la
tests_fuzz_mllp_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_mllp_LDADD = libhl7.la
tests_replay_fhir_t_SOURCES = tests/replay.c tests/fuzz_fhir.c
tests_replay_fhir_t_LDADD = libfhir.la
tests_fuzz_fhir_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fhir_LDADD = libfhir.la
tests_replay_conceptmap_t_SOURCES = tests/replay.c tests/fuzz_conceptmap.c
tests_replay_conceptmap_t_LDADD = libfhir.la
tests_fuzz_conceptmap_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_conceptmap_LDADD = libfhir.la
tests_replay_signed_t_SOURCES = tests/replay.c tests/fuzz_signed.c
tests_replay_signed_t_LDADD = libfhir.la
tests_fuzz_signed_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_signed_LDADD = libfhir.la
tests_replay_cds_t_SOURCES = tests/replay.c tests/fuzz_cds.c
tests_replay_cds_t_LDADD = libfhir.la
tests_fuzz_cds_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_cds_LDADD = libfhir.la
tests_replay_outcome_t_SOURCES = tests/replay.c tests/fuzz_outcome.c
tests_replay_outcome_t_LDADD = libadvice.la
tests_fuzz_outcome_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_outcome_LDADD = libadvice.la
tests_replay_recall_t_SOURCES = tests/replay.c tests/fuzz_recall.c
tests_replay_recall_t_LDADD = libstore.la libfhir.la
tests_fuzz_recall_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_recall_LDADD = libstore.la libfhir.la

# New inputs gather in fuzz/<x>/ of the build folder; what a finding teaches is
# committed to tests/corpus/<x>/.
if FUZZ
fuzz: $(FUZZERS)
	@for p in $(FUZZERS); do \
	  x=$${p#tests/fuzz_}; mkdir -p fuzz/$$x; \
	  echo "fuzz: $$x, $(FUZZ_SECONDS) s"; \
	  ./$$p -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
	    -print_final_stats=1 -artifact_prefix=fuzz/$$x- fuzz/$$x \
	    $(top_srcdir)/tests/corpus/$$x || exit 1; \
	done
else
fuzz:
	@echo 'configure with CC=clang-14 --enable-fuzz first' >&2; exit 1
endif
tests_replay_convert_t_SOURCES = tests/replay.c tests/fuzz_convert.c
tests_replay_convert_t_LDADD = libhl7.la
tests_fuzz_convert_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_convert_LDADD = libhl7.la
tests_replay_table_t_SOURCES = tests/replay.c tests/fuzz_table.c
tests_replay_table_t_LDADD = libcontext.la
tests_fuzz_table_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_table_LDADD = libcontext.la
tests_replay_ndjson_t_SOURCES = tests/replay.c tests/fuzz_ndjson.c
tests_replay_ndjson_t_LDADD = libfhir.la
tests_fuzz_ndjson_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_ndjson_LDADD = libfhir.la
tests_replay_csv_t_SOURCES = tests/replay.c tests/fuzz_csv.c
tests_replay_csv_t_LDADD = libtrainer.la
tests_fuzz_csv_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_csv_LDADD = libtrainer.la
tests_replay_lineage_t_SOURCES = tests/replay.c tests/fuzz_lineage.c
tests_replay_lineage_t_LDADD = libruntime.la $(OPENBLAS_LIBS)
tests_fuzz_lineage_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_lineage_LDADD = libruntime.la $(OPENBLAS_LIBS)
tests_replay_bearer_t_SOURCES = tests/replay.c tests/fuzz_bearer.c
tests_replay_bearer_t_CFLAGS = $(AM_CFLAGS) $(JOSE_CFLAGS)
tests_replay_bearer_t_LDADD = libjose.la $(JOSE_LIBS)
tests_fuzz_bearer_CFLAGS = $(AM_CFLAGS) $(JOSE_CFLAGS)
tests_fuzz_bearer_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_bearer_LDADD = libjose.la $(JOSE_LIBS)
frame_client = plugin/helper/frame.h plugin/helper/frame.c \
	plugin/helper/client_int.h plugin/helper/client_config.c \
	plugin/abi/error.c base/err.c base/str.c
tests_replay_frame_t_SOURCES = tests/replay.c tests/fuzz_frame.c $(frame_client)
tests_replay_frame_t_CPPFLAGS = $(AM_CPPFLAGS)
tests_fuzz_frame_SOURCES = tests/fuzz_frame.c $(frame_client)
tests_fuzz_frame_CPPFLAGS = $(AM_CPPFLAGS)
tests_fuzz_frame_LDFLAGS = $(LDFLAGS_FUZZ)
