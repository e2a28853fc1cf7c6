// The functions of OpenCL 1.2 that the accelerator uses, found at run time: nothing is linked and no header of OpenCL
// is needed to build. Names, types and constants are those of the OpenCL specification (Khronos, version 1.2).
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Only what is never NULL says so: the functions themselves, once they are found.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"

/// A function's result: 0, or one of the negative codes of the specification.
typedef int32_t OCLStatus;

/// Handles of platforms, devices, contexts, queues, programs, kernels and buffers are addresses of something that the
/// library owns.
typedef struct OCLFunctions {
    OCLStatus (*_Nonnull getPlatformIDs)(uint32_t capacity, void **platforms, uint32_t *count);
    OCLStatus (*_Nonnull getPlatformInfo)(void *platform, uint32_t name, size_t capacity, void *value, size_t *size);
    OCLStatus (*_Nonnull getDeviceIDs)(void *platform, uint64_t types, uint32_t capacity, void **devices, uint32_t *count);
    OCLStatus (*_Nonnull getDeviceInfo)(void *device, uint32_t name, size_t capacity, void *value, size_t *size);
    void *(*_Nonnull createContext)(
        const intptr_t *properties, uint32_t count, void *const *devices,
        void (*_Nullable notify)(const char *, const void *, size_t, void *), void *user, OCLStatus *status);
    OCLStatus (*_Nonnull releaseContext)(void *context);
    void *(*_Nonnull createCommandQueue)(void *context, void *device, uint64_t properties, OCLStatus *status);
    OCLStatus (*_Nonnull releaseCommandQueue)(void *queue);
    void *(*_Nonnull createProgramWithSource)(
        void *context, uint32_t count, const char **strings, const size_t *lengths, OCLStatus *status);
    OCLStatus (*_Nonnull buildProgram)(
        void *program, uint32_t count, void *const *devices, const char *options, void (*_Nullable notify)(void *, void *),
        void *user);
    OCLStatus (*_Nonnull getProgramBuildInfo)(
        void *program, void *device, uint32_t name, size_t capacity, void *value, size_t *size);
    OCLStatus (*_Nonnull releaseProgram)(void *program);
    void *(*_Nonnull createKernel)(void *program, const char *name, OCLStatus *status);
    OCLStatus (*_Nonnull releaseKernel)(void *kernel);
    OCLStatus (*_Nonnull setKernelArg)(void *kernel, uint32_t index, size_t size, const void *value);
    OCLStatus (*_Nonnull getKernelWorkGroupInfo)(
        void *kernel, void *device, uint32_t name, size_t capacity, void *value, size_t *size);
    void *(*_Nonnull createBuffer)(void *context, uint64_t flags, size_t size, void *host, OCLStatus *status);
    OCLStatus (*_Nonnull releaseMemObject)(void *buffer);
    OCLStatus (*_Nonnull enqueueWriteBuffer)(
        void *queue, void *buffer, uint32_t blocking, size_t offset, size_t size, const void *source,
        uint32_t waitCount, void *const *waitFor, void **event);
    OCLStatus (*_Nonnull enqueueReadBuffer)(
        void *queue, void *buffer, uint32_t blocking, size_t offset, size_t size, void *target, uint32_t waitCount,
        void *const *waitFor, void **event);
    OCLStatus (*_Nonnull enqueueFillBuffer)(
        void *queue, void *buffer, const void *pattern, size_t patternSize, size_t offset, size_t size,
        uint32_t waitCount, void *const *waitFor, void **event);
    OCLStatus (*_Nonnull enqueueNDRangeKernel)(
        void *queue, void *kernel, uint32_t dimensions, const size_t *offset, const size_t *global, const size_t *local,
        uint32_t waitCount, void *const *waitFor, void **event);
    OCLStatus (*_Nonnull flush)(void *queue);
    OCLStatus (*_Nonnull finish)(void *queue);
} OCLFunctions;

enum {
    OCLDeviceNotFound = -1,
    OCLDeviceNotAvailable = -2,
    OCLCompilerNotAvailable = -3,
    OCLAllocationFailure = -4,
    OCLOutOfResources = -5,
    OCLOutOfHostMemory = -6,
    OCLBuildProgramFailure = -11,
    OCLInvalidCommandQueue = -36,
    OCLInvalidWorkGroupSize = -54,
    OCLInvalidBufferSize = -61,

    OCLPlatformVersion = 0x0901,
    OCLPlatformName = 0x0902,

    OCLDeviceType = 0x1000,
    OCLDeviceMaxComputeUnits = 0x1002,
    OCLDeviceMaxWorkGroupSize = 0x1004,
    OCLDeviceMaxMemoryAllocation = 0x1010,
    OCLDeviceGlobalMemorySize = 0x101F,
    OCLDeviceLocalMemoryType = 0x1022,
    OCLDeviceLocalMemorySize = 0x1023,
    OCLDeviceAvailable = 0x1027,
    OCLDeviceCompilerAvailable = 0x1028,
    OCLDeviceName = 0x102B,
    OCLDriverVersion = 0x102D,
    OCLDeviceVersion = 0x102F,
    OCLDeviceNativeVectorWidthFloat = 0x103A,

    OCLTypeCPU = 1 << 1,
    OCLTypeGPU = 1 << 2,
    OCLTypeAccelerator = 1 << 3,
    OCLTypeAll = 0xF,

    OCLProgramBuildLog = 0x1183,
    OCLKernelWorkGroupSize = 0x11B0,
    OCLMemoryReadWrite = 1,
};

/// Loads a library (`libOpenCL.so.1`) and finds its functions. Returns NULL when something is missing and says what: a
/// text that lives on. The library stays loaded, for its drivers keep threads, and so does the table.
const OCLFunctions *_Nullable OCLLoad(const char *_Nonnull library, const char *_Nullable *_Nonnull missing);

#pragma clang diagnostic pop

#ifdef __cplusplus
}
#endif
