/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Errors, as every function of libmodseal reports them.
 *
 * A function that can fail returns 0, or one of the negative MS_ERR_* codes, and fills the
 * struct ms_error that its caller passed (which may be NULL). Nothing is printed by the library.
 */
#ifndef MODSEAL_ERROR_H
#define MODSEAL_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MS_API __attribute__((visibility("default")))
#else
#define MS_API
#endif

/** What kind of failure it was; the program's exit status follows from it (modseal(1)). */
enum ms_err {
	MS_ERR_USAGE = -1,       /**< the caller asked for something that makes no sense */
	MS_ERR_NOMEM = -2,       /**< out of memory */
	MS_ERR_IO = -3,          /**< the system refused: file, directory, disk, permission */
	MS_ERR_URI = -4,         /**< a key or certificate reference that cannot be understood */
	MS_ERR_TOKEN = -5,       /**< token, its module or its device failed or is not there */
	MS_ERR_PIN = -6,         /**< PIN wrong, missing, locked, or the final try refused */
	MS_ERR_KEY = -7,         /**< no such key, several of them, or one that cannot do this */
	MS_ERR_CERT = -8,        /**< certificate missing, unreadable, or of another key */
	MS_ERR_TIMEOUT = -9,     /**< a call into foreign code never came back, see
				      ms_context_wedged() */
	MS_ERR_MODULE = -10,     /**< the file is no kernel module, malformed, or it changed */
	MS_ERR_UNSUPPORTED = -11, /**< well formed, but nothing that this library can do */
	MS_ERR_SIGNATURE = -12,  /**< a signature that does not fit its key or content */
	MS_ERR_INTERNAL = -13,   /**< a bug in modseal or in a library that it uses */
	MS_ERR_STOPPED = -14,    /**< the caller asked to stop, or the first failure was to end it */
};

/** One failure: what happened to which thing, and what to do about it. */
struct ms_error {
	int code;           /**< an enum ms_err, 0 while nothing failed */
	char message[2048]; /**< one sentence that names the file, URI or token; no newline at its
				 end, but lists (of keys that matched) have one line each */
	char hint[1024];    /**< what to do about it; empty if there is nothing to say */
};

#ifdef __cplusplus
}
#endif
#endif
