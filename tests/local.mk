# SPDX-License-Identifier: Apache-2.0
# One program a room; its cases stand in tests/<room>_*.c.
TEST_EXTENSIONS = .t .sh
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
# One that hangs is ended, so that its log says where.
SH_LOG_COMPILER = timeout -k 30 900 $(SHELL)
AM_TESTS_ENVIRONMENT = CK_TAP_LOG_FILE_NAME=-; export CK_TAP_LOG_FILE_NAME; \
	top_srcdir='$(top_srcdir)'; export top_srcdir; \
	top_builddir='$(top_builddir)'; export top_builddir; \
	AWK='$(AWK)'; export AWK; CC='$(CC)'; export CC; \
	HEADER_FLAGS='$(HEADER_FLAGS)'; export HEADER_FLAGS; \
	ANAMNESIS_TEST_FOLDER=$$($(SHELL) $(top_srcdir)/tests/test_folder.sh); \
	export ANAMNESIS_TEST_FOLDER;
if SANITIZED
AM_TESTS_ENVIRONMENT += CK_FORK=no; export CK_FORK;
endif

SUITE = tests/suite.h tests/suite.c
suites = tests/base.t tests/context.t tests/config.t tests/hl7.t \
	tests/fhir.t tests/advice.t tests/runtime.t tests/trainer.t \
	tests/host.t tests/store.t tests/trust.t tests/outbox.t tests/filing.t \
	tests/consult.t tests/abi.t tests/abi_helper.t tests/blas.t tests/fetch.t \
	tests/jose.t tests/signature.t
if HAVE_CHECK
check_PROGRAMS += $(suites)
TESTS += $(suites)
else
check-local:
	@echo 'Check was not found: the C suites did NOT run' >&2
endif
EXTRA_PROGRAMS += $(suites)

tests_base_t_SOURCES = $(SUITE) tests/base.c tests/base_str.c \
	tests/base_arena.c tests/base_time.c tests/base_decimal.c \
	tests/base_log.c tests/base_hash.c tests/base_sign.c \
	tests/base_merkle.c tests/base_note.c \
	tests/base_sort.c tests/base_varint.c tests/base_base64.c \
	tests/base_json.c \
	tests/base_json_out.c
tests_base_t_LDADD = libbase.la $(CHECK_LIBS)

tests_context_t_SOURCES = $(SUITE) tests/context.c tests/invented.h \
	tests/invented.c tests/context_timeline.c tests/context_codec.c \
	tests/context_identity.c tests/context_agree.c tests/context_visit.c tests/context_localise.c \
	tests/context_unit.c
tests_context_t_LDADD = libcontext.la $(CHECK_LIBS)

tests_config_t_SOURCES = $(SUITE) tests/config.c tests/config_value.c \
	tests/config_yaml.c tests/config_options.c
tests_config_t_LDADD = libconfig.la $(CHECK_LIBS)

tests_hl7_t_SOURCES = $(SUITE) tests/hl7.c tests/hl7_message.c \
	tests/hl7_odd.c tests/hl7_property.c tests/hl7_edit.c \
	tests/hl7_escape.c tests/hl7_charset.c tests/hl7_batch.c tests/hl7_batch_ack.c \
	tests/hl7_said.h tests/hl7_said.c tests/hl7_result.c \
	tests/hl7_mllp.c tests/hl7_ack.c tests/hl7_events.c tests/hl7_identity.c \
	tests/account.h tests/hl7_account.c tests/golden_folder.h tests/golden_folder.c tests/hl7_golden.c \
	tests/hl7_narrative.c tests/hl7_convert.c \
	tests/hl7_convert_help.h tests/hl7_convert_help.c \
	tests/hl7_convert_values.c tests/hl7_convert_orders.c
tests_hl7_t_LDADD = libhl7.la $(CHECK_LIBS)

tests_fhir_t_SOURCES = $(SUITE) tests/golden_folder.h tests/golden_folder.c tests/fhir.c \
	tests/fhir_read.c tests/fhir_golden.c tests/fhir_outcome.c \
	tests/fhir_said.h tests/fhir_said.c tests/fhir_said_beside.c \
	tests/fhir_write.c tests/fhir_write_shape.c tests/fhir_write_beside.c \
	tests/fhir_shape.h tests/fhir_shape.c tests/fhir_signed.c \
	tests/fhir_write_golden.c tests/fhir_cards.c tests/fhir_cds.c \
	tests/fhir_cds_context.c tests/card_rules.h tests/card_rules.c \
	tests/account.h tests/fhir_account.c tests/fhir_conceptmap.c tests/fhir_notification.c \
	tests/fhir_deletion.c tests/fhir_feedback.c
