/* libFuzzer's entry point for programs with a main of their own; see LLVM's "libFuzzer", section "Using libFuzzer as a
   library". Only what `make fuzz` builds is linked with it. */
#ifndef FAULTLINE_CFUZZER_H
#define FAULTLINE_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
