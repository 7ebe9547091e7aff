# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libfhir.la
libfhir_la_SOURCES = \
	fhir/reader_int.h fhir/element.c fhir/value.c fhir/reference.c \
	fhir/bundle.c fhir/patient.c fhir/encounter.c fhir/consent.c fhir/resource.c fhir/account.c \
	fhir/read.h fhir/read.c \
	fhir/conceptmap.h fhir/conceptmap.c \
	fhir/ndjson.h fhir/ndjson.c \
	fhir/deletion.h fhir/deletion.c \
	fhir/outcome.h fhir/outcome.c \
	fhir/notification.h fhir/notification.c \
	fhir/write.h fhir/write_int.h fhir/write_id.c fhir/write_text.c \
	fhir/write_common.c fhir/write_device.c fhir/write_risk.c \
	fhir/write_score.c fhir/write_document.c fhir/write_provenance.c \
	fhir/write_plan.c fhir/write_bundle.c fhir/write_ai.c \
	fhir/write_impression.c fhir/write_issue.c fhir/write_flag.c \
	fhir/write_proposal.c fhir/write_composition.c fhir/write_task.c \
	fhir/write_guidance.c fhir/write_audit.c fhir/write_card.c \
	fhir/signed.h fhir/signed.c \
	fhir/write_request.h fhir/write_request.c fhir/write_standing.c \
	fhir/searchset.h fhir/searchset.c \
	fhir/cards.h fhir/cards_int.h fhir/cards.c fhir/cards_offer.c fhir/markdown_int.h fhir/markdown.c \
	fhir/cds.h fhir/cds_int.h fhir/cds_request.c fhir/cds_discovery.c \
	fhir/cds_context.c fhir/cds_orders.c fhir/cds_about.c \
	fhir/cds_feedback.h fhir/cds_feedback.c
libfhir_la_LIBADD = libcontext.la
fhir_tables = config/tables/fhir-elements.tsv \
	config/tables/fhir-resources.tsv config/tables/fhir-status.tsv \
	config/tables/fhir-systems.tsv config/tables/fhir-types.tsv
AN_TABLES += $(fhir_tables)
$(libfhir_la_OBJECTS): $(fhir_tables:.tsv=.inc)
fhir/patient.lo: config/tables/identifier-types.inc
EXTRA_DIST += fhir/README.md
