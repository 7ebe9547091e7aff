# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libtrainer.la
libtrainer_la_SOURCES = \
	trainer/command.c trainer/command.h trainer/data.c trainer/data.h \
	trainer/file.c trainer/file.h trainer/random.c trainer/random.h \
	trainer/put.c trainer/put.h \
	trainer/dataset/catalogue.c trainer/dataset/catalogue.h \
	trainer/dataset/catalogue_bins.c trainer/dataset/catalogue_int.h \
	trainer/dataset/catalogue_write.c trainer/dataset/closed.c \
	trainer/dataset/closed.h trainer/dataset/cohort.c trainer/dataset/cohort.h \
	trainer/dataset/cohort_check.c trainer/dataset/cohort_int.h \
	trainer/dataset/cohort_write.c trainer/dataset/concepts.c \
	trainer/dataset/concepts.h trainer/dataset/csv.c trainer/dataset/csv.h \
	trainer/dataset/dataset.c trainer/dataset/dataset.h \
	trainer/dataset/dataset_case.c trainer/dataset/dataset_command.c \
	trainer/dataset/dataset_int.h trainer/dataset/dataset_like.c \
	trainer/dataset/dataset_report.c trainer/dataset/dataset_write.c \
	trainer/dataset/diabetes130.c trainer/dataset/diabetes130.h \
	trainer/dataset/features.c trainer/dataset/features.h \
	trainer/dataset/icd9.c trainer/dataset/icd9.h trainer/dataset/labels.c \
	trainer/dataset/labels.h trainer/dataset/nafld.c trainer/dataset/nafld.h \
	trainer/dataset/outcomes.c trainer/dataset/outcomes.h \
	trainer/dataset/people.c trainer/dataset/people.h \
	trainer/dataset/pseudonym.c trainer/dataset/pseudonym.h \
	trainer/dataset/record.h trainer/dataset/source.c trainer/dataset/source.h \
	trainer/dataset/study.c trainer/dataset/study.h trainer/dataset/whom.c \
	trainer/dataset/whom.h \
	trainer/deid/check_digit.c trainer/deid/check_digit.h trainer/deid/deid.c \
	trainer/deid/deid.h trainer/deid/deidentify_command.c trainer/deid/fhir.c \
	trainer/deid/fhir.h trainer/deid/fhir_int.h trainer/deid/fhir_reference.c \
	trainer/deid/fhir_value.c trainer/deid/hl7.c trainer/deid/hl7.h \
	trainer/deid/hl7_int.h trainer/deid/hl7_value.c trainer/deid/manifest.c \
	trainer/deid/names.c trainer/deid/names.h trainer/deid/people.c \
	trainer/deid/people.h trainer/deid/profile.c trainer/deid/profile.h \
	trainer/deid/run.c trainer/deid/run.h trainer/deid/value.c \
	trainer/deid/value.h \
	trainer/privacy/accountant.c trainer/privacy/accountant.h \
	trainer/privacy/audit.c trainer/privacy/audit.h \
	trainer/privacy/audit_command.c trainer/privacy/bound.c \
	trainer/privacy/bound.h trainer/privacy/ledger.c trainer/privacy/ledger.h \
	trainer/privacy/noise.c trainer/privacy/noise.h \
	trainer/privacy/privacy_command.c trainer/privacy/private.c \
	trainer/privacy/private.h trainer/privacy/start.c trainer/privacy/start.h \
	trainer/fit/adamw.c trainer/fit/adamw.h trainer/fit/backward.c \
	trainer/fit/backward.h trainer/fit/checkpoint.c trainer/fit/course.c \
	trainer/fit/course.h trainer/fit/feed.c \
	trainer/fit/feed.h trainer/fit/fit.c trainer/fit/fit.h \
	trainer/fit/fit_command.c trainer/fit/fit_share.c trainer/fit/params.c \
	trainer/fit/params.h trainer/fit/pass.c trainer/fit/pass.h \
	trainer/fit/pass_embed.c trainer/fit/pass_heads.c trainer/fit/ranks.h \
	trainer/fit/regress.c trainer/fit/regress.h trainer/fit/settings.c \
	trainer/fit/settings.h trainer/fit/start.c trainer/fit/start.h \
	trainer/fit/start_wide.c trainer/fit/team.c trainer/fit/team.h \
	trainer/evaluate/calibration.c trainer/evaluate/calibration.h \
	trainer/evaluate/differential.c trainer/evaluate/differential.h \
	trainer/evaluate/evaluate_command.c trainer/evaluate/explain.c \
	trainer/evaluate/explain.h trainer/evaluate/explain_print.c \
	trainer/evaluate/futures.c trainer/evaluate/futures.h \
	trainer/evaluate/groups.c trainer/evaluate/groups.h \
	trainer/evaluate/judge.c trainer/evaluate/judge.h \
	trainer/evaluate/judge_baseline.c trainer/evaluate/judge_int.h \
	trainer/evaluate/judge_print.c trainer/evaluate/lead.c \
	trainer/evaluate/lead.h trainer/evaluate/lead_print.c \
	trainer/evaluate/loss.c trainer/evaluate/loss.h trainer/evaluate/predict.c \
	trainer/evaluate/predict.h trainer/evaluate/predict_csv.c \
	trainer/evaluate/refusal.c trainer/evaluate/refusal.h \
	trainer/evaluate/sample_command.c trainer/evaluate/stats.c \
	trainer/evaluate/stats.h trainer/evaluate/survival.c \
	trainer/evaluate/survival.h \
	trainer/lineage/check.c trainer/lineage/check.h \
	trainer/lineage/inputs.c trainer/lineage/inputs.h \
	trainer/lineage/inputs_file.c trainer/lineage/lineage.c \
	trainer/lineage/lineage.h trainer/lineage/lineage_command.c \
	trainer/lineage/lineage_data.c \
	trainer/lineage/lineage_fit.c trainer/lineage/lineage_int.h \
	trainer/lineage/lineage_package.c trainer/lineage/lineage_told.c \
	trainer/package/attributes.c trainer/package/card.h \
	trainer/package/card_facts.c trainer/package/card_figures.c \
	trainer/package/card_int.h trainer/package/card_privacy.c \
	trainer/package/card_text.c trainer/package/card_xml.c \
	trainer/package/groups.c trainer/package/groups.h \
	trainer/report/beside.c trainer/report/beside.h trainer/report/curves.c \
	trainer/report/curves.h \
	trainer/report/html.c trainer/report/html.h trainer/report/page.c \
	trainer/report/page.h trainer/report/page_fits.c \
	trainer/report/page_int.h trainer/report/page_outcome.c \
	trainer/report/page_tables.c trainer/report/plot.c trainer/report/plot.h \
	trainer/report/thresholds.c trainer/report/thresholds.h \
	trainer/evaluate/view.c trainer/evaluate/view.h \
	trainer/package/package.c trainer/package/package.h \
	trainer/package/package_command.c \
	trainer/package/package_open.c trainer/package/package_place.c \
	trainer/package/population.c trainer/package/population.h \
	trainer/package/said.c \
	trainer/package/said.h trainer/package/support.c \
	trainer/package/support.h trainer/package/xml.c trainer/package/xml.h \
	trainer/meds/code.c trainer/meds/code.h trainer/meds/files.c \
	trainer/meds/meds.h \
	trainer/meds/meds_command.c trainer/meds/meds_int.h \
	trainer/meds/read.c trainer/meds/subjects.c \
	trainer/meds/tables.c trainer/meds/write.c \
	trainer/parity/delphi.c trainer/parity/delphi.h trainer/parity/parity.c \
	trainer/parity/parity.h trainer/parity/parity_command.c \
	trainer/tune/bench.c trainer/tune/bench.h trainer/tune/gates.c \
	trainer/tune/gates.h trainer/tune/parts.c trainer/tune/parts.h \
	trainer/tune/plan.c trainer/tune/plan.h trainer/tune/sides.c \
	trainer/tune/sides.h trainer/tune/site.c trainer/tune/site.h \
	trainer/tune/tune.c trainer/tune/tune.h trainer/tune/tune_command.c \
	trainer/tune/tune_print.c
