/* SPDX-License-Identifier: Apache-2.0 */
/* certs/system_keyring.c, security/integrity/platform_certs/, crypto/asymmetric_keys/restrict.c of
 * the kernel, and shim's verify.c, say what is said here. */
#include "src/trust/accept.h"

#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add(struct ms_cert_view *v, const char *name, const char *under, enum ms_accept accept,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void add(struct ms_cert_view *v, const char *name, const char *under, enum ms_accept accept,
	const char *fmt, ...)
{
	struct ms_cert_place *p = &v->places[v->n_places++];
	va_list ap;

	p->name = name;
	p->under = under;
	p->accept = accept;
	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
}

/* What no kernel can parse or check is in none of its keyrings. */
static void add_keyring(struct ms_cert_view *v, const char *name, const char *under,
	enum ms_accept accept, const char *why)
{
	if (v->problem[0])
		add(v, name, under, MS_ACCEPT_NO, "no kernel takes it");
	else
		add(v, name, under, accept, "%s", why);
}

/* restrict_link_by_builtin_and_secondary_trusted() */
static void judge_secondary(X509 *cert, struct ms_cert_view *v)
{
	static const char name[] = ".secondary_trusted_keys";

	if (v->problem[0])
		add(v, name, NULL, MS_ACCEPT_NO, "no kernel takes it");
	else if (v->self_signed)
		add(v, name, NULL, MS_ACCEPT_NO,
			"it takes only what a key that is trusted already signed; this one is "
			"self-signed");
	else
		add(v, name, NULL, MS_ACCEPT_IF, "if its issuer \"%.100s\" is trusted already%s",
			v->issuer,
			X509_get_ext_by_NID(cert, NID_authority_key_identifier, -1) < 0
				? "; older kernels find that by an authority key identifier, which "
				  "is missing"
				: "");
}

/* restrict_link_by_ca() */
static void judge_machine_ca(struct ms_cert_view *v, const char *under, bool max)
{
	const char *missing = NULL;

	if (!v->ca)
		missing = v->key_cert_sign
			? "basicConstraints CA:TRUE is missing"
			: "basicConstraints CA:TRUE and keyUsage keyCertSign are missing";
	else if (!v->key_cert_sign)
		missing = "keyUsage keyCertSign is missing";
	else if (max && v->digital_signature)
		missing = "keyUsage digitalSignature must not be there";
	if (v->problem[0])
		add(v, ".machine", under, MS_ACCEPT_NO, "no kernel takes it");
	else if (missing)
		add(v, ".machine", under, MS_ACCEPT_NO, "%s; it goes to .platform", missing);
	else
		add(v, ".machine", under, MS_ACCEPT_YES, "as a MOK");
}

/* shim wants a DER certificate whose length has two bytes. */
static bool shim_takes(X509 *cert)
{
	int len = i2d_X509(cert, NULL);

	return len >= 256 + 4 && len <= 65535 + 4;
}

/* shim up to 15.8 is built with OPENSSL_NO_EC. */
static void judge_boot(struct ms_cert_view *v)
{
	static const char name[] = "boot loaders, by shim";

	if (v->module_signing)
		add(v, name, NULL, MS_ACCEPT_NO,
			"the purpose module signing (1.3.6.1.4.1.2312.16.1.2, as in Ubuntu's MOKs) "
			"keeps its key to modules");
	else if (!strncmp(v->key_type, "RSA", 3))
		add(v, name, NULL, MS_ACCEPT_YES,
			"as a MOK, and so who gets hold of its key can sign them, too; the purpose "
			"module signing (1.3.6.1.4.1.2312.16.1.2) would keep it to modules");
	else if (!strncmp(v->key_type, "P-", 2))
		add(v, name, NULL, MS_ACCEPT_IF,
			"if shim is newer than 15.8, which knows RSA keys only; the purpose module "
			"signing (1.3.6.1.4.1.2312.16.1.2) would keep the key to modules");
	else
		add(v, name, NULL, MS_ACCEPT_NO, "shim does not know keys of this type");
}

static void judge_shim(X509 *cert, struct ms_cert_view *v)
{
	if (!shim_takes(cert)) {
		add(v, "MOK", NULL, MS_ACCEPT_NO,
			"shim takes certificates of 260 to 65539 bytes only");
		add(v, "boot loaders, by shim", NULL, MS_ACCEPT_NO, "it cannot be a MOK");
		return;
	}
	add(v, "MOK", NULL, MS_ACCEPT_YES, "modseal trust enrol, confirmed at the next boot");
	judge_boot(v);
}

void accept_judge(X509 *cert, struct ms_cert_view *v)
{
	bool rsa = !strncmp(v->key_type, "RSA", 3);

	add_keyring(v, ".builtin_trusted_keys", NULL, MS_ACCEPT_YES,
		"when it is built into the kernel (CONFIG_SYSTEM_TRUSTED_KEYS)");
	judge_secondary(cert, v);
	add_keyring(v, ".machine", NULL, MS_ACCEPT_YES,
		"as a MOK, if shim trusts the list (mokutil --trust-mok) and the kernel has "
		"CONFIG_INTEGRITY_MACHINE_KEYRING (5.18)");
	judge_machine_ca(v, "CONFIG_INTEGRITY_CA_MACHINE_KEYRING", false);
	judge_machine_ca(v, "CONFIG_INTEGRITY_CA_MACHINE_KEYRING_MAX", true);
	add_keyring(v, ".platform", NULL, MS_ACCEPT_YES,
		"from UEFI db, or as a MOK that .machine does not take; for modules it counts with "
		"Debian's "
		"and Fedora's kernels only");
	if (rsa)
		add(v, "UEFI db", NULL, MS_ACCEPT_YES, "the firmware takes it for booting, too");
	else
		add(v, "UEFI db", NULL, MS_ACCEPT_IF,
			"if the firmware knows keys other than RSA; many do not");
	judge_shim(cert, v);
}
