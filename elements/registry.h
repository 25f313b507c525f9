/*
 * The classes of this build, ending with NULL, and the folder of elements/ in which each
 * is written, such as "io"; the list is in elements/CMakeLists.txt, sorted by folder.
 */
#ifndef AMTG_ELEMENTS_REGISTRY_H
#define AMTG_ELEMENTS_REGISTRY_H

#include "core/element.h"

extern const struct amtg_class *const amtg_classes[];
extern const char *const amtg_class_rooms[];

#endif
