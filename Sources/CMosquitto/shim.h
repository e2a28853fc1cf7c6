#ifndef FAULTLINE_MOSQUITTO_H
#define FAULTLINE_MOSQUITTO_H

#include <mosquitto.h>

#endif
