# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libadvice.la
libadvice_la_SOURCES = \
	advice/code.h advice/code.c \
	advice/table.h advice/table.c \
	advice/sets.h advice/sets.c \
	advice/facts.h advice/facts.c \
	advice/score.h advice/score.c advice/score_egfr.c \
	advice/score_cha2ds2_vasc.c advice/score_charlson.c \
	advice/outcome.h advice/outcome.c advice/outcome_read.c \
	advice/words.h advice/words.c \
	advice/suggest.h advice/make_int.h advice/suggest.c \
	advice/name.c advice/evidence.c advice/frequency.c advice/risk.c \
	advice/differential.c advice/scores.c advice/summary.c \
	advice/compare.h advice/compare.c advice/literature.c \
	advice/dosing.h advice/dosing_int.h advice/dosing_read.c advice/dosing.c
libadvice_la_CFLAGS = $(AM_CFLAGS) $(ICU_CFLAGS)
libadvice_la_LIBADD = libconfig.la libcontext.la $(ICU_LIBS)

dist_outcomes_DATA = \
	config/outcomes/atrial-fibrillation.yaml \
	config/outcomes/chronic-kidney-disease.yaml \
	config/outcomes/dementia.yaml \
	config/outcomes/diabetes.yaml \
	config/outcomes/emergency-visit.yaml \
	config/outcomes/heart-failure.yaml \
	config/outcomes/hospital-admission.yaml \
	config/outcomes/hypertension.yaml \
	config/outcomes/mortality.yaml \
	config/outcomes/myocardial-infarction.yaml \
	config/outcomes/readmission-30d.yaml \
	config/outcomes/stroke.yaml
outcomesdir = $(pkgdatadir)/outcomes

AN_TABLES += config/tables/concept-sets.tsv config/tables/plain-names.tsv \
	config/tables/procedure-groups.tsv \
	config/tables/procedure-literature.tsv \
	config/tables/dosing.tsv config/tables/dosing-drugs.tsv

# Catalogues: English is the template; a translation that lacks a key, differs
# in arguments or is fuzzy stops the build.
locales = config/locale/en.inc config/locale/es.inc
config/locale/en.inc: config/locale/en.pot tools/po2tab.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	  $(MSGCAT) --no-wrap $(top_srcdir)/config/locale/en.pot | LC_ALL=C \
	  $(AWK) -v language=en -v source=1 -f $(top_srcdir)/tools/po2tab.awk \
	  >$@.tmp && mv $@.tmp $@
config/locale/es.inc: config/locale/es.po config/locale/en.pot tools/po2tab.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	  $(MSGCMP) $(top_srcdir)/config/locale/es.po \
	    $(top_srcdir)/config/locale/en.pot && \
	  $(MSGCAT) --no-wrap $(top_srcdir)/config/locale/es.po | LC_ALL=C \
	  $(AWK) -v language=es -f $(top_srcdir)/tools/po2tab.awk \
	  >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += $(locales)
CLEANFILES += $(locales)
EXTRA_DIST += config/locale/en.pot config/locale/es.po tools/po2tab.awk advice/README.md \
	config/outcomes/README.md config/locale/README.md
