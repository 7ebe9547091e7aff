#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Losses against how much of a record a model reads: five folds of FHIR records
# for each length, then a table of all beside the first.
#
#     trainer/studies/history.sh BUNDLES WORK [anamnesis-train]
#
# BUNDLES is a folder of FHIR R4 records of invented people, such as Synthea's:
# its data sets are made with a seed.  WORK gets a folder for each length,
# history.md, which is printed, history.html, a page of the first fold, and
# run.log.  What is done is not done again.  FIT, in the environment, stands for
# the settings that all have in common.
set -eu
top=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 2 ] && [ $# -le 3 ] && [ -d "$1" ] || {
    sed -n '3,12s/^# \{0,1\}//p' "$0"
    exit 2
}
study=fhir
data=$1
work=$2
train=${3:-anamnesis-train}

# NAME | options of the data set | settings of the fit.  A position is a moment,
# which holds three events in these records: 128, 512 and 2,048 events.
LENGTHS='
43-positions | | --positions 43
43-seed-2 | | --positions 43 --seed 2
171-positions | | --positions 171
683-positions | | --positions 683
'

. "$top/trainer/studies/variants.sh"
begin
table "$LENGTHS" 'history' "$work/history.md"
