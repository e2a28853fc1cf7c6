// The LSTM autoencoder on an OpenCL device: forward, backward and Adam, in single precision.
//
// Windows are computed in blocks of ROWS (4, 8 or 16, given when the program is built): what belongs to one number of
// one step of one unit is a vector of ROWS windows. Arrays of a layer are [block][step][unit], those of cells and hidden
// states with a step of zeros before the first. Matrices are those of the flat parameter vector, [4H, inputs] with the
// gates i, f, g, o one after the other, and a copy of it in which each matrix is transposed.
//
// The work-group of a block runs all steps of a layer; LOCAL_STATE says whether what its work-items exchange at each step
// lies in local memory or, for layers too wide for that, in global memory. No sum depends on how work-groups are
// scheduled: every number is added up by one work-item, or by the work-items of one work-group in a fixed order.

#if ROWS == 4
typedef float4 Rows;
#define SUM(v) (((v).s0 + (v).s1) + ((v).s2 + (v).s3))
#elif ROWS == 8
typedef float8 Rows;
#define SUM(v) ((((v).s0 + (v).s1) + ((v).s2 + (v).s3)) + (((v).s4 + (v).s5) + ((v).s6 + (v).s7)))
#else
typedef float16 Rows;
#define SUM(v)                                                                                                         \
    (((((v).s0 + (v).s1) + ((v).s2 + (v).s3)) + (((v).s4 + (v).s5) + ((v).s6 + (v).s7)))                               \
     + ((((v).s8 + (v).s9) + ((v).sa + (v).sb)) + (((v).sc + (v).sd) + ((v).se + (v).sf))))
#endif

#define BOTH_FENCES (CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)

// The same rational function as the CPU engine's (scripts/fit-tanh.py), within 1e-6 relative; a NaN comes through.
Rows hyperbolicTangent(Rows x) {
    const Rows limit = 7.5f;
    x = select(x, limit, x > limit);
    x = select(x, -limit, x < -limit);
    Rows s = x * x;
    Rows p = ((1.190659769962906e-05f * s + 0.002993826498619594f) * s + 0.12964993841642028f) * s + 0.9999998511997142f;
    Rows q = (((2.615610216364408e-07f * s + 0.0002448054137233799f) * s + 0.02398910797204286f) * s
              + 0.46298239833201976f) * s + 1.0f;
    return x * p / q;
}

Rows logistic(Rows x) { return 0.5f + 0.5f * hyperbolicTangent(0.5f * x); }

// The windows that begin at `starts`, in blocks: [block][step][feature]; rows past the last window are zero.
// Items: (steps · features, blocks).
__kernel void gatherWindows(
    __global const float *samples, __global const uint *starts, __global float *input, uint first, uint count,
    uint features, uint elements) {
    uint element = get_global_id(0);
    if (element >= elements) return;
    size_t block = get_global_id(1);
    __global float *target = input + (block * elements + element) * ROWS;
    for (uint row = 0; row < ROWS; ++row) {
        size_t window = block * ROWS + row;
        target[row] = window < count ? samples[(size_t)starts[first + window] * features + element] : 0.0f;
    }
}

