#ifndef FAULTLINE_SNAPPY_H
#define FAULTLINE_SNAPPY_H

#include <snappy-c.h>

#endif
