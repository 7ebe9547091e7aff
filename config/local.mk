# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libconfig.la
libconfig_la_SOURCES = \
	config/yaml.h config/yaml.c \
	config/value.h config/value.c \
	config/options.h config/options_int.h config/options.c \
	config/options_together.c \
	config/nearest.h config/nearest_int.h config/nearest.c \
	config/print.c
libconfig_la_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
libconfig_la_LIBADD = libbase.la $(YAML_LIBS)

# Where the program looks for it; a file that a site has edited stays.
EXTRA_DIST += config/anamnesis.yaml config/hl7-out.yaml
site_config = $(DESTDIR)$(sysconfdir)/anamnesis/anamnesis.yaml
install-data-local:
	@$(MKDIR_P) $(DESTDIR)$(sysconfdir)/anamnesis && \
	if [ -f $(site_config) ]; then echo 'kept: $(site_config)'; else \
	$(INSTALL_DATA) $(srcdir)/config/anamnesis.yaml $(site_config); fi
uninstall-local:
	@! cmp -s $(srcdir)/config/anamnesis.yaml $(site_config) || \
	rm -f $(site_config)

# The tables of the manual pages come from the tables in the code.
noinst_PROGRAMS += tools/manual
tools_manual_SOURCES = tools/manual.c trainer/fit/settings.c \
	trainer/package/said.c
tools_manual_LDADD = libconfig.la
nodist_man_MANS = man/anamnesis.yaml.5 man/anamnesis-events.7 \
	man/anamnesis.1 man/anamnesis.3 man/anamnesis-train.1
CLEANFILES += $(nodist_man_MANS)
EXTRA_DIST += man/anamnesis.yaml.5.in man/anamnesis-events.7.in \
	man/anamnesis.1.in man/anamnesis.3.in man/anamnesis-train.1.in config/README.md

man/anamnesis.yaml.5: man/anamnesis.yaml.5.in tools/manual$(EXEEXT)
	$(AM_V_GEN)TABLE=options; $(FILL_MANUAL)
man/anamnesis-events.7: man/anamnesis-events.7.in tools/manual$(EXEEXT)
	$(AM_V_GEN)TABLE=events; $(FILL_MANUAL)
man/anamnesis-train.1: man/anamnesis-train.1.in tools/manual$(EXEEXT)
	$(AM_V_GEN)TABLE=settings; $(FILL_MANUAL)
man/anamnesis.3: man/anamnesis.3.in tools/manual$(EXEEXT)
	$(AM_V_GEN)TABLE=settings; $(FILL_MANUAL)
man/anamnesis.1: man/anamnesis.1.in tools/manual$(EXEEXT)
	$(AM_V_GEN)TABLE=settings; $(FILL_MANUAL)
FILL_MANUAL = $(MKDIR_P) man && tools/manual$(EXEEXT) $$TABLE >$@.table && \
	tools/manual$(EXEEXT) card >$@.card && \
	sed -e '/^@TABLE@$$/{' -e 'r $@.table' -e 'd' -e '}' \
	  -e '/^@CARD@$$/{' -e 'r $@.card' -e 'd' -e '}' \
	  -e 's|@sysconfdir[@]|$(sysconfdir)|g' -e 's|@datadir[@]|$(datadir)|g' \
	  $(top_srcdir)/$@.in >$@.tmp && rm -f $@.table $@.card && mv $@.tmp $@
