# SPDX-License-Identifier: Apache-2.0
# What those need who run it: a dashboard, alerts, a container.
deploydir = $(pkgdatadir)/deploy
dist_deploy_DATA = deploy/dashboard.json deploy/alerts.yaml
EXTRA_DIST += deploy/README.md deploy/panels.tsv deploy/dashboard.awk \
	deploy/Containerfile deploy/Containerfile.dockerignore
dist_doc_DATA += docs/runbook.md
dashboard:
	$(AM_V_GEN)$(AWK) -f $(top_srcdir)/deploy/dashboard.awk \
	  $(top_srcdir)/deploy/panels.tsv >$(top_srcdir)/deploy/dashboard.json
.PHONY: dashboard

# All of it held against the program, and what happens at the ceilings.
drills += tests/deploy.sh tests/ceiling.sh
EXTRA_DIST += tests/deploy.sh tests/ceiling.sh tests/alerts.yaml
