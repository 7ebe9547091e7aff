# SPDX-License-Identifier: Apache-2.0
# Threads, queues of work and files: what a host that loads us gets as well.
noinst_LTLIBRARIES += libwork.la
libwork_la_SOURCES = \
	plugin/host/thread.h plugin/host/thread.c \
	plugin/host/workers.h plugin/host/workers.c \
	plugin/host/rate.h plugin/host/rate.c \
	plugin/host/file.h plugin/host/file.c \
	plugin/host/token.h plugin/host/token.c
libwork_la_LIBADD = libbase.la -lpthread

# What listens and waits for signals, of the program alone; it knows nothing of
# a patient.
noinst_LTLIBRARIES += libhost.la
libhost_la_SOURCES = \
	plugin/host/listen.h plugin/host/listen.c plugin/host/listen_local.c \
	plugin/host/mllp.h plugin/host/mllp_int.h \
	plugin/host/mllp.c plugin/host/mllp_conn.c plugin/host/mllp_io.c \
	plugin/host/tls.h plugin/host/tls_int.h \
	plugin/host/tls.c plugin/host/tls_peer.c plugin/host/tls_link.c \
	plugin/host/http.h plugin/host/http_int.h \
	plugin/host/http.c plugin/host/http_request.c \
	plugin/host/route_int.h plugin/host/route.c \
	plugin/host/folder.h plugin/host/folder.c \
	plugin/host/signals.h plugin/host/signals.c
libhost_la_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(GNUTLS_CFLAGS)
libhost_la_LIBADD = libwork.la libconfig.la libhl7.la $(MHD_LIBS) $(GNUTLS_LIBS)
EXTRA_DIST += plugin/host/README.md

# Whether a suggestion may leave, and the trail of what did.
noinst_LTLIBRARIES += libtrust.la
libtrust_la_SOURCES = \
	plugin/trust/audit.h plugin/trust/audit.c \
	plugin/trust/release.h plugin/trust/release.c \
	plugin/trust/discreet.h plugin/trust/discreet.c \
	plugin/trust/quiet.h plugin/trust/quiet.c \
	plugin/trust/switches.h plugin/trust/switches.c \
	plugin/trust/stage.h plugin/trust/stage.c
libtrust_la_LIBADD = libconfig.la libcontext.la
EXTRA_DIST += plugin/trust/README.md

# All that was received, and what it means.
noinst_LTLIBRARIES += libstore.la
libstore_la_SOURCES = \
	plugin/store/store.h plugin/store/store.c \
	plugin/store/intake.h plugin/store/intake.c \
	plugin/store/commit.h plugin/store/commit.c \
	plugin/store/reader.h plugin/store/reader.c \
	plugin/store/arrivals.h \
	plugin/store/reader_int.h plugin/store/person.c \
	plugin/store/history.c plugin/store/visits.c \
	plugin/store/sets_int.h plugin/store/sets.c plugin/store/facts.c \
	plugin/store/browse.c plugin/store/check.c \
	plugin/store/db_int.h plugin/store/db.c plugin/store/schema.c \
	plugin/store/upgrade_int.h plugin/store/upgrade.c \
	plugin/store/writer_int.h plugin/store/writer.c \
	plugin/store/tally.c plugin/store/refuse.c plugin/store/redo.c \
	plugin/store/closing.c plugin/store/moves.c \
	plugin/store/led_int.h plugin/store/led.c plugin/store/sides.c \
	plugin/store/resources.h \
	plugin/store/resources.c plugin/store/withdrawals.c \
	plugin/store/named.h plugin/store/named.c \
	plugin/store/codes.h plugin/store/codes.c \
	plugin/store/derived_int.h plugin/store/derived.c \
	plugin/store/claims_int.h plugin/store/claims.c \
	plugin/store/pack_int.h plugin/store/pack.c \
	plugin/store/conclude.h plugin/store/conclude.c plugin/store/detail.c \
	plugin/store/trail.c plugin/store/settle.c \
	plugin/store/feedback.h plugin/store/feedback.c plugin/store/dealt.c \
	plugin/store/switches.h plugin/store/switches_int.h plugin/store/switches.c \
	plugin/store/deliveries.h plugin/store/deliveries_int.h \
	plugin/store/deliveries.c plugin/store/sent.c \
	plugin/store/filing.h plugin/store/filing_int.h plugin/store/filing.c \
	plugin/store/vault_int.h plugin/store/vault.c plugin/store/vault_known.c \
	plugin/store/tenant_int.h plugin/store/tenant.c \
	plugin/store/rekey.h plugin/store/rekey.c \
	plugin/store/purge.h plugin/store/purge.c \
	plugin/store/erase_int.h plugin/store/erase.c plugin/store/erase_visits.c \
	plugin/store/erase_passed.c plugin/store/nameless.c \
	plugin/store/backup.h plugin/store/backup.c \
	plugin/store/outgoing.h plugin/store/outgoing.c plugin/store/recall.c plugin/store/verify.c
