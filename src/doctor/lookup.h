/* SPDX-License-Identifier: Apache-2.0 */
/* A module by its name, found as modprobe finds it. */
#ifndef MODSEAL_DOCTOR_LOOKUP_H
#define MODSEAL_DOCTOR_LOOKUP_H

#include "src/doctor/doctor.h"

/* The file's name is a module's: "x.ko", "x.ko.xz". */
bool is_module_file(const char *path);
/* The name of the module in a file: without directory and suffix, '_' for '-'; kept. */
const char *name_of_file(struct doctor *d, const char *path);

/* The line of modules.dep whose module has that name, kept: "kernel/a.ko.xz: kernel/b.ko.xz"; NULL
 * if there is none. The name may be an alias (modules.alias): *name is then replaced (kept). */
const char *modules_dep_line(struct doctor *d, const char **name);
/* A path of modules.dep as a path of the machine: "/lib/modules/V/kernel/a.ko"; kept. */
const char *path_in_tree(struct doctor *d, const char *path);
/* Such a path with the root in front, to be opened, and without links that would lead out of the root;
 * kept. */
const char *path_to_open(struct doctor *d, const char *path);
/* Whether the kernel has it built in (modules.builtin). */
bool is_built_in(struct doctor *d, const char *name);
/* Releases other than this one that have a module of that name, "a, b"; "" if none. */
const char *other_releases_with(struct doctor *d, const char *name);

#endif
