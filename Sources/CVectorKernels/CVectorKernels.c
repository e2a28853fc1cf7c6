#include "CVectorKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Everything that follows is compiled three times, each for one CPU level and vector width.
#define VK_JOIN2(a, b) a##b
#define VK_JOIN(a, b) VK_JOIN2(a, b)
#define VK(name) VK_JOIN(name, VK_SUFFIX)
#define VK_INLINE static inline __attribute__((always_inline))
#define VK_UNROLL _Pragma("clang loop unroll(full)")

// Products of the float kernels; the bfloat16 ones replace them.
#define VK_PAIRS 0
#define VK_DOT(a, b, sum) VK_FMA(a, b, sum)
#define VK_SUM(a, sum) ((a) + (sum))

#define VK_SUFFIX Baseline
#define VK_LANES 4
#define VK_LEVEL VKLevelBaseline
#define VK_NAME "baseline"
#define VK_FMA(a, b, c) ((a) * (b) + (c))
#define VK_GATE_ROWS 2
#if defined(__x86_64__)
#define VK_MIN(a, b) ((VF)_mm_min_ps(a, b))
#define VK_MAX(a, b) ((VF)_mm_max_ps(a, b))
#else
typedef int VectorMask __attribute__((vector_size(16)));
#define VK_SELECT(mask, a, b) ((VF)(((mask) & (VectorMask)(a)) | (~(mask) & (VectorMask)(b))))
#define VK_MIN(a, b) VK_SELECT((a) < (b), a, b)
#define VK_MAX(a, b) VK_SELECT((a) > (b), a, b)
#endif
#include "Kernels.inc"
#undef VK_SUFFIX
#undef VK_LANES
#undef VK_LEVEL
#undef VK_NAME
#undef VK_FMA
#undef VK_MIN
#undef VK_MAX
#undef VK_GATE_ROWS

#if defined(__x86_64__)

#define VK_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define VK_SUFFIX AVX2
#define VK_LANES 8
#define VK_LEVEL VKLevelAVX2
#define VK_NAME "avx2"
#define VK_MIN(a, b) ((VF)_mm256_min_ps(a, b))
#define VK_MAX(a, b) ((VF)_mm256_max_ps(a, b))
#define VK_GATE_ROWS 2
#include "Kernels.inc"
#undef VK_SUFFIX
#undef VK_LANES
#undef VK_LEVEL
#undef VK_NAME
#undef VK_MIN
#undef VK_MAX
#undef VK_GATE_ROWS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"), min_vector_width(512))), apply_to = function)
#define VK_SUFFIX AVX512
#define VK_LANES 16
#define VK_LEVEL VKLevelAVX512
#define VK_NAME "avx512"
#define VK_MIN(a, b) ((VF)_mm512_min_ps(a, b))
#define VK_MAX(a, b) ((VF)_mm512_max_ps(a, b))
#define VK_GATE_ROWS 4
#include "Kernels.inc"
#pragma clang attribute pop
#undef VK_SUFFIX
#undef VK_NAME
#undef VK_DOT
#undef VK_SUM
#undef VK_PAIRS

// AVX-512 with products of bfloat16 pairs, two multiply-adds an element, summed in float. Wherever a kernel multiplies,
// its operands are pairs: 32-bit elements of two bfloat16 that follow each other along the inner axis.
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma"), min_vector_width(512))), apply_to = function)
#define VK_SUFFIX BFloat16
#define VK_NAME "avx512-bf16"
#define VK_PAIRS 1
#define VK_DOT(a, b, sum) ((VF)_mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(b)))
#define VK_SUM(a, sum) VK_DOT((VF)_mm512_set1_epi32(0x3f803f80), a, sum)
#include "Kernels.inc"
#pragma clang attribute pop

VKLevel VKBestLevel(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        return VKLevelAVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return VKLevelAVX2;
    return VKLevelBaseline;
}

const VKKernels *VKKernelsForLevel(VKLevel level) {
    if (level > VKBestLevel()) return NULL;
    switch (level) {
    case VKLevelAVX512: return &kernelsAVX512;
    case VKLevelAVX2: return &kernelsAVX2;
    default: return &kernelsBaseline;
    }
}

const VKKernels *VKKernelsForBFloat16(void) {
    return VKBestLevel() == VKLevelAVX512 && __builtin_cpu_supports("avx512bf16") ? &kernelsBFloat16 : NULL;
}

#else

VKLevel VKBestLevel(void) { return VKLevelBaseline; }

const VKKernels *VKKernelsForLevel(VKLevel level) { return level == VKLevelBaseline ? &kernelsBaseline : NULL; }

const VKKernels *VKKernelsForBFloat16(void) { return NULL; }

#endif
