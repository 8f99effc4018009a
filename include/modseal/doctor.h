/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Why a module does not load, and the ways out.
 */
#ifndef MODSEAL_DOCTOR_H
#define MODSEAL_DOCTOR_H

#include <modseal/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How much a finding matters; what is wrong comes first. */
enum ms_severity {
	MS_WRONG,     /**< it keeps modules (or the one that was asked for) from loading */
	MS_WARNING,   /**< it may: at the next boot, or under other circumstances */
	MS_NOT_KNOWN, /**< what could not be found out, and why */
	MS_NOTE,      /**< how things are */
};

/** "wrong", "warning", "unknown", "note": static storage. */
MS_API const char *ms_severity_name(enum ms_severity severity);

/** One way out of it. */
struct ms_way {
	bool bypass;     /**< not by signing, but by letting unsigned modules in */
	char *what;      /**< what to do, one sentence */
	char **commands; /**< to be typed in this order; words are quoted for a shell */
	size_t n_commands;
	char *price;     /**< of a bypass: what it costs; else NULL */
};

/** A fact that a finding rests on, for machines: "mode", "integrity". */
struct ms_detail {
	char *name, *value;
};

/** One finding. */
struct ms_finding {
	const char *check; /**< which check found it: "lockdown", "log", ... (modseal-doctor(1)) */
	char *id;          /**< what it found, a word that stays the same: "unsigned-rejected" */
	enum ms_severity severity;
	char *summary;     /**< one line */
	char *why;         /**< sentences; NULL if there is no more to say */
	struct ms_detail *details;
	size_t n_details;
	struct ms_way *ways; /**< signing first, then bypasses; only those that apply here */
	size_t n_ways;
};

/** What ms_doctor() found. Strings are NULL where they are not known. */
struct ms_diagnosis {
	char *root;    /**< "/", or the directory that was given */
	char *system;  /**< "Debian GNU/Linux 12 (bookworm)" */
	char *release; /**< of the kernel */
	char *module;  /**< the name of the module that was asked for */
	char *path;    /**< its file */
	enum ms_answer healthy; /**< MS_NO: something is wrong; MS_UNKNOWN: nothing is, but what the
				     kernel decides about the module is not known */
	struct ms_finding *findings; /**< by severity, then in the order of the checks */
	size_t n_findings;
};

/** What is to be looked at. */
struct ms_doctor_request {
	const char *root;   /**< another machine's files, as for ms_machine_read(); NULL: this one */
	const char *module; /**< a module's file (its name has a '/' or ends in .ko, .ko.gz, ...), or
				 a name that is looked up as modprobe does; NULL: the machine alone */
	const char *log;    /**< a file with the kernel's log instead of the machine's own, "-" for
				 standard input; NULL: the machine's */
};

/**
 * Examines a machine, and a module on it. Things that are wrong with them are no errors; an error is a
 * root that is no directory, or a log or module file that cannot be read. The caller frees
 * *diagnosis.
 */
MS_API int ms_doctor(const struct ms_doctor_request *request, struct ms_diagnosis **diagnosis,
	struct ms_error *err);
/** NULL is fine. */
MS_API void ms_diagnosis_free(struct ms_diagnosis *diagnosis);

#ifdef __cplusplus
}
#endif
#endif
