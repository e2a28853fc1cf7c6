#include <malloc.h>       // gives memory back to the system; Swift's Glibc module leaves it out
#include <sys/eventfd.h>  // what wakes a thread that waits on a socket; Swift's Glibc module leaves it out
#include <zmq.h>

// In the library since 4.3.0, in its header among what may change.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
