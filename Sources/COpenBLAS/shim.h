// OpenBLAS (cblas) and LAPACKE as one module: both headers declare the same types.
#include <cblas.h>
#include <lapacke.h>
#undef I  // <complex.h>'s macro breaks C code that names something I
