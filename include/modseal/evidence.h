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

/** What a device itself says of a key, in a certificate that it signed (a YubiKey's attestation). */
struct ms_attestation {
	bool shown;		/**< there is one */
	enum ms_answer trusted; /**< it is of this key, and leads to the root; MS_UNKNOWN: no root was
				     named, or there is none; MS_NO also if the device made bad keys */
	char problem[160];	/**< why not; else empty */
	char firmware[16];	/**< "5.4.3"; empty: not told */
	char serial[24];	/**< the device's, in decimal; empty: not told */
	const char *pin_policy; /**< "never", "once", "always", "match-once", "match-always",
				     "unknown"; NULL: not told */
	const char *touch_policy; /**< "never", "always", "cached", "unknown"; NULL */
	const char *form_factor;  /**< "USB-C nano"; NULL */
};

/** All of it. Zero-initialise. */
struct ms_evidence {
	struct ms_evidence_item items[MS_EVIDENCE_MAX];
	size_t n_items;	   /**< 0: the key is in a file, or its place says nothing */
	bool bound;	   /**< there are items, and all that are wanted are so */
	struct ms_attestation attestation;
	char missing[512]; /**< what is not so, in words; empty if it is bound */
	char identity[160]; /**< what the device itself calls the key ("TPM name 000b..."); empty: nothing */
};

/**
 * What the key's place says of it; it is believed: a token of software says what a device would.
 * Only an attestation cannot be made up. With `attestation_root` (NULL: none), a file with the
 * maker's root certificate and, if need be, those between it and the device's, the key is bound only
 * if there is one that leads there. Opened keys only: a token may have to be asked.
 */
MS_API int ms_key_evidence(const struct ms_key *key, const char *attestation_root,
	struct ms_evidence *evidence, struct ms_error *err);
/** MS_ERR_KEY, naming what is missing, for a key that is not bound. */
MS_API int ms_key_require_hardware(
	const struct ms_key *key, const char *attestation_root, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
