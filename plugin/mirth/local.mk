# SPDX-License-Identifier: Apache-2.0
# The extension for Mirth Connect and Open Integration Engine.  An engine loads what
# names its version: make extension MIRTH_VERSIONS=...
MIRTH_VERSIONS = 4.4.0,4.4.1,4.4.2,4.5.0,4.5.1,4.5.2
extension: $(lib_LTLIBRARIES)
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/plugin/mirth/extension.sh $(PACKAGE_VERSION) \
	  $(MIRTH_VERSIONS) .libs/libanamnesis.so .libs/libanamnesis-helper.so
.PHONY: extension
CLEANFILES += anamnesis-$(PACKAGE_VERSION).zip
EXTRA_DIST += plugin/mirth
