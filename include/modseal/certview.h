/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * A certificate from the kernel's point of view.
 */
#ifndef MODSEAL_CERTVIEW_H
#define MODSEAL_CERTVIEW_H

#include <modseal/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether a place takes a certificate. */
enum ms_accept {
	MS_ACCEPT_NO,
	MS_ACCEPT_YES,
	MS_ACCEPT_IF, /**< if what `why` says is so */
};

/** A keyring, or where the firmware or shim keep certificates. */
struct ms_cert_place {
	const char *name;  /**< ".machine" */
	const char *under; /**< the kernel option under which this line holds; NULL: without one */
	enum ms_accept accept;
	char why[240];
};

#define MS_CERT_PLACES_MAX 12

/** What a kernel sees in a certificate. Strings are NULL where there is nothing. */
struct ms_cert_view {
	char *subject, *issuer, *serial, *key_id, *not_before, *not_after;
	char key_type[32];	 /**< "RSA-4096", "P-384" */
	const char *signed_with; /**< "sha256WithRSAEncryption" */
	bool self_signed, expired;
	bool ca, key_cert_sign, digital_signature;
	bool module_signing; /**< has the purpose 1.3.6.1.4.1.2312.16.1.2 */
	bool code_signing;
	char needs[240];   /**< what a kernel needs beyond RSA and SHA-2; empty: nothing */
	char problem[240]; /**< why no kernel takes it at all; empty if there is nothing */
	struct ms_cert_place places[MS_CERT_PLACES_MAX];
	size_t n_places;
};

/** The view of a certificate; touches nothing of this machine. The caller frees *view. */
MS_API int ms_cert_view_new(
	const struct ms_cert *cert, struct ms_cert_view **view, struct ms_error *err);
/** NULL is fine. */
MS_API void ms_cert_view_free(struct ms_cert_view *view);

#ifdef __cplusplus
}
#endif
#endif
