/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/kernel_name.h"

#include "src/base/cleanup.h"
#include "src/crypto/cert.h"

#include <openssl/x509v3.h>
#include <string.h>

struct part {
	const char *data;
	int len; /* 0: the subject has none */
};

/* The last one counts, in the bytes of the certificate. */
static struct part part_of(X509 *cert, int nid)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	struct part part = { 0 };

	for (int i = -1; (i = X509_NAME_get_index_by_NID((X509_NAME *)name, nid, i)) >= 0;) {
		const ASN1_STRING *s =
			X509_NAME_ENTRY_get_data(X509_NAME_get_entry((X509_NAME *)name, i));

		part.data = (const char *)ASN1_STRING_get0_data(s);
		part.len = ASN1_STRING_length(s);
	}
	return part;
}

/* Whether the common name says the organisation already. */
static bool says(struct part cn, struct part o)
{
	return (cn.len >= o.len && !memcmp(cn.data, o.data, (size_t)o.len)) ||
		(cn.len >= 7 && o.len >= 7 && !memcmp(cn.data, o.data, 7));
}

char *kernel_name(X509 *cert)
{
	struct part cn = part_of(cert, NID_commonName), o = part_of(cert, NID_organizationName);
	const ASN1_OCTET_STRING *skid = X509_get0_subject_key_id(cert);
	AUTO_FREE char *id = NULL;
	char *name = NULL;
	int r;

	id = skid ? cert_hex(ASN1_STRING_get0_data(skid), (size_t)ASN1_STRING_length(skid))
		  : cert_serial_hex(X509_get0_serialNumber(cert));
	if (!id)
		return NULL;
	if (cn.len && o.len && !says(cn, o)) {
		r = asprintf(&name, "%.*s: %.*s: %s", o.len, o.data, cn.len, cn.data, id);
	} else {
		if (!cn.len)
			cn = o.len ? o : part_of(cert, NID_pkcs9_emailAddress);
		r = asprintf(&name, "%.*s: %s", cn.len, cn.len ? cn.data : "", id);
	}
	return r < 0 ? NULL : name;
}
