#ifndef FAULTLINE_ZLIB_H
#define FAULTLINE_ZLIB_H

#include <zlib.h>

#endif
