/* The classes of this build, ending with NULL; the list is in elements/CMakeLists.txt. */
#ifndef AMTG_ELEMENTS_REGISTRY_H
#define AMTG_ELEMENTS_REGISTRY_H

#include "core/element.h"

extern const struct amtg_class *const amtg_classes[];

#endif