// c[block][step] = a[block][step] · b + biases, with b[inner, columns]; a work-item computes one column of TILE steps.
// Items: (columns, ceil(blocks · steps / TILE)).
#define TILE 4
__kernel void product(
    __global const Rows *a, uint aOffset, uint aBlock, uint aStep, __global const float *b, uint bOffset,
    __global const float *bias, int bias0, int bias1, __global Rows *c, uint cOffset, uint cBlock, uint cStep, uint steps,
    uint rows, uint inner, uint columns) {
    uint column = get_global_id(0), first = get_global_id(1) * TILE;
    if (column >= columns || first >= rows) return;
    float start = (bias0 < 0 ? 0.0f : bias[bias0 + column]) + (bias1 < 0 ? 0.0f : bias[bias1 + column]);
    uint r0 = first, r1 = min(first + 1, rows - 1), r2 = min(first + 2, rows - 1), r3 = min(first + 3, rows - 1);
    __global const Rows *a0 = a + aOffset + (size_t)(r0 / steps) * aBlock + (r0 % steps) * aStep;
    __global const Rows *a1 = a + aOffset + (size_t)(r1 / steps) * aBlock + (r1 % steps) * aStep;
    __global const Rows *a2 = a + aOffset + (size_t)(r2 / steps) * aBlock + (r2 % steps) * aStep;
    __global const Rows *a3 = a + aOffset + (size_t)(r3 / steps) * aBlock + (r3 % steps) * aStep;
    __global const float *w = b + bOffset + column;
    Rows s0 = start, s1 = start, s2 = start, s3 = start;
    for (uint k = 0; k < inner; ++k) {
        float weight = w[(size_t)k * columns];
        s0 += weight * a0[k];
        s1 += weight * a1[k];
        s2 += weight * a2[k];
        s3 += weight * a3[k];
    }
    c += cOffset + column;
    c[(size_t)(r0 / steps) * cBlock + (r0 % steps) * cStep] = s0;
    if (first + 1 < rows) c[(size_t)(r1 / steps) * cBlock + (r1 % steps) * cStep] = s1;
    if (first + 2 < rows) c[(size_t)(r2 / steps) * cBlock + (r2 % steps) * cStep] = s2;
    if (first + 3 < rows) c[(size_t)(r3 / steps) * cBlock + (r3 % steps) * cStep] = s3;
}

// All steps of one layer, forward. The projection of its input, biases included, is given; `gates` gets what the gates
// are after their non-linearities. Work-groups: one a block. State: `units` vectors.
__kernel void layerForward(
    __global const Rows *projection, uint projectionBlock, uint projectionStep, __global const float *weights,
    uint weightsOffset, __global Rows *gates, __global Rows *cells, __global Rows *hidden,
#if LOCAL_STATE
    __local Rows *state,
#endif
    uint units, uint steps, uint keepsGates) {
    size_t block = get_group_id(0);
    uint item = get_local_id(0), items = get_local_size(0);
    projection += block * projectionBlock;
    gates += block * steps * 4 * units;
    cells += block * (steps + 1) * units;
    hidden += block * (steps + 1) * units;
    weights += weightsOffset;
    for (uint t = 0; t < steps; ++t) {
#if LOCAL_STATE
        __local const Rows *before = state;
#else
        __global const Rows *before = hidden + (size_t)t * units;
#endif
        for (uint u = item; u < units; u += items) {
            __global const Rows *z = projection + (size_t)t * projectionStep + u;
            Rows i = z[0], f = z[units], g = z[2 * units], o = z[3 * units];
            if (t > 0) {
                __global const float *w = weights + u;
                for (uint k = 0; k < units; ++k, w += 4 * units) {
                    Rows h = before[k];
                    i += w[0] * h;
                    f += w[units] * h;
                    g += w[2 * units] * h;
                    o += w[3 * units] * h;
                }
            }
            i = logistic(i);
            f = logistic(f);
            g = hyperbolicTangent(g);
            o = logistic(o);
            Rows c = f * cells[(size_t)t * units + u] + i * g;
            cells[(size_t)(t + 1) * units + u] = c;
            hidden[(size_t)(t + 1) * units + u] = o * hyperbolicTangent(c);
            if (keepsGates) {
                __global Rows *kept = gates + (size_t)t * 4 * units + u;
                kept[0] = i;
                kept[units] = f;
                kept[2 * units] = g;
                kept[3 * units] = o;
            }
        }
        barrier(BOTH_FENCES);
#if LOCAL_STATE
        for (uint u = item; u < units; u += items) state[u] = hidden[(size_t)(t + 1) * units + u];
        barrier(CLK_LOCAL_MEM_FENCE);
#endif
    }
}

