# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libruntime.la
libruntime_la_SOURCES = \
	runtime/abstain.c runtime/abstain.h runtime/attend.c \
	runtime/attribute.c runtime/attribute.h runtime/cache.c \
	runtime/cache.h runtime/embed.c \
	runtime/encode.h runtime/encode.c \
	runtime/vocabulary.h runtime/vocabulary.c \
	runtime/wide.h runtime/wide.c \
	runtime/forward.c runtime/forward.h runtime/gelu.c runtime/heads.c \
	runtime/glance.c runtime/glance.h \
	runtime/history.c runtime/history.h runtime/kernels.h \
	runtime/lineage.c runtime/lineage.h runtime/lineage_say.c \
	runtime/linear.c runtime/manifest.c runtime/manifest.h \
	runtime/manifest_write.c runtime/norm.c runtime/package.c \
	runtime/package.h runtime/population.c runtime/population.h \
	runtime/plausible.c runtime/plausible.h \
	runtime/compare.c runtime/compare.h runtime/support.c runtime/support.h \
	runtime/predict.c runtime/predict.h runtime/predict_int.h runtime/product.c \
	runtime/product.h runtime/rank.c runtime/rank.h \
	runtime/reasons.c runtime/reasons.h runtime/shapley.c runtime/shapley.h \
	runtime/reference.c \
	runtime/reference.h runtime/risk.c runtime/risk.h \
	runtime/rollout.c runtime/rollout.h runtime/rollout_step.c \
	runtime/rollout_int.h \
	runtime/safetensors.c runtime/safetensors.h runtime/shape.c \
	runtime/shape.h runtime/simd.h runtime/tiles.c runtime/tiles.h \
	runtime/weights.c runtime/weights.h
libruntime_la_CFLAGS = $(AM_CFLAGS) $(VECTOR_CFLAGS) $(OPENBLAS_CFLAGS)
# Which BLAS it gets is said where a program or the shared object is linked.
libruntime_la_LIBADD = libcontext.la
