/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CMS messages of one signer. All of a message but the signature is the same each time, so that
 * it is encoded once for each length that signatures have (RSA: one, ECDSA: three or four).
 */
#ifndef MODSEAL_CRYPTO_CMS_FORM_H
#define MODSEAL_CRYPTO_CMS_FORM_H

#include "src/crypto/cms.h"

#include <pthread.h>

#define CMS_FORM_LENGTHS 8 /* that are remembered */

struct cms_form {
	X509 *cert;                   /* borrowed */
	const STACK_OF(X509) *chain;  /* borrowed; NULL for none */
	enum cms_sid sid;
	enum ms_hash hash;
	pthread_mutex_t lock;
	struct {
		size_t sig_len;
		struct buf head; /* what stands before the signature, which ends the message */
	} heads[CMS_FORM_LENGTHS];
	unsigned n;
};

void cms_form_init(struct cms_form *form, X509 *cert, enum cms_sid sid, enum ms_hash hash,
	const STACK_OF(X509) *chain);
void cms_form_free(struct cms_form *form);
/* cms_build() of the form. May be called from many threads. */
int cms_form_fill(struct cms_form *form, const uint8_t *sig, size_t sig_len, struct buf *out,
	struct ms_error *err);

#endif