// Reconstruction minus input times `scale`, zero in rows past the last window, and the mean square of each window before
// scaling. Work-groups: one a block; the number of work-items is a power of two. partial: a vector a work-item.
__kernel void residuals(
    __global Rows *output, __global const Rows *input, __global float *errors, uint firstError, uint count, uint elements,
    float scale, __local float *partial) {
    size_t block = get_group_id(0);
    uint item = get_local_id(0), items = get_local_size(0);
    output += block * elements;
    input += block * elements;
    float lanes[ROWS];
    for (uint row = 0; row < ROWS; ++row) lanes[row] = block * ROWS + row < count ? scale : 0.0f;
#if ROWS == 4
    Rows factor = vload4(0, lanes);
#elif ROWS == 8
    Rows factor = vload8(0, lanes);
#else
    Rows factor = vload16(0, lanes);
#endif
    // In two stages, so that long windows lose no digits.
    Rows total = 0.0f, part = 0.0f;
    uint terms = 0;
    for (uint element = item; element < elements; element += items) {
        Rows d = output[element] - input[element];
        part += d * d;
        if (++terms % 32 == 0) {
            total += part;
            part = 0.0f;
        }
        output[element] = d * factor;
    }
    total += part;
#if ROWS == 4
    vstore4(total, item, partial);
#elif ROWS == 8
    vstore8(total, item, partial);
#else
    vstore16(total, item, partial);
#endif
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint half_ = items / 2; half_ > 0; half_ /= 2) {
        if (item < half_)
            for (uint row = 0; row < ROWS; ++row) partial[item * ROWS + row] += partial[(item + half_) * ROWS + row];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (item == 0)
        for (uint row = 0; row < ROWS; ++row)
            if (block * ROWS + row < count) errors[firstError + block * ROWS + row] = partial[row] / elements;
}

// Steps `first...` of blocks as rows of windows: target[window][step][feature], minus the input if it is given.
// Items: ((steps - first) · features, blocks).
__kernel void spreadWindows(
    __global const float *output, __global const float *input, uint minus, __global float *target, uint firstWindow,
    uint count, uint skipped, uint elements) {
    uint element = get_global_id(0), width = elements - skipped;
    if (element >= width) return;
    size_t block = get_global_id(1);
    size_t place = (block * elements + skipped + element) * ROWS;
    for (uint row = 0; row < ROWS; ++row) {
        size_t window = block * ROWS + row;
        if (window < count)
            target[(firstWindow + window) * width + element] = output[place + row] - (minus ? input[place + row] : 0.0f);
    }
}

// All steps of one layer, backward: `gates` become the gradients before the non-linearities. `above` is dL/dh from above,
// of the last step only if `lastOnly`. Work-groups: one a block. State: 4 · units vectors.
__kernel void layerBackward(
    __global const Rows *above, uint lastOnly, __global Rows *gates, __global const Rows *cells,
    __global const float *weights, uint weightsOffset, __global Rows *carriedHidden, __global Rows *carriedCell,
#if LOCAL_STATE
    __local Rows *state,
#endif
    uint units, uint steps) {
    size_t block = get_group_id(0);
    uint item = get_local_id(0), items = get_local_size(0);
    above += block * (lastOnly ? 1 : steps) * units;
    gates += block * steps * 4 * units;
    cells += block * (steps + 1) * units;
    carriedHidden += block * units;
    carriedCell += block * units;
    weights += weightsOffset;
    for (uint back = 0; back < steps; ++back) {
        uint t = steps - 1 - back;
        __global Rows *z = gates + (size_t)t * 4 * units;
        for (uint u = item; u < units; u += items) {
            Rows dh = lastOnly ? (back == 0 ? above[u] : (Rows)0.0f) : above[(size_t)t * units + u];
            Rows dc = 0.0f;
            if (back > 0) {
                dh += carriedHidden[u];
                dc = carriedCell[u];
            }
            Rows i = z[u], f = z[units + u], g = z[2 * units + u], o = z[3 * units + u];
            Rows tanhCell = hyperbolicTangent(cells[(size_t)(t + 1) * units + u]);
            dc += dh * o * (1.0f - tanhCell * tanhCell);
            carriedCell[u] = dc * f;
            Rows di = dc * g * i * (1.0f - i);
            Rows df = dc * cells[(size_t)t * units + u] * f * (1.0f - f);
            Rows dg = dc * i * (1.0f - g * g);
            Rows dO = dh * tanhCell * o * (1.0f - o);
            z[u] = di;
            z[units + u] = df;
            z[2 * units + u] = dg;
            z[3 * units + u] = dO;
#if LOCAL_STATE
            state[u] = di;
            state[units + u] = df;
            state[2 * units + u] = dg;
            state[3 * units + u] = dO;
#endif
        }
        barrier(BOTH_FENCES);
        if (t > 0) {
#if LOCAL_STATE
            __local const Rows *gradient = state;
#else
            __global const Rows *gradient = z;
#endif
            for (uint u = item; u < units; u += items) {
                Rows sum = 0.0f;
                __global const float *w = weights + u;
                for (uint k = 0; k < 4 * units; ++k, w += units) sum += w[0] * gradient[k];
                carriedHidden[u] = sum;
            }
        }
        barrier(BOTH_FENCES);
    }
}

