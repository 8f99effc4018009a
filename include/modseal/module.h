/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Kernel modules as files.
 */
#ifndef MODSEAL_MODULE_H
#define MODSEAL_MODULE_H

#include <modseal/error.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ms_module_flags {
	MS_ANY_FILE = 1, /**< not only ELF relocatable files: kexec images, IMA modsig and GRUB's
			      appended signatures use the same tail */
};

/** What stands at a file's end (include/linux/module_signature.h). */
enum ms_module_state {
	MS_MODULE_UNSIGNED,    /**< no marker: to the kernel it has no signature */
	MS_MODULE_SIGNED,      /**< a well-formed tail */
	MS_MODULE_MALFORMED,   /**< a marker behind something that the kernel refuses */
	MS_MODULE_INTERRUPTED, /**< a signature that a kill or a power loss cut off */
};

/** "unsigned", "signed", "malformed signature", "interrupted signature". */
MS_API const char *ms_module_state_name(enum ms_module_state state);

enum ms_walk_flags {
	MS_WALK_SWEEP = 1, /**< ms_sweep() each directory on the way (of a file: its own) */
};

/** Modules under a directory. */
struct ms_walk;

/**
 * Starts at a path. A file is the walk's only result, also through a symbolic link. In a
 * directory each regular file whose name ends in .ko, .ko.gz, .ko.xz or .ko.zst is found, in
 * sorted order; links to directories are not followed, and a link to a file counts only when
 * that file lies beneath the directory and is not found by its own name.
 */
MS_API int ms_walk_open(const char *path, unsigned flags, struct ms_walk **walk,
	struct ms_error *err);
/**
 * The next module: 1 and *path (as to be opened), *relative (to the directory; the file's own
 * name if a file was given); 0 at the end. Both belong to the walk until the next call. A
 * directory that cannot be read is a negative code, after which the walk goes on.
 */
MS_API int ms_walk_next(struct ms_walk *walk, const char **path, const char **relative,
	struct ms_error *err);
/** Whether the module that came last lies where its path says, in a directory that was walked; false
 * for a symbolic link, and for a path that the walk started at. */
MS_API bool ms_walk_is_file(const struct ms_walk *walk);
/** Ends a walk, also half way; NULL is fine. */
MS_API void ms_walk_close(struct ms_walk *walk);

/**
 * Removes the temporary files that a killed run left in a directory; those of a run that still
 * lives are spared. *swept: how many.
 */
MS_API int ms_sweep(const char *dir, unsigned *swept, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
