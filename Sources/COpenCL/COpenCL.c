#include "COpenCL.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

const OCLFunctions *OCLLoad(const char *library, const char **missing) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        *missing = "it is not installed";
        return NULL;
    }
    OCLFunctions *functions = calloc(1, sizeof *functions);
    if (!functions) {
        *missing = "no memory";
        return NULL;
    }
    // POSIX allows an address from dlsym to become a pointer to a function, ISO C only by copying it.
#define FIND(FIELD, NAME)                                                                                              \
    {                                                                                                                  \
        void *address = dlsym(handle, NAME);                                                                           \
        if (!address) {                                                                                                \
            *missing = "it lacks " NAME;                                                                               \
            free(functions);                                                                                           \
            return NULL;                                                                                               \
        }                                                                                                              \
        memcpy(&functions->FIELD, &address, sizeof address);                                                           \
    }
    FIND(getPlatformIDs, "clGetPlatformIDs")
    FIND(getPlatformInfo, "clGetPlatformInfo")
    FIND(getDeviceIDs, "clGetDeviceIDs")
    FIND(getDeviceInfo, "clGetDeviceInfo")
    FIND(createContext, "clCreateContext")
    FIND(releaseContext, "clReleaseContext")
    FIND(createCommandQueue, "clCreateCommandQueue")
    FIND(releaseCommandQueue, "clReleaseCommandQueue")
    FIND(createProgramWithSource, "clCreateProgramWithSource")
    FIND(buildProgram, "clBuildProgram")
    FIND(getProgramBuildInfo, "clGetProgramBuildInfo")
    FIND(releaseProgram, "clReleaseProgram")
    FIND(createKernel, "clCreateKernel")
    FIND(releaseKernel, "clReleaseKernel")
    FIND(setKernelArg, "clSetKernelArg")
    FIND(getKernelWorkGroupInfo, "clGetKernelWorkGroupInfo")
    FIND(createBuffer, "clCreateBuffer")
    FIND(releaseMemObject, "clReleaseMemObject")
    FIND(enqueueWriteBuffer, "clEnqueueWriteBuffer")
    FIND(enqueueReadBuffer, "clEnqueueReadBuffer")
    FIND(enqueueFillBuffer, "clEnqueueFillBuffer")
    FIND(enqueueNDRangeKernel, "clEnqueueNDRangeKernel")
    FIND(flush, "clFlush")
    FIND(finish, "clFinish")
#undef FIND
    return functions;
}