libstore_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(ZLIB_CFLAGS) $(GNUTLS_CFLAGS)
libstore_la_LIBADD = libtrust.la libcontext.la libwork.la $(GNUTLS_LIBS) $(SQLITE_LIBS) $(ZLIB_LIBS) -lpthread
EXTRA_DIST += plugin/store/README.md

# To the hospital's FHIR server.
noinst_LTLIBRARIES += liboutbox.la
liboutbox_la_SOURCES = \
	plugin/outbox/outbox.h plugin/outbox/outbox.c \
	plugin/outbox/ability.h plugin/outbox/ability.c \
	plugin/outbox/deliver.h plugin/outbox/deliver_int.h \
	plugin/outbox/deliver.c plugin/outbox/singly.c \
	plugin/outbox/standing.c plugin/outbox/withdraw.c \
	plugin/outbox/post.h plugin/outbox/post.c \
	plugin/outbox/smart.h plugin/outbox/smart.c
liboutbox_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
liboutbox_la_LIBADD = libstore.la libfhir.la libfetch.la libjose.la libwork.la $(CURL_LIBS)
EXTRA_DIST += plugin/outbox/README.md

# To the hospital's receiver of HL7 version 2, by a sender of MLLP.
noinst_LTLIBRARIES += libfiling.la
libfiling_la_SOURCES = \
	plugin/host/client.h plugin/host/client.c \
	plugin/host/client_tls.h plugin/host/client_tls.c \
	plugin/filing/fields.h plugin/filing/fields.c \
	plugin/filing/send.h plugin/filing/send.c \
	plugin/filing/make.h plugin/filing/make.c \
	plugin/filing/filer.h plugin/filing/filer.c
libfiling_la_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
libfiling_la_LIBADD = libstore.la libwork.la libhl7.la $(GNUTLS_LIBS)
EXTRA_DIST += plugin/filing/README.md

# From another FHIR server: one request, and a bulk export.
noinst_LTLIBRARIES += libfetch.la
libfetch_la_SOURCES = \
	plugin/fetch/fetch.h plugin/fetch/rules.h plugin/fetch/fetch.c \
	plugin/fetch/export.h plugin/fetch/export.c \
	plugin/fetch/export_int.h plugin/fetch/export_state.c \
	plugin/fetch/export_manifest.c plugin/fetch/export_file.c plugin/fetch/whole.c
libfetch_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(ZLIB_CFLAGS)
libfetch_la_LIBADD = libwork.la $(CURL_LIBS) $(ZLIB_LIBS)
EXTRA_DIST += plugin/fetch/README.md

# By the JOSE library: who calls, who we are, and signatures of what we say.
noinst_LTLIBRARIES += libjose.la
libjose_la_SOURCES = \
	plugin/jose/keys.h plugin/jose/keys.c \
	plugin/jose/bearer.h plugin/jose/bearer.c \
	plugin/jose/clients.h plugin/jose/clients.c \
	plugin/jose/replay.h plugin/jose/replay.c \
	plugin/jose/keyring.h plugin/jose/keyring.c \
	plugin/jose/trust.h plugin/jose/trust.c \
	plugin/jose/assertion.h plugin/jose/assertion.c \
	plugin/jose/signature.h plugin/jose/signature.c
libjose_la_CFLAGS = $(AM_CFLAGS) $(JOSE_CFLAGS) $(GNUTLS_CFLAGS)
libjose_la_LIBADD = libfetch.la libfhir.la libconfig.la $(JOSE_LIBS) $(GNUTLS_LIBS)
EXTRA_DIST += plugin/jose/README.md

# From a timeline to suggestions.
noinst_LTLIBRARIES += libthink.la
libthink_la_SOURCES = \
	plugin/model.h plugin/model.c \
	plugin/passes.h plugin/passes.c plugin/think.h plugin/think.c
libthink_la_CPPFLAGS = $(AM_CPPFLAGS) -DANAMNESIS_DATADIR='"$(pkgdatadir)"'
libthink_la_LIBADD = libruntime.la libadvice.la libwork.la