// sum[block] = Σ over steps of z[block][step]. Items: (width, blocks).
__kernel void sumSteps(__global const Rows *z, __global Rows *sum, uint width, uint steps) {
    uint column = get_global_id(0);
    if (column >= width) return;
    size_t block = get_global_id(1);
    z += block * steps * width + column;
    Rows total = 0.0f;
    for (uint t = 0; t < steps; ++t) total += z[(size_t)t * width];
    sum[block * width + column] = total;
}

// Gradients of one layer's weights and biases from those before its non-linearities, z[block][step][width]: products with
// its input x, with its state h (none: units = 0) and with one, for the biases. Slot s adds up its share of the blocks.
// Items: (inputs + units + 1, ceil(width / 4), slots).
__kernel void weightGradient(
    __global const Rows *z, uint width, __global const Rows *x, uint xOffset, uint xBlock, uint xStep, uint inputs,
    __global const Rows *h, uint hBlock, uint units, __global const Rows *one, __global float *partials, uint parameters,
    int weightsX, int weightsH, int biasX, int biasH, uint blocks, uint slots, uint steps, uint adds) {
    uint n = get_global_id(0), m = get_global_id(1) * 4, slot = get_global_id(2);
    if (n > inputs + units || m >= width) return;
    __global const Rows *factor = one;
    uint factorBlock = 0, factorStep = 0;
    if (n < inputs) {
        factor = x + xOffset + n;
        factorBlock = xBlock;
        factorStep = xStep;
    } else if (n < inputs + units) {
        factor = h + (n - inputs);
        factorBlock = hBlock;
        factorStep = units;
    }
    uint m1 = min(m + 1, width - 1), m2 = min(m + 2, width - 1), m3 = min(m + 3, width - 1);
    Rows s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
    uint begin = (uint)((ulong)slot * blocks / slots), end = (uint)((ulong)(slot + 1) * blocks / slots);
    for (uint block = begin; block < end; ++block) {
        for (uint t = 0; t < steps; ++t) {
            Rows value = factor[(size_t)block * factorBlock + (size_t)t * factorStep];
            __global const Rows *row = z + ((size_t)block * steps + t) * width;
            s0 += value * row[m];
            s1 += value * row[m1];
            s2 += value * row[m2];
            s3 += value * row[m3];
        }
    }
    float sums[4] = {SUM(s0), SUM(s1), SUM(s2), SUM(s3)};
    partials += (size_t)slot * parameters;
    for (uint j = 0; j < 4 && m + j < width; ++j) {
        if (n == inputs + units) {
            float old = adds ? partials[biasX + m + j] : 0.0f;
            partials[biasX + m + j] = old + sums[j];
            if (biasH >= 0) partials[biasH + m + j] = old + sums[j];
        } else {
            size_t place = n < inputs ? (size_t)weightsX + (size_t)(m + j) * inputs + n
                                      : (size_t)weightsH + (size_t)(m + j) * units + (n - inputs);
            partials[place] = (adds ? partials[place] : 0.0f) + sums[j];
        }
    }
}

