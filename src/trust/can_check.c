/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/can_check.h"

#include <stdio.h>
#include <string.h>

bool kernel_older_than(const struct ms_machine *m, unsigned major, unsigned minor)
{
	unsigned a = 0, b = 0;

	return m->release.text && sscanf(m->release.text, "%u.%u", &a, &b) == 2 &&
		(a < major || (a == major && b < minor));
}

/* SHA-3: crypto/asymmetric_keys/pkcs7_parser.c pkcs7_sig_note_digest_algo(), from 6.7 on. */
enum ms_answer can_check_hash(const struct ms_machine *m, enum ms_hash hash, char *why, size_t size)
{
	if (hash >= MS_HASH_SHA3_256 && kernel_older_than(m, 6, 7)) {
		snprintf(why, size, "kernels before 6.7 know no signatures with %s",
			ms_hash_name(hash));
		return MS_NO;
	}
	return ms_machine_algorithm(m, ms_hash_name(hash), why, size);
}

/* crypto/Kconfig, crypto/ecdsa.c, crypto/asymmetric_keys/x509_cert_parser.c. As a module, an algorithm
 * may come too late for the certificate to be read at boot, or not. RSA comes with the check of
 * signatures itself (init/Kconfig, SYSTEM_DATA_VERIFICATION). */
enum ms_answer can_check_key(const struct ms_machine *m, const struct ms_cert_view *v, char *why,
	size_t size)
{
	bool ec = !strncmp(v->key_type, "P-", 2);
	const char *option = ec ? "CRYPTO_ECDSA" : "CRYPTO_MLDSA", *value;

	if (v->problem[0]) {
		snprintf(why, size, "%s", v->problem);
		return MS_NO;
	}
	if (!strncmp(v->key_type, "RSA", 3)) {
		snprintf(why, size, "every kernel that checks module signatures knows RSA");
		return MS_YES;
	}
	if (ec && kernel_older_than(m, 5, 13)) {
		snprintf(why, size, "kernels before 5.13 have no ECDSA");
		return MS_NO;
	}
	if (!strcmp(v->key_type, "P-521") && kernel_older_than(m, 6, 10)) {
		snprintf(why, size, "kernels before 6.10 have no ECDSA with P-521");
		return MS_NO;
	}
	value = ms_machine_option(m, option);
	if (!value) {
		snprintf(why, size, "no configuration of the kernel was found");
		return MS_UNKNOWN;
	}
	if (!strcmp(value, "n")) {
		snprintf(why, size, "this kernel has no %s (CONFIG_%s)", ec ? "ECDSA" : "ML-DSA",
			option);
		return MS_NO;
	}
	snprintf(why, size, "CONFIG_%s is %s", option, value);
	return strcmp(value, "y") ? MS_UNKNOWN : MS_YES;
}