if MPI
libtrainer_la_SOURCES += trainer/fit/ranks_mpi.c
else
libtrainer_la_SOURCES += trainer/fit/ranks_alone.c
endif
libtrainer_la_CPPFLAGS = $(AM_CPPFLAGS) -DTR_DATA_DIR='"$(pkgdatadir)"'
libtrainer_la_CFLAGS = $(AM_CFLAGS) $(VECTOR_CFLAGS) $(OPENBLAS_CFLAGS) \
	$(GNUTLS_CFLAGS) $(ZLIB_CFLAGS) $(MPI_CFLAGS) -pthread
libtrainer_la_LIBADD = libruntime.la libfhir.la libhl7.la libadvice.la \
	$(GNUTLS_LIBS) $(ZLIB_LIBS) $(MPI_LIBS)
deid_tables = config/tables/deid-fhir.tsv config/tables/deid-hl7.tsv \
	config/tables/deid-states.tsv config/tables/deid-systems.tsv \
	config/tables/deid-zip3.tsv
AN_TABLES += $(deid_tables)
$(libtrainer_la_OBJECTS): $(deid_tables:.tsv=.inc)
EXTRA_DIST += trainer/dataset/README.md trainer/deid/README.md \
	trainer/evaluate/README.md trainer/fit/README.md \
	trainer/lineage/README.md trainer/meds/README.md \
	trainer/package/README.md trainer/parity/README.md \
	trainer/privacy/README.md trainer/report/README.md \
	trainer/tune/README.md