tests_fhir_t_LDADD = libfhir.la $(CHECK_LIBS)

tests_advice_t_SOURCES = $(SUITE) tests/advice.c tests/advice_case.h \
	tests/advice_case.c tests/advice_code.c tests/advice_score.c \
	tests/advice_compare.c tests/advice_outcome.c tests/advice_words.c tests/advice_golden.c \
	tests/readability.h tests/readability.c tests/advice_readability.c \
	tests/advice_dosing_chart.h tests/advice_dosing_chart.c \
	tests/advice_dosing.c tests/advice_dosing_twin.c
tests_advice_t_LDADD = libadvice.la $(CHECK_LIBS)

tests_host_t_SOURCES = $(SUITE) tests/host.c tests/host_net.h \
	tests/host_net.c tests/host_peer.h tests/host_peer.c \
	tests/host_mllp.c tests/host_mllp_odd.c tests/host_http.c \
	tests/host_workers.c tests/host_rate.c tests/host_file.c tests/folder.h tests/folder.c \
	tests/tls_help.h tests/tls_help.c tests/host_tls.c tests/host_https.c \
	tests/host_folder.c tests/host_client.c \
	plugin/host/client.c plugin/host/client_tls.c
tests_host_t_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
tests_host_t_LDADD = libhost.la $(GNUTLS_LIBS) $(CHECK_LIBS)

tests_store_t_SOURCES = $(SUITE) tests/store.c tests/invented.h \
	tests/invented.c tests/messages.h tests/messages.c tests/folder.h \
	tests/folder.c tests/store_help.h tests/store_help.c \
	tests/store_open.c tests/store_put.c tests/store_read.c \
	tests/store_fail.c tests/store_commit.c tests/store_crash.c \
	tests/store_conclude.c tests/store_vault.c tests/store_rotate.c \
	tests/store_purge.c tests/store_erased.c tests/store_kept.c \
	tests/store_said.h tests/store_said.c tests/store_resource.c \
	tests/store_deleted.c tests/store_many.c \
	tests/store_audit.c tests/store_derived.c \
	tests/store_named.c tests/store_redo.c tests/store_closing.c tests/store_codes.c \
	tests/closing_help.h tests/closing_help.c tests/store_closing_moves.c \
	tests/store_work.h tests/store_work.c tests/store_moved.c \
	tests/store_past.c tests/store_fact.c tests/store_led.c tests/store_world.c \
	tests/power_disk.h tests/power_disk.c tests/power_life.h \
	tests/power_life.c tests/store_power.c tests/store_power_said.c \
	tests/store_race.c tests/store_backup.c tests/store_feedback.c \
	tests/store_tenant.c tests/store_recalled.c tests/store_switches.c \
	tests/store_upgrade.c
tests_store_t_LDADD = libstore.la $(CHECK_LIBS)

tests_runtime_t_SOURCES = $(SUITE) \
	tests/runtime.c tests/model_random.h tests/model_random.c \
	tests/runtime_attribute.c tests/runtime_compare.c tests/runtime_encode.c \
	tests/runtime_forward.c tests/runtime_past.c tests/runtime_cache.c \
	tests/runtime_kernels.c \
	tests/runtime_package.c tests/runtime_population.c tests/runtime_predict.c \
	tests/predict_scene.h tests/predict_scene.c \
	tests/runtime_limits.c tests/runtime_lineage.c tests/runtime_reasons.c tests/runtime_risk.c \
	tests/runtime_rollout.c
tests_runtime_t_LDADD = libruntime.la $(OPENBLAS_LIBS) $(CHECK_LIBS)

