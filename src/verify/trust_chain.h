/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a signer to a trusted certificate through those that travel in the CMS, as the kernel
 * walks them (crypto/asymmetric_keys/pkcs7_verify.c pkcs7_verify_sig_chain(), pkcs7_trust.c
 * pkcs7_validate_trust_one()): links are authority key identifiers, dates and extensions are not
 * looked at.
 */
#ifndef MODSEAL_VERIFY_TRUST_CHAIN_H
#define MODSEAL_VERIFY_TRUST_CHAIN_H

#include "src/crypto/cms.h"

/* The certificate among those in the CMS that the signer info names, NULL if none: pkcs7_find_key()
 * compares issuer and serial only, so one that is named by its key id is never found there. */
X509 *chain_find_signer(const struct cms_signer *signer, const STACK_OF(X509) *certs);
/* The certificate among `certs` that signed `cert`, as its authority key identifier says; NULL if
 * none. */
X509 *chain_find_issuer(X509 *cert, const STACK_OF(X509) *certs);
/* The trusted certificate that `cert` is, or that certifies it, directly or through `certs`;
 * NULL if none. Every signature on the way is verified. */
X509 *chain_find_anchor(X509 *cert, const STACK_OF(X509) *certs, const STACK_OF(X509) *trusted);

#endif
