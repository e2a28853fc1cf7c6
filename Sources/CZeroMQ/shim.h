#include <sys/eventfd.h>  // what wakes a thread that waits on a socket; Swift's Glibc module leaves it out
#include <zmq.h>