tests_trainer_t_SOURCES = $(SUITE) \
	tests/trainer.c tests/model_random.h tests/model_random.c \
	tests/invented_cohort.c tests/invented_cohort.h \
	tests/trainer_cohort.c tests/trainer_command.c \
	tests/trainer_delphi.c tests/trainer_fit.c tests/trainer_gradient.c \
	tests/trainer_kernels.c tests/trainer_evaluate.c tests/trainer_features.c \
	tests/trainer_calibration.c tests/trainer_spread.c tests/trainer_incidence.c \
	tests/trainer_differential.c tests/trainer_population.c \
	tests/trainer_survival.c tests/judged.h tests/judged.c \
	tests/folder.h tests/folder.c tests/trainer_dataset.c \
	tests/operated.h tests/operated.c tests/trainer_compare.c \
	tests/studied.h tests/studied.c tests/trainer_dataset_study.c \
	tests/trainer_dataset_share.c tests/trainer_closed.c tests/trainer_labels.c \
	tests/trainer_stats.c tests/trainer_unit.c tests/trainer_variants.c \
	tests/trainer_whom.c tests/trainer_card.c tests/trainer_meds.c \
	tests/xml_read.h tests/xml_read.c tests/trainer_xml.c \
	tests/trainer_meds_round.c \
	tests/study_said.h tests/study_said.c tests/trainer_csv.c \
	tests/trainer_study.c tests/trainer_stays.c tests/trainer_tables.c \
	tests/trainer_sample.c tests/trainer_lead.c tests/trainer_lineage.c \
	tests/reported.h tests/reported.c tests/trainer_report.c \
	tests/trainer_page.c \
	tests/trainer_explain.c tests/trainer_reasons.c \
	tests/deid_help.h tests/deid_help.c tests/trainer_deid.c \
	tests/trainer_deid_fhir.c tests/trainer_deid_hl7.c tests/trainer_deid_run.c \
	tests/trainer_accountant.c tests/trainer_privacy.c tests/trainer_budget.c tests/trainer_audit.c tests/trainer_noise.c \
	tests/tuned_site.h tests/tuned_site.c tests/trainer_tune.c tests/trainer_plan.c
tests_trainer_t_CFLAGS = $(AM_CFLAGS) $(OPENBLAS_CFLAGS)
tests_trainer_t_LDADD = libtrainer.la $(OPENBLAS_LIBS) $(CHECK_LIBS)

tests_outbox_t_SOURCES = $(SUITE) tests/outbox.c tests/outbox_post.c \
	tests/outbox_deliver.c tests/outbox_server.h tests/outbox_server.c \
	tests/outbox_ways.c tests/outbox_smart.c \
	tests/keeper.h tests/keeper_int.h tests/keeper.c tests/keeper_kept.c \
	tests/invented.h tests/invented.c tests/messages.h tests/messages.c \
	tests/folder.h tests/folder.c tests/store_help.h tests/store_help.c
tests_outbox_t_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(JOSE_CFLAGS) $(GNUTLS_CFLAGS)
tests_outbox_t_LDADD = liboutbox.la $(MHD_LIBS) $(JOSE_LIBS) $(GNUTLS_LIBS) $(CHECK_LIBS)
tests_filing_t_SOURCES = $(SUITE) tests/filing.c tests/filing_fields.c \
	tests/filing_help.h tests/filing_help.c tests/filing_deliver.c \
	tests/filing_said.c tests/mllp_receiver.h tests/mllp_receiver.c \
	tests/store_help.h tests/store_help.c tests/folder.h tests/folder.c \
	tests/messages.h tests/messages.c tests/invented.h tests/invented.c
tests_filing_t_LDADD = libfiling.la $(CHECK_LIBS)

tests_fetch_t_SOURCES = $(SUITE) tests/fetch.c tests/fetch_help.h \
	tests/fetch_help.c tests/fetch_ask.c tests/fetch_export.c \
	tests/fetch_killed.c tests/bulk_server.h tests/bulk_server.c \
	tests/folder.h tests/folder.c
tests_fetch_t_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(ZLIB_CFLAGS)
tests_fetch_t_LDADD = libfetch.la $(MHD_LIBS) $(ZLIB_LIBS) $(CHECK_LIBS)

tests_signature_t_SOURCES = $(SUITE) tests/signature.c \
	tests/signature_keys.h tests/folder.h tests/folder.c
tests_signature_t_LDADD = libjose.la $(CHECK_LIBS)

tests_trust_t_SOURCES = $(SUITE) tests/trust.c tests/trust_audit.c \
	tests/trust_quiet.c tests/trust_release.c tests/trust_stage.c tests/trust_switches.c