dist_pkgdata_DATA = config/change-control.yaml
dist_tables_DATA = config/tables/concepts.tsv
tablesdir = $(pkgdatadir)/tables

# The demonstrator, and who signed it.
dist_model_DATA = config/model/keys
modeldir = $(pkgdatadir)/model
dist_model_default_DATA = config/model/default/SIGNATURE \
	config/model/default/card.md config/model/default/card.xml \
	config/model/default/manifest.json \
	config/model/default/model.safetensors \
	config/model/default/source-attributes.json
dist_model_default_lineage_DATA = config/model/default/lineage/checkpoint \
	config/model/default/lineage/log.jsonl
model_defaultdir = $(modeldir)/default
model_default_lineagedir = $(model_defaultdir)/lineage
EXTRA_DIST += config/model/README.md config/model/default-card.yaml \
	tools/default-model.sh \
	tools/delphi-numbers.py

# What anybody can run to compare models with classical ones.
EXTRA_DIST += trainer/studies/README.md trainer/studies/run.sh \
	trainer/studies/folds.sh trainer/studies/variants.sh \
	trainer/studies/ablations.sh trainer/studies/history.sh \
	trainer/studies/ablations.py \
	trainer/studies/cache.py trainer/studies/cox.py \
	trainer/studies/diabetes130.py trainer/studies/diabetes130_data.py \
	trainer/studies/measures.py trainer/studies/nafld.py \
	trainer/studies/nafld_bar.py trainer/studies/nafld_data.py \
	trainer/studies/nafld_models.py trainer/studies/nafld_report.py \
	trainer/studies/study.py trainer/studies/tables.py \
	trainer/studies/test_measures.py trainer/studies/test_programs.py \
	trainer/studies/diabetes130/outcomes/readmission-30d.yaml \
	trainer/studies/nafld/outcomes/death.yaml \
	trainer/studies/nafld/outcomes/diabetes.yaml \
	trainer/studies/nafld/outcomes/heart-failure.yaml \
	trainer/studies/nafld/outcomes/myocardial-infarction.yaml \
	trainer/studies/nafld/outcomes/stroke.yaml

bin_PROGRAMS += anamnesis-train
anamnesis_train_SOURCES = trainer/main.c
anamnesis_train_CFLAGS = $(AM_CFLAGS) $(OPENBLAS_CFLAGS) -pthread
anamnesis_train_LDADD = libtrainer.la $(OPENBLAS_LIBS)