# The life of a message, from its bytes to what is said, and an engine that
# many messages walk through.
noinst_LTLIBRARIES += libengine.la
libengine_la_SOURCES = \
	plugin/pipeline.h plugin/pipeline.c plugin/zone.h plugin/zone.c \
	plugin/naming.h plugin/naming.c \
	plugin/receiver.h plugin/receiver.c \
	plugin/choose.h plugin/choose.c plugin/deal.h plugin/deal.c \
	plugin/showing.h plugin/showing.c plugin/orders.h plugin/orders.c \
	plugin/consult.h plugin/consult_int.h plugin/consult.c \
	plugin/consult_say.c plugin/consult_leave.c plugin/consult_show.c \
	plugin/lapse.h plugin/lapse.c \
	plugin/consultants.h plugin/consultants.c \
	plugin/hold.h plugin/hold.c plugin/watch.h plugin/watch.c \
	plugin/engine.h plugin/engine.c \
	plugin/sequence.h plugin/sequence.c \
	plugin/feeds.h plugin/feeds_int.h plugin/feeds.c \
	plugin/feeds_usual.c plugin/feeds_mark.c plugin/feeds_thread.c \
	plugin/subscriptions.h plugin/subscriptions_int.h \
	plugin/subscriptions.c plugin/notice_int.h plugin/notice.c \
	plugin/subscribed.c plugin/withdrawn.c \
	plugin/deletions.h plugin/deletions.c \
	plugin/switching.h plugin/switching.c \
	plugin/keeper.h plugin/keeper.c plugin/running.h plugin/running.c plugin/reply.h plugin/reply.c
libengine_la_CFLAGS = $(AM_CFLAGS) $(ICU_CFLAGS)
libengine_la_LIBADD = libstore.la libhl7.la libfhir.la liboutbox.la libfiling.la libfetch.la libthink.la libjose.la \
	$(ICU_LIBS) -lm

# Messages out of files, and a sender.
noinst_LTLIBRARIES += libload.la
libload_la_SOURCES = \
	plugin/host/feed.h plugin/host/feed.c \
	plugin/host/gone.h plugin/host/gone.c
libload_la_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS) $(GNUTLS_CFLAGS)
libload_la_LIBADD = libengine.la $(ZLIB_LIBS) $(GNUTLS_LIBS)

# The C ABI, and the shared object that hosts load.  It takes libabi as an archive
# and not as a convenience library: what it does not need stays out, and what
# several rooms brought along goes in once.
noinst_LTLIBRARIES += libabi.la
libabi_la_SOURCES = \
	plugin/abi/calls.h plugin/abi/error.c \
	plugin/abi/journal_int.h plugin/abi/journal.c \
	plugin/abi/house_int.h plugin/abi/house.c plugin/abi/core.c \
	plugin/abi/results.h plugin/abi/results.c \
	plugin/abi/call_int.h plugin/abi/call.c \
	plugin/abi/guest.h plugin/abi/guest.c \
	plugin/abi/engine.c plugin/abi/process.c plugin/abi/chart.c \
	plugin/abi/status.c plugin/abi/handles_int.h plugin/abi/handles.c
libabi_la_CFLAGS = $(AM_CFLAGS) $(OPENBLAS_CFLAGS)
libabi_la_LIBADD = libengine.la
if STATIC_BLAS
BLAS_LOCK = plugin/abi/blas.c
BLAS_LDFLAGS = -Wl,--wrap=blas_memory_alloc -Wl,--wrap=blas_memory_free
else
BLAS_LOCK =
BLAS_LDFLAGS =
endif
include_HEADERS = plugin/anamnesis.h
lib_LTLIBRARIES = libanamnesis.la
libanamnesis_la_SOURCES = plugin/abi/entry.c plugin/abi/flat.c $(BLAS_LOCK)
libanamnesis_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined -avoid-version \
	-export-symbols-regex '^anamnesis_' -Wl,--exclude-libs,ALL \
	-Wl,-z,nodelete $(BLAS_LDFLAGS) -Wl,.libs/libabi.a $(HOST_LIBS)
EXTRA_libanamnesis_la_DEPENDENCIES = libabi.la
EXTRA_DIST += plugin/abi/README.md plugin/abi/blas.c

# The same ABI over a socket of the server: libc and nothing else, so what it
# shares with the others it has objects of its own of.
lib_LTLIBRARIES += libanamnesis-helper.la
helper_client = plugin/helper/frame.h plugin/helper/frame.c \
	plugin/helper/link.h plugin/helper/link.c \
	plugin/helper/client_int.h plugin/helper/client_config.c \
	plugin/helper/client_link.c plugin/helper/client_call.c \
	plugin/helper/client_engine.c plugin/helper/client_entry.c \
	plugin/abi/calls.h plugin/abi/error.c plugin/abi/results.h \
	plugin/abi/results.c plugin/abi/handles_int.h plugin/abi/handles.c \
	plugin/abi/flat.c base/arena.c base/base64.c base/buf.c base/err.c \
	base/str.c base/utf8.c