tests_trust_t_LDADD = libtrust.la $(CHECK_LIBS)
tests_consult_t_SOURCES = $(SUITE) tests/consult.c tests/consult_ward.h \
	tests/consult_ward.c tests/consult_heard.h tests/consult_heard.c tests/folder.h tests/folder.c \
	tests/consult_labels.c tests/consult_identity.c tests/consult_consent.c tests/consult_choose.c tests/consult_naming.c tests/consult_ask.c \
	tests/consult_post.c tests/consult_recall.c tests/consult_watch.c \
	tests/consult_policy.c tests/consult_sequence.c tests/consult_feeds.c tests/consult_zone.c tests/consult_stream.c \
	tests/consult_keeper.c tests/consult_passes.c tests/consult_quiet.c tests/consult_orders.c tests/model_random.h tests/model_random.c \
	tests/invented.h tests/invented.c tests/site_model.h tests/site_model.c
tests_consult_t_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_consult_t_LDADD = libengine.la $(OPENBLAS_LIBS) $(SQLITE_LIBS) $(CHECK_LIBS)

abi_both = $(SUITE) tests/abi_help.h tests/abi_help.c tests/abi_handles.c \
	tests/abi_engine.c tests/abi_process.c tests/folder.h tests/folder.c
tests_abi_t_SOURCES = $(abi_both) tests/abi.c tests/abi_here.c \
	tests/abi_journal.c tests/abi_tenant.c tests/abi_switches.c \
	plugin/abi/entry.c plugin/abi/flat.c $(BLAS_LOCK)
# Objects of its own, since those of the library are for a shared object.
tests_abi_t_CPPFLAGS = $(AM_CPPFLAGS)
tests_abi_t_LDFLAGS = $(AM_LDFLAGS) $(BLAS_LDFLAGS)
tests_abi_t_LDADD = libabi.la $(HOST_BLAS) $(CHECK_LIBS)

# The same over the other transport, and what only that one does.
tests_abi_helper_t_SOURCES = $(abi_both) tests/abi_helper.c \
	tests/abi_there.c tests/helper_client.c tests/helper_config.c \
	tests/helper_frame.c $(helper_client)
tests_abi_helper_t_CPPFLAGS = $(AM_CPPFLAGS)
tests_abi_helper_t_LDADD = $(CHECK_LIBS)
EXTRA_tests_abi_helper_t_DEPENDENCIES = anamnesis

# The BLAS in it, with the lock that it may need.
tests_blas_t_SOURCES = $(SUITE) tests/blas.c $(BLAS_LOCK)
tests_blas_t_CPPFLAGS = $(AM_CPPFLAGS) $(OPENBLAS_CFLAGS)
tests_blas_t_LDFLAGS = $(AM_LDFLAGS) $(BLAS_LDFLAGS)
tests_blas_t_LDADD = libbase.la $(HOST_BLAS) $(CHECK_LIBS) -lm -lpthread

# The shared object from outside, and a host in C as an example.
check_PROGRAMS += examples/host
EXTRA_DIST += examples/host.py
examples_host_CPPFLAGS = -I$(top_srcdir)/plugin $(AM_CPPFLAGS)
TESTS += tests/library.sh tests/abi_header.sh
EXTRA_DIST += tests/library.sh tests/library_flat.py tests/abi_header.sh \
	tests/abi_describe.awk tests/abi_compare.awk plugin/abi/abi-1.tsv

# The program from outside, as its users and its enemies meet it.
check_PROGRAMS += tests/drill
tests_drill_SOURCES = tests/drill.c tests/site_model.h tests/site_model.c
tests_drill_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_drill_LDADD = libload.la $(OPENBLAS_LIBS) $(SQLITE_LIBS)
TESTS += tests/program.sh tests/hostile.sh tests/crash.sh tests/risks.sh \
	tests/story.sh tests/explain.sh tests/compare.sh tests/maps.sh
EXTRA_DIST += tests/test_folder.sh tests/program_lib.sh tests/program.sh tests/hostile.sh \
	tests/explain.sh tests/compare.sh tests/maps.sh \
	tests/crash.sh tests/risks.sh tests/story.sh
