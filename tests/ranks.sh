#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Several processes fit one model under mpirun: what one process with as many
# threads makes, bit for bit; and a process that is killed (SIGKILL) costs what
# was done since the last checkpoint, and nothing else.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"

train=$built/anamnesis-train
# In a container, as root, with as few cores as there are, and without ssh.
OMPI_ALLOW_RUN_AS_ROOT=1
OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
OMPI_MCA_rmaps_base_oversubscribe=1
OMPI_MCA_plm_rsh_agent=/bin/true
OMPI_MCA_btl_vader_single_copy_mechanism=none
OMPI_MCA_mpi_yield_when_idle=1
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM \
    OMPI_MCA_rmaps_base_oversubscribe OMPI_MCA_plm_rsh_agent \
    OMPI_MCA_btl_vader_single_copy_mechanism OMPI_MCA_mpi_yield_when_idle
# OpenMPI keeps what it has until the end, and beyond.
ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS
# Its files in a short place: the names of its sockets are limited.
TMPDIR=$work
export TMPDIR

small='--layers 1 --channels 16 --heads 2 --positions 12 --rank 2 --batch-rows 300'
fit() { # FOLDER OPTION...
    into=$1
    shift
    # shellcheck disable=SC2086
    "$train" fit --out "$into" $small "$@" cohort.bin
}
together() { # N FOLDER OPTION...
    n=$1
    into=$2
    shift 2
    # shellcheck disable=SC2086
    mpirun -n "$n" "$train" fit --out "$into" $small "$@" cohort.bin
}
same() { # FOLDER FOLDER
    cmp "$1/model.safetensors" "$2/model.safetensors" && cmp "$1/fit.json" "$2/fit.json"
}
losses() { sed 's/, [0-9.]* positions.s$//' "$1"; }

"$built/tests/invent" cohort.bin 300

if ! command -v mpirun >/dev/null 2>&1 || ! mpirun -n 2 true >/dev/null 2>&1; then
    echo "1..0 # SKIP no mpirun (Debian: openmpi-bin)"
    exit 0
fi
if ! grep -q '^#define HAVE_MPI 1' "$built/config.h"; then
    is 'without MPI it says so, and does not train twice' \
        says 1 'built without MPI' together 2 alone --threads 2 --epochs 1
    echo "1..$checks"
    exit "$failed"
fi

fit one --threads 3 --epochs 4 2>one.log
is 'two processes fit' together 2 two --threads 3 --epochs 4
cp said two.log
is 'two processes make what one makes' same one two
is 'three processes make what one makes' together 3 three --threads 3 --epochs 4
is 'and it is that' same one three
losses one.log >one.losses
losses two.log >two.losses
is 'the losses on the way are the same, and said once' cmp one.losses two.losses
is 'each process needs a thread' \
    says 1 'more processes than threads' together 2 few --threads 1 --epochs 1
is 'what one cannot read stops all' \
    says 1 'gone.bin' mpirun -n 2 "$train" fit --out gone --threads 2 gone.bin

# A process that is lost.
fit whole --threads 2 --epochs 60 2>whole.log
together 2 lost --threads 2 --epochs 60 2>lost.log &
mpi=$!
lost() { # the last of its processes
    for p in /proc/[0-9]*; do
        if tr '\0' ' ' 2>/dev/null <"$p/cmdline" | grep -q "^$train fit --out lost "; then
            echo "${p#/proc/}"
        fi
    done | sort -n | tail -n 1
}
awaits test -s lost/checkpoint
kill -9 "$(lost)"
ended=0
wait "$mpi" || ended=$?
is 'without one of its processes it ends, and not well' test "$ended" -ne 0
is 'and leaves no model' test ! -e lost/model.safetensors
cp -r lost again
is 'it goes on from the checkpoint' together 2 lost --threads 2 --epochs 60 --resume
is 'to the model that it would have made' same whole lost
is 'one process can go on with it' fit again --threads 2 --epochs 60 --resume
is 'to the same model' same whole again

echo "1..$checks"
exit "$failed"
