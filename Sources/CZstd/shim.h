#ifndef FAULTLINE_ZSTD_H
#define FAULTLINE_ZSTD_H

#include <zstd.h>

#endif
