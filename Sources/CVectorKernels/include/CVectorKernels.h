// The inner loops of the CPU engine, in one version for each CPU level.
//
// Layouts (all float, all row strides in elements):
//  * A block is 16 units of one layer. A block row is 64 floats: 16 of gate i, 16 of f, 16 of g, 16 of o.
//  * A layer's weights are, for each block, `inputs` rows for x, `hidden` rows for h, then b_ih and b_hh.
//  * Gates (after their non-linearity, later their gradients) are [block][step][row][64].
//  * A panel is `vectors` × 16 columns of a matrix, contiguous along its inner axis: [inner][vectors * 16].
// Every output element is one chain of multiply-adds in the order of the inner axis, starting from its initial value,
// in every kernel: results do not depend on how many rows are computed together.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { VKBlock = 16, VKBlockRow = 64 };

/// CPU levels, each with everything of the one before.
typedef enum VKLevel { VKLevelBaseline = 0, VKLevelAVX2 = 1, VKLevelAVX512 = 2 } VKLevel;

/// One time step of one layer, forward.
typedef struct VKForwardStep {
    const float *x;              // [rows, inputs]
    ptrdiff_t xStride;
    ptrdiff_t inputs;            // 0: x has been projected into `initial` already
    const float *h;              // h of the step before, [rows, hidden]
    ptrdiff_t hStride;
    ptrdiff_t hidden;            // 0: the first step
    const float *xWeights;       // first x row of block 0
    const float *hWeights;       // first h row of block 0
    ptrdiff_t weightBlockStride;
    const float *initial;        // bias or projection of block 0
    ptrdiff_t initialBlockStride;
    ptrdiff_t initialRowStride;  // 0: one bias for all rows
    const float *cellBefore;     // [rows, blocks * 16]
    float *cell;                 // may be cellBefore
    float *cellTanh;             // NULL: not kept
    float *hiddenOut;            // must not overlap h
    float *hiddenPairs;          // bfloat16 only: h with rows interleaved in pairs
    float *gates;                // NULL: not kept
    ptrdiff_t gateBlockStride;
    ptrdiff_t rows;
    ptrdiff_t blocks;
} VKForwardStep;

/// The gates of one time step, backward: gates become the gradients before the non-linearities.
typedef struct VKBackwardStep {
    const float *above;          // dL/dh from the layer above, [rows, blocks * 16]; NULL: none
    const float *recurrent;      // dL/dh from the step after; NULL: none
    float *cellGradient;         // dL/dc from the step after, replaced by that for the step before
    const float *cellBefore;
    const float *cellTanh;
    float *gates;                // bfloat16: only read
    float *gradientRows;         // bfloat16 only: the gradients as rows of bfloat16 ...
    float *gradientPairs;        // ... and with rows interleaved in pairs; block stride half of gateBlockStride
    ptrdiff_t gateBlockStride;
    ptrdiff_t rows;              // bfloat16: even
    ptrdiff_t blocks;
} VKBackwardStep;

/// c[rows, vectors * 16] = initial + Σ over segments of a · panel.
typedef struct VKPanelProduct {
    const float *a;              // segment s, row r, inner k: a[s * segmentStride + r * aStride + k]
    ptrdiff_t aStride;
    ptrdiff_t inner;             // inner extent of one segment
    ptrdiff_t segments;
    ptrdiff_t segmentStride;
    const float *panel;
    ptrdiff_t vectors;           // 1 ... 4
    const float *initial;        // NULL: zero
    ptrdiff_t initialStride;     // 0: one row for all
    float *c;
    ptrdiff_t cStride;
    ptrdiff_t rows;
} VKPanelProduct;

/// c[columns, vectors * 16] += aᵀ · b over `inner` rows.
typedef struct VKOuterProduct {
    const float *a;              // [inner, columns]
    ptrdiff_t aStride;
    ptrdiff_t columns;
    const float *b;              // [inner, vectors * 16]
    ptrdiff_t bStride;
    ptrdiff_t vectors;           // 1 ... 4
    ptrdiff_t inner;
    float *c;
    ptrdiff_t cStride;
    int overwrite;               // nonzero: c = aᵀ · b
} VKOuterProduct;

/// One step of Adam over a range of parameters.
typedef struct VKAdam {
    float *parameters, *firstMoment, *secondMoment;
    const float *gradient;
    ptrdiff_t count;             // a multiple of 16
    float factor;                // multiplies the gradient
    float beta1, beta2, stepSize, rootCorrection, epsilon;
} VKAdam;

typedef struct VKKernels {
    VKLevel level;
    const char *name;
    void (*forwardStep)(const VKForwardStep *);
    void (*backwardStep)(const VKBackwardStep *);
    void (*panelProduct)(const VKPanelProduct *);
    void (*outerProduct)(const VKOuterProduct *);
    /// y = (y - x) * scale; adds Σ (y - x)² of each row to errors[row]. Columns are a multiple of 16.
    void (*residuals)(float *y, const float *x, ptrdiff_t rows, ptrdiff_t columns, float scale, double *errors);
    /// target[16 * vectors] += or = Σ over rows of source[rows, 16 * vectors].
    void (*sumRows)(float *target, const float *source, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t vectors, int overwrite);
    /// target = or += source; counts are multiples of 16.
    void (*add)(float *target, const float *source, ptrdiff_t count);
    /// Σ x², in double precision and a fixed order.
    double (*squaredNorm)(const float *x, ptrdiff_t count);
    void (*adam)(const VKAdam *);
    /// target[c * targetStride + r] = source[r * sourceStride + c] for 16 × 16 elements.
    void (*transpose16)(const float *source, ptrdiff_t sourceStride, float *target, ptrdiff_t targetStride);
    /// The non-linearities of the gates, for tests; counts of any size.
    void (*hyperbolicTangent)(const float *x, float *y, ptrdiff_t count);
    void (*sigmoid)(const float *x, float *y, ptrdiff_t count);
    /// Runs independent multiply-adds for `iterations`; returns the floating-point operations done.
    double (*multiplyAdds)(ptrdiff_t iterations);
    /// bfloat16 only: rows[rows, width] as bfloat16 rows, and as pairs of rows interleaved. Width: a multiple of 16.
    void (*convert)(const float *source, ptrdiff_t rows, ptrdiff_t width, float *target, float *pairs);
    /// bfloat16 only: target += source, a multiple of 16 bfloat16 elements.
    void (*addShort)(float *target, const float *source, ptrdiff_t count);
} VKKernels;

/// Tells the core that this thread only waits.
static inline void VKPause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/// The best level that this CPU and this build can run.
VKLevel VKBestLevel(void);

/// Kernels whose products take pairs of bfloat16; NULL if this CPU has no AVX-512 BF16. Lengths and strides of what
/// they multiply count pairs; everything else is float.
const VKKernels *VKKernelsForBFloat16(void);

/// The kernels of one level; NULL if this CPU cannot run it.
const VKKernels *VKKernelsForLevel(VKLevel level);

#ifdef __cplusplus
}
#endif