# What reads files of the tree: enough to see that an archive has them all,
# `make distcheck TESTS='$(of_archive)'`.
of_archive = tests/base.t tests/context.t tests/config.t tests/hl7.t \
	tests/fhir.t tests/advice.t tests/runtime.t $(replays) \
	tests/library.sh tests/abi_header.sh tests/program.sh tests/story.sh tests/faces.sh \
	tests/maps.sh tests/tune.sh tests/lineage.sh tests/studies.sh \
	tools/check-tree.sh tools/check-headers.sh tests/catalogues.sh \
	tests/manual.sh tests/pages.sh
# Those that take long; `make check drills=` leaves them out.
drills =
TESTS += $(drills)
# The same, of training by several processes.
check_PROGRAMS += tests/invent
tests_invent_SOURCES = tests/invent.c tests/invented_cohort.h \
	tests/invented_cohort.c tests/model_random.h tests/model_random.c
tests_invent_CFLAGS = $(AM_CFLAGS) $(OPENBLAS_CFLAGS) $(CHECK_CFLAGS)
tests_invent_LDADD = libtrainer.la $(OPENBLAS_LIBS) $(CHECK_LIBS)
TESTS += tests/ranks.sh tests/tune.sh tests/lineage.sh
EXTRA_DIST += tests/ranks.sh tests/tune.sh tests/tune_people.awk \
	tests/lineage.sh
# The same, of what leaves; tests/receiver is the other end of the outbox.
check_PROGRAMS += tests/receiver
tests_receiver_LDADD = libhost.la
drills += tests/faces.sh tests/feedback.sh tests/calls.sh tests/triggers.sh
# tests/card_check holds answers against the rules of CDS Hooks.
check_PROGRAMS += tests/card_check
tests_card_check_SOURCES = tests/card_check.c tests/card_rules.h \
	tests/card_rules.c
tests_card_check_LDADD = libbase.la
drills += tests/hooks.sh tests/switches.sh
EXTRA_DIST += tests/hooks.sh tests/switches.sh
# And where either end is killed; tests/keeper keeps what it takes.
check_PROGRAMS += tests/keeper
tests_keeper_SOURCES = tests/keeper_main.c tests/keeper.h tests/keeper_int.h \
	tests/keeper.c tests/keeper_kept.c
tests_keeper_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS)
tests_keeper_LDADD = libbase.la $(MHD_LIBS)
drills += tests/delivery.sh
EXTRA_DIST += tests/delivery.sh
# And by HL7 version 2; tests/taker is who takes it.
check_PROGRAMS += tests/taker
tests_taker_SOURCES = tests/taker.c tests/mllp_receiver.h tests/mllp_receiver.c
tests_taker_LDADD = -lpthread
drills += tests/filing.sh
EXTRA_DIST += tests/filing.sh
# The same, of what a FHIR server sends; tests/fhir_peer is that server.
check_PROGRAMS += tests/fhir_peer
tests_fhir_peer_LDADD = libhost.la
drills += tests/subscriptions.sh tests/deletions.sh tests/feeds.sh
EXTRA_DIST += tests/subscriptions.sh tests/deletions.sh tests/feeds.sh
EXTRA_DIST += tests/faces_lib.sh tests/faces.sh tests/feedback.sh tests/calls.sh \
	tests/triggers.sh

# What comes in, by TLS; tests/tls_drill makes certificates and sends.
check_PROGRAMS += tests/tls_drill
tests_tls_drill_SOURCES = tests/tls_drill.c tests/tls_help.h tests/tls_help.c \
	tests/folder.h tests/folder.c
tests_tls_drill_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
tests_tls_drill_LDADD = libbase.la $(GNUTLS_LIBS)
drills += tests/tls.sh tests/transport.sh tests/pains.sh tests/vault.sh
TESTS += tests/signed.sh
EXTRA_DIST += tests/signed.sh tests/signed_stranger.py tests/fhir-elements.tsv
EXTRA_DIST += tests/tls.sh tests/transport.sh tests/pains.sh tests/vault.sh
drills += tests/rotate.sh
EXTRA_DIST += tests/rotate.sh

