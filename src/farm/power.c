/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/power.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#define MODULE_SIGNING "1.3.6.1.4.1.2312.16.1.2" /* an extended key usage */

static bool is_for_modules(X509 *cert)
{
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	ASN1_OBJECT *modules = OBJ_txt2obj(MODULE_SIGNING, 1);
	bool found = false;

	for (int i = 0; modules && i < sk_ASN1_OBJECT_num(usages); i++)
		found |= OBJ_cmp(sk_ASN1_OBJECT_value(usages, i), modules) == 0;
	ASN1_OBJECT_free(modules);
	sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
	ERR_clear_error();
	return found;
}

int power_check(X509 *cert, struct ms_error *err)
{
	AUTO_FREE char *subject = NULL;

	if (is_for_modules(cert))
		return 0;
	subject = cert_name_text(X509_get_subject_name(cert));
	err_set(err, MS_ERR_USAGE,
		"\"%s\" may be good for more than modules, and a digest does not say what it is of",
		subject ? subject : "?");
	err_hint(err, "An EFI program could be signed this way, and started by machines that trust "
		      "the certificate. If whoever makes these digests may do that, say so with "
		      "--allow-digests; better, use a certificate with the extended key usage "
		      MODULE_SIGNING " (module signing).");
	return MS_ERR_USAGE;
}
