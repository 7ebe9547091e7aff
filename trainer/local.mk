# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libtrainer.la
libtrainer_la_SOURCES = \
	trainer/adamw.c trainer/adamw.h trainer/backward.c \
	trainer/backward.h trainer/checkpoint.c trainer/cohort.c \
	trainer/cohort.h trainer/cohort_check.c trainer/cohort_int.h \
	trainer/cohort_write.c trainer/command.c trainer/command.h \
	trainer/feed.c trainer/feed.h trainer/file.c trainer/file.h \
	trainer/fit.c trainer/fit.h trainer/fit_command.c \
	trainer/fit_share.c trainer/params.c \
	trainer/params.h trainer/pass.c trainer/pass.h trainer/pass_embed.c \
	trainer/pass_heads.c trainer/random.c trainer/random.h \
	trainer/settings.c trainer/settings.h trainer/start.c \
	trainer/start.h trainer/start_wide.c trainer/team.c trainer/team.h \
	trainer/ranks.h \
	trainer/source.h trainer/source.c \
	trainer/record.h trainer/csv.h trainer/csv.c \
	trainer/study.h trainer/study.c trainer/icd9.h trainer/icd9.c \
	trainer/nafld.h trainer/nafld.c \
	trainer/diabetes130.h trainer/diabetes130.c \
	trainer/people.h trainer/people.c \
	trainer/closed.h trainer/closed.c \
	trainer/pseudonym.h trainer/pseudonym.c \
	trainer/deid/profile.h trainer/deid/profile.c \
	trainer/deid/check_digit.h trainer/deid/check_digit.c \
	trainer/deid/value.h trainer/deid/value.c \
	trainer/deid/names.h trainer/deid/names.c \
	trainer/deid/people.h trainer/deid/people.c \
	trainer/deid/deid.h trainer/deid/deid.c \
	trainer/deid/fhir.h trainer/deid/fhir_int.h trainer/deid/fhir.c \
	trainer/deid/fhir_value.c trainer/deid/fhir_reference.c \
	trainer/deid/hl7.h trainer/deid/hl7_int.h trainer/deid/hl7.c \
	trainer/deid/hl7_value.c trainer/deid/run.h trainer/deid/run.c \
	trainer/deid/manifest.c trainer/deid/deidentify_command.c \
	trainer/privacy/accountant.h trainer/privacy/accountant.c \
	trainer/privacy/noise.h trainer/privacy/noise.c \
	trainer/privacy/private.h trainer/privacy/private.c \
	trainer/privacy/start.h trainer/privacy/start.c \
	trainer/privacy/ledger.h trainer/privacy/ledger.c \
	trainer/privacy/bound.h trainer/privacy/bound.c \
	trainer/privacy/audit.h trainer/privacy/audit.c \
	trainer/privacy/privacy_command.c trainer/privacy/audit_command.c \
	trainer/concepts.h trainer/concepts.c \
	trainer/catalogue.h trainer/catalogue_int.h trainer/catalogue.c \
	trainer/catalogue_bins.c trainer/catalogue_write.c trainer/whom.h trainer/whom.c \
	trainer/outcomes.h trainer/outcomes.c \
	trainer/labels.h trainer/labels.c \
	trainer/features.h trainer/features.c \
	trainer/dataset.h trainer/dataset_int.h trainer/dataset.c \
	trainer/dataset_case.c trainer/dataset_like.c \
	trainer/dataset_write.c trainer/dataset_report.c \
	trainer/dataset_command.c \
	trainer/stats.h trainer/stats.c \
	trainer/calibration.h trainer/calibration.c \
	trainer/survival.h trainer/survival.c \
	trainer/regress.h trainer/report.c trainer/report.h \
	trainer/regress.c \
	trainer/data.h trainer/data.c \
	trainer/predict.h trainer/predict.c trainer/predict_csv.c \
	trainer/differential.h trainer/differential.c \
	trainer/loss.h trainer/loss.c \
	trainer/judge.h trainer/judge_int.h trainer/judge.c \
	trainer/judge_baseline.c trainer/judge_print.c \
	trainer/population.h trainer/population.c \
	trainer/refusal.h trainer/refusal.c \
	trainer/support.h trainer/support.c \
	trainer/lead.h trainer/lead.c trainer/lead_print.c \
	trainer/explain.h trainer/explain.c trainer/explain_print.c \
	trainer/evaluate_command.c \
	trainer/futures.h trainer/futures.c trainer/sample_command.c \
	trainer/delphi.h trainer/delphi.c \
	trainer/parity.h trainer/parity.c trainer/parity_command.c \
	trainer/package.h trainer/package.c trainer/package_card.c \
	trainer/package_open.c trainer/package_command.c
if MPI
libtrainer_la_SOURCES += trainer/ranks_mpi.c
else
libtrainer_la_SOURCES += trainer/ranks_alone.c
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
EXTRA_DIST += trainer/deid/README.md trainer/privacy/README.md
dist_tables_DATA = config/tables/concepts.tsv
tablesdir = $(pkgdatadir)/tables

# The demonstrator, and who signed it.
dist_model_DATA = config/model/keys
modeldir = $(pkgdatadir)/model
dist_model_default_DATA = config/model/default/SIGNATURE \
	config/model/default/card.md config/model/default/manifest.json \
	config/model/default/model.safetensors
model_defaultdir = $(modeldir)/default
EXTRA_DIST += config/model/README.md tools/default-model.sh \
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