# Faults: killed, no power, no room, no clock, no peer.
check_PROGRAMS += tests/storm
tests_storm_LDADD = libload.la
check_PROGRAMS += tests/crowd
check_LTLIBRARIES += tests/bad_world.la
tests_bad_world_la_SOURCES = tests/bad_world.c
# Its calls take the place of others, so all see them.
tests_bad_world_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default
tests_bad_world_la_LDFLAGS = -module -shared -avoid-version -rpath /nowhere
check_PROGRAMS += tests/crowd_tls
tests_crowd_tls_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
tests_crowd_tls_LDADD = $(GNUTLS_LIBS)
drills += tests/bundle.sh
EXTRA_DIST += tests/bundle.sh
drills += tests/kill.sh tests/crowd.sh tests/crowd_tls.sh tests/disk.sh tests/clock.sh
EXTRA_DIST += tests/bad_lib.sh tests/kill.sh tests/crowd.sh tests/crowd_tls.sh tests/disk.sh tests/clock.sh

# Larger runs over the folder that ANAMNESIS_DATA names.
check_PROGRAMS += tests/hl7_corpus
tests_hl7_corpus_LDADD = libhl7.la
TESTS += tests/hl7_corpus.sh tests/simhospital.sh
EXTRA_DIST += tests/hl7_corpus.sh tests/simhospital.sh
check_PROGRAMS += tests/fhir_corpus
tests_fhir_corpus_LDADD = libfhir.la
TESTS += tests/fhir_corpus.sh tests/deid.sh
EXTRA_DIST += tests/fhir_corpus.sh tests/deid.sh tests/deid_leaks.py tests/deid_leaks_hl7.py
TESTS += tests/convert_report.sh
EXTRA_DIST += tests/convert_report.sh tests/convert_report.py \
	tests/convert_pairing.py tests/convert_selftest.py tests/convert-argued.tsv

# The measures by which models are compared with classical ones.
TESTS += tests/studies.sh
EXTRA_DIST += tests/studies.sh

# The extension for an integration engine, without one.
TESTS += tests/mirth.sh
EXTRA_DIST += tests/mirth.sh tests/mirth

# Peers of other makers: run by tests/peers/check.sh and not by "make check".
EXTRA_DIST += tests/peers

# What a compiler does not know: the house rules, headers that stand alone,
# catalogues and tables that could do harm, manual pages.
TESTS += tools/check-tree.sh tools/check-headers.sh tests/catalogues.sh \
	tests/manual.sh tests/pages.sh
EXTRA_DIST += tools/check-tree.sh tools/check-headers.sh tools/layers.awk \
	tests/catalogues.sh tests/manual.sh tests/pages.sh \
	tests/golden
HEADER_FLAGS = $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) -std=c17 -Wall -Wextra \
	-Werror $(YAJL_CFLAGS) $(YAML_CFLAGS) $(GNUTLS_CFLAGS) $(SQLITE_CFLAGS) \
	$(MHD_CFLAGS) $(CURL_CFLAGS) $(OPENBLAS_CFLAGS) $(ZLIB_CFLAGS) \
	$(ICU_CFLAGS) $(JOSE_CFLAGS)

# Who calls the CDS services, and what they did not prefetch.
tests_jose_t_SOURCES = $(SUITE) tests/jose.c tests/jose_help.h \
	tests/jose_help.c tests/jose_keys.c tests/jose_bearer.c \
	tests/jose_trust.c tests/jose_prefetch.c tests/jose_refusal.c \
	tests/script_server.h tests/script_server.c \
	plugin/host/prefetch.c plugin/host/prefetch_page.c \
	plugin/host/refusal.c tests/folder.h tests/folder.c
tests_jose_t_CFLAGS = $(AM_CFLAGS) $(JOSE_CFLAGS) $(GNUTLS_CFLAGS) $(MHD_CFLAGS)
tests_jose_t_LDADD = libjose.la libfhir.la $(JOSE_LIBS) $(GNUTLS_LIBS) \
	$(MHD_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/cds_client
tests_cds_client_CFLAGS = $(AM_CFLAGS) $(JOSE_CFLAGS)
tests_cds_client_LDADD = libhost.la $(JOSE_LIBS)
drills += tests/callers.sh
EXTRA_DIST += tests/callers.sh

# The safety case: what is said of patients where nobody asked for it, and that the
# hazard log names what is there.
drills += tests/canary.sh
TESTS += tests/hazards.sh
EXTRA_DIST += tests/canary.sh tests/hazards.sh tools/remove-controls.sh docs
safety:
	$(AM_V_at)top_srcdir='$(top_srcdir)' SAFETY_BUILD='$(abs_top_builddir)/safety' \
	$(SHELL) $(top_srcdir)/tools/remove-controls.sh $(SAFETY)
.PHONY: safety
