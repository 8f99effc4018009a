/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What speaks for a key being bound to its hardware: made there, and never to be read out of it.
 */
#ifndef MODSEAL_EVIDENCE_H
#define MODSEAL_EVIDENCE_H

#include <modseal/key.h>
#include <modseal/list.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_EVIDENCE_MAX 16

/** One thing that the device says of the key. */
struct ms_evidence_item {
	const char *name;    /**< "CKA_SENSITIVE" */
	const char *meaning; /**< "its value cannot be read" */
	enum ms_answer answer;
	enum ms_answer wanted; /**< of a key that is bound; MS_UNKNOWN: told only */
};

/** All of it. Zero-initialise. */
struct ms_evidence {
	struct ms_evidence_item items[MS_EVIDENCE_MAX];
	size_t n_items;	   /**< 0: the key is in a file, or its place says nothing */
	bool bound;	   /**< there are items, and all that are wanted are so */
	char missing[256]; /**< what is not so, in words; empty if it is bound */
	char identity[160]; /**< what the device itself calls the key ("TPM name 000b..."); empty: nothing */
};

/** What the key's place says of it; it is believed: a token of software says what a device would.
 */
MS_API int ms_key_evidence(
	const struct ms_key *key, struct ms_evidence *evidence, struct ms_error *err);
/** MS_ERR_KEY, naming what is missing, for a key that is not bound. */
MS_API int ms_key_require_hardware(const struct ms_key *key, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
