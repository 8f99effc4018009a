/* SPDX-License-Identifier: Apache-2.0 */
#include "src/verify/trust_chain.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

X509 *chain_find_signer(const struct cms_signer *signer, const STACK_OF(X509) *certs)
{
	for (int i = 0; signer->issuer && i < sk_X509_num(certs); i++)
		if (cms_names_cert(signer, sk_X509_value(certs, i)))
			return sk_X509_value(certs, i);
	return NULL;
}

static bool aki_names_serial(const X509 *cert, X509 *issuer)
{
	const GENERAL_NAMES *names = X509_get0_authority_issuer((X509 *)cert);
	const ASN1_INTEGER *serial = X509_get0_authority_serial((X509 *)cert);

	if (!serial || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(issuer)) != 0)
		return false;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		X509_NAME *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

		if (type == GEN_DIRNAME &&
			X509_NAME_cmp(name, X509_get_issuer_name(issuer)) == 0)
			return true;
	}
	return false;
}

/* Whether cert's authority key identifier names `issuer` and issuer's key signed cert. A
 * certificate without that extension cannot be linked, in the kernel either. */
static bool certifies(X509 *issuer, X509 *cert)
{
	const ASN1_OCTET_STRING *aki = X509_get0_authority_key_id(cert);
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(issuer);
	bool named = aki && ski && ASN1_OCTET_STRING_cmp(aki, ski) == 0;
	bool ok;

	if (!named && !aki_names_serial(cert, issuer))
		return false;
	ok = X509_verify(cert, X509_get0_pubkey(issuer)) == 1;
	ERR_clear_error();
	return ok;
}

X509 *chain_find_issuer(X509 *cert, const STACK_OF(X509) *certs)
{
	for (int i = 0; i < sk_X509_num(certs); i++)
		if (certifies(sk_X509_value(certs, i), cert))
			return sk_X509_value(certs, i);
	return NULL;
}

X509 *chain_find_anchor(X509 *cert, const STACK_OF(X509) *certs, const STACK_OF(X509) *trusted)
{
	/* No chain is longer than the number of its certificates; a loop ends here too. */
	for (int steps = 0; cert && steps <= sk_X509_num(certs); steps++) {
		X509 *anchor, *next;

		for (int i = 0; i < sk_X509_num(trusted); i++)
			if (X509_cmp(sk_X509_value(trusted, i), cert) == 0)
				return sk_X509_value(trusted, i);
		anchor = chain_find_issuer(cert, trusted);
		if (anchor)
			return anchor;
		next = chain_find_issuer(cert, certs);
		if (next == cert)
			return NULL; /* self-signed and not trusted */
		cert = next;
	}
	return NULL;
}