libanamnesis_helper_la_SOURCES = $(helper_client)
libanamnesis_helper_la_CPPFLAGS = $(AM_CPPFLAGS)
libanamnesis_helper_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined -avoid-version \
	-export-symbols-regex '^anamnesis_' -Wl,-z,nodelete -Wl,--as-needed
EXTRA_DIST += plugin/helper/README.md

# The library once more, for a folder that has all that it needs: it looks there
# first, and so do the libraries that it loads (DT_RPATH, which those inherit).
check_LTLIBRARIES = bundle/libanamnesis.la
bundle_libanamnesis_la_SOURCES = $(libanamnesis_la_SOURCES)
bundle_libanamnesis_la_CPPFLAGS = $(AM_CPPFLAGS)
bundle_libanamnesis_la_LDFLAGS = $(libanamnesis_la_LDFLAGS) -rpath /nowhere \
	-Wl,--disable-new-dtags -Wl,-rpath,'$$ORIGIN'
EXTRA_bundle_libanamnesis_la_DEPENDENCIES = libabi.la
BUNDLE = anamnesis-$(PACKAGE_VERSION)-linux-$(host_cpu)
bundle: bundle/libanamnesis.la libanamnesis-helper.la
	@case '$(HOST_BLAS)' in *.a) blas='$(HOST_BLAS)' ;; *) blas= ;; esac; \
	top_srcdir='$(top_srcdir)' $(SHELL) $(top_srcdir)/tools/bundle.sh \
	  $(BUNDLE) bundle/.libs/libanamnesis.so .libs/libanamnesis-helper.so $$blas
.PHONY: bundle
EXTRA_DIST += tools/bundle.sh
clean-local:
	-rm -rf $(BUNDLE) $(BUNDLE).tar.gz

# The program: one file a command.
bin_PROGRAMS += anamnesis
anamnesis_SOURCES = \
	plugin/host/command.h plugin/host/main.c \
	plugin/host/serve.h plugin/host/serve.c \
	plugin/host/face_tls.h plugin/host/face_tls.c \
	plugin/host/clear.h plugin/host/clear.c \
	plugin/host/many.h plugin/host/many.c \
	plugin/host/face_mllp.c plugin/host/face_hl7.c \
	plugin/host/face_folder.c \
	plugin/host/face_socket.h plugin/host/face_socket.c \
	plugin/helper/frame.h plugin/helper/frame.c \
	plugin/helper/link.h plugin/helper/link.c \
	plugin/host/face_http.c \
	plugin/host/face_cds_int.h plugin/host/face_cds.c \
	plugin/host/face_cds_visit.c plugin/host/face_cds_services.c \
	plugin/host/face_fhir.c plugin/host/face_feedback.c \
	plugin/host/feedback_int.h plugin/host/feedback.c plugin/host/feedback_json.c \
	plugin/host/cds_gate.h plugin/host/cds_gate.c \
	plugin/host/prefetch.h plugin/host/prefetch_int.h \
	plugin/host/prefetch.c plugin/host/prefetch_page.c \
	plugin/host/refusal.h plugin/host/refusal.c \
	plugin/host/metrics_int.h plugin/host/metrics.c \
	plugin/host/metrics_listen.c plugin/host/metrics_cards.c \
	plugin/convert.h plugin/convert.c plugin/host/convert.c \
	plugin/host/load.c plugin/host/reprocess.c \
	plugin/host/say.h plugin/host/say.c \
	plugin/host/chart.h plugin/host/chart.c \
	plugin/host/compare_int.h plugin/host/compare.c plugin/host/compare_json.c \
	plugin/host/show.c plugin/host/check.c \
	plugin/host/codes.c \
	plugin/host/explain_int.h plugin/host/explain.c \
	plugin/host/explain_text.c plugin/host/explain_json.c \
	plugin/host/verify.c plugin/host/verify_signature.c plugin/host/lineage.c plugin/host/lineage_int.h \
	plugin/host/lineage_json.c plugin/host/release.c plugin/host/outbox.c plugin/host/recall.c plugin/host/kill.c plugin/host/audit.c plugin/host/switch_name.h plugin/host/switch_name.c plugin/host/keys.c \
	plugin/host/export.c plugin/host/subscribe.c plugin/host/feeds.c \
	plugin/host/face_subscription.c \
	plugin/host/metrics_feeds.c \
	plugin/host/rekey.c plugin/host/purge.c plugin/host/backup.c
anamnesis_CPPFLAGS = $(AM_CPPFLAGS) \
	-DANAMNESIS_SYSCONFDIR='"$(sysconfdir)"'
anamnesis_LDADD = libload.la libhost.la libabi.la libjose.la $(OPENBLAS_LIBS)
