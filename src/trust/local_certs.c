/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/local_certs.h"

#include "src/base/cleanup.h"
#include "src/crypto/cert.h"
#include "src/trust/fact.h"

#include <fnmatch.h>
#include <openssl/err.h>
#include <string.h>

/* Below the kernel's own directory in /lib/modules. */
static const char *const of_release[] = {
	"build/certs/signing_key.x509", /* kbuild's, where the kernel was built here */
	"source/certs/signing_key.x509",
};

static const struct {
	const char *dir, *pattern;
} places[] = {
	{ "/var/lib/shim-signed/mok", "*.der" },			    /* Ubuntu, Debian */
	{ "/var/lib/dkms", "*.pub" }, { "/etc/pki/akmods/certs", "*.der" }, /* Fedora */
	{ "/etc/refind.d/keys", "*.c[er][rt]" },
	{ "/modseal/certs", "*" }, /* put beside a recording */
};

static int take(const struct ms_machine *m, const char *path, STACK_OF(X509) * to)
{
	AUTO_BUF struct buf b = { 0 };
	STACK_OF(X509) *found = NULL;
	X509 *cert;
	int r = 0;

	if (root_read(&m->priv->root, path, &b) < 0 ||
		cert_read(b.data, b.len, path, &found, NULL) < 0)
		return 0;
	while (r == 0 && (cert = sk_X509_shift(found))) {
		if (sk_X509_push(to, cert) <= 0) {
			X509_free(cert);
			r = -1;
		}
	}
	cert_stack_free(found);
	return r;
}

static int take_dir(
	const struct ms_machine *m, const char *dir, const char *pattern, STACK_OF(X509) * to)
{
	DIR *d = root_dir(&m->priv->root, dir);
	int r = 0;

	if (!d)
		return 0;
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		AUTO_FREE char *path = NULL;

		if (e->d_name[0] == '.' || fnmatch(pattern, e->d_name, 0) != 0)
			continue;
		if (asprintf(&path, "%s/%s", dir, e->d_name) < 0)
			path = NULL;
		r = path ? take(m, path, to) : -1;
	}
	closedir(d);
	return r;
}

int local_certs(const struct ms_machine *m, STACK_OF(X509) * *certs)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	int r = stack ? 0 : -1;

	for (size_t i = 0;
		r == 0 && m->priv->modules && i < sizeof(of_release) / sizeof(*of_release); i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", m->priv->modules, of_release[i]) < 0)
			path = NULL;
		r = path ? take(m, path, stack) : -1;
	}
	for (size_t i = 0; r == 0 && i < sizeof(places) / sizeof(places[0]); i++)
		r = take_dir(m, places[i].dir, places[i].pattern, stack);
	ERR_clear_error();
	if (r == 0) {
		*certs = stack;
		return 0;
	}
	cert_stack_free(stack);
	return -1;
}