// Two sums over a work-group, pairwise: of all items' `plain` to partial[0], of their `scaled` to partial[items]. The
// work-group's size is a power of two; every item of it calls this.
void addUp(__local float *partial, float plain, float scaled) {
    uint item = get_local_id(0), items = get_local_size(0);
    partial[item] = plain;
    partial[items + item] = scaled;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint half_ = items / 2; half_ > 0; half_ /= 2) {
        if (item < half_) {
            partial[item] += partial[item + half_];
            partial[items + item] += partial[items + item + half_];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

// gradient = Σ over slots, in their order; for each work-group the sum of squares, once as it is and once of numbers
// scaled by 2⁻⁶⁰, which holds where the first overflows. A work-item takes SHARE parameters.
#define SHARE 8
__kernel void addSlots(
    __global const float *partials, __global float *gradient, uint parameters, uint slots, __global float *norms,
    __local float *partial) {
    uint item = get_local_id(0), items = get_local_size(0);
    size_t first = (size_t)get_group_id(0) * items * SHARE + item;
    float plain = 0.0f, scaled = 0.0f;
    for (uint j = 0; j < SHARE; ++j) {
        size_t index = first + (size_t)j * items;
        if (index >= parameters) break;
        float sum = partials[index];
        for (uint slot = 1; slot < slots; ++slot) sum += partials[(size_t)slot * parameters + index];
        gradient[index] = sum;
        plain += sum * sum;
        float small = sum * 0x1p-60f;
        scaled += small * small;
    }
    addUp(partial, plain, scaled);
    if (item == 0) {
        norms[2 * get_group_id(0)] = partial[0];
        norms[2 * get_group_id(0) + 1] = partial[items];
    }
}

// What the gradient is multiplied by: 1, or clip / norm where it is longer than `clip` (0: no limit). One work-group.
__kernel void clipFactor(
    __global const float *norms, uint count, float clip, __global float *factor, __local float *partial) {
    uint item = get_local_id(0), items = get_local_size(0);
    float plain = 0.0f, scaled = 0.0f;
    for (uint index = item; index < count; index += items) {
        plain += norms[2 * index];
        scaled += norms[2 * index + 1];
    }
    addUp(partial, plain, scaled);
    if (item == 0) {
        float norm = isinf(partial[0]) ? sqrt(partial[items]) * 0x1p60f : sqrt(partial[0]);
        float ratio = clip / (norm + 1e-6f);
        factor[0] = clip > 0.0f && ratio < 1.0f ? ratio : 1.0f;
    }
}

// One step of Adam; every parameter is also written to its place in the transposed copy. Items: parameters.
__kernel void adam(
    __global float *theta, __global float *transposed, __global const uint *places, __global float *firstMoment,
    __global float *secondMoment, __global const float *gradient, __global const float *factor, uint parameters,
    float beta1, float beta2, float stepSize, float rootScale, float epsilon) {
    uint index = get_global_id(0);
    if (index >= parameters) return;
    float g = gradient[index] * factor[0];
    float m = beta1 * firstMoment[index] + (1.0f - beta1) * g;
    float v = beta2 * secondMoment[index] + (1.0f - beta2) * g * g;
    firstMoment[index] = m;
    secondMoment[index] = v;
    float value = theta[index] - stepSize * m / (sqrt(v) * rootScale + epsilon);
    theta[index] = value;
    transposed[places[index]] = value;
}

// The transposed copy of new parameters. Items: parameters.
__kernel void transposeParameters(
    __global const float *theta, __global float *transposed, __global const uint *places, uint parameters) {
    uint index = get_global_id(0);
    if (index < parameters) transposed[places[index]] = theta[index];
}
