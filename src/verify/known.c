/* SPDX-License-Identifier: Apache-2.0 */
#include "src/verify/known.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/trust/kernel_name.h"
#include "src/trust/local_certs.h"
#include "src/verify/kernel_image.h"

#include <string.h>

static int push(STACK_OF(X509) * stack, X509 *cert)
{
	for (int i = 0; i < sk_X509_num(stack); i++)
		if (X509_cmp(sk_X509_value(stack, i), cert) == 0)
			return 0;
	X509_up_ref(cert);
	if (sk_X509_push(stack, cert) > 0)
		return 0;
	X509_free(cert);
	return -1;
}

STACK_OF(X509) *
	known_certs(const struct ms_machine *m, struct ms_cert *const *given, size_t n_given)
{
	STACK_OF(X509) *stack = sk_X509_new_null(), *local = NULL;
	int r = stack ? local_certs(m, &local) : -1;

	for (size_t i = 0; r == 0 && i < n_given; i++)
		r = push(stack, given[i]->x509);
	for (int s = 0; s < MS_STORES; s++)
		for (size_t i = 0; r == 0 && i < m->stores[s].n_certs; i++)
			r = push(stack, m->stores[s].certs[i]->x509);
	for (int i = 0; r == 0 && i < sk_X509_num(local); i++)
		r = push(stack, sk_X509_value(local, i));
	cert_stack_free(local);
	if (r == 0)
		return stack;
	cert_stack_free(stack);
	return NULL;
}

int known_add_image(
	const struct ms_machine *m, STACK_OF(X509) * known, int *added, struct ms_error *err)
{
	const STACK_OF(X509) * image;
	int before = sk_X509_num(known), r = kernel_image_certs(m, &image, err);

	for (int i = 0; r == 0 && i < sk_X509_num(image); i++)
		if (push(known, sk_X509_value(image, i)) < 0)
			r = err_nomem(err);
	*added = sk_X509_num(known) - before;
	return r;
}

static bool is_known(STACK_OF(X509) * known, const char *description)
{
	for (int i = 0; i < sk_X509_num(known); i++) {
		AUTO_FREE char *name = kernel_name(sk_X509_value(known, i));

		if (name && !strcmp(name, description))
			return true;
	}
	return false;
}

bool known_all(const struct ms_machine *m, STACK_OF(X509) * known, char *name, size_t size)
{
	char why[240];

	*name = '\0';
	for (int r = 0; r < MS_KEYRINGS; r++) {
		const struct ms_keyring *ring = &m->keyrings[r];

		if (ms_machine_keyring_counts(m, (enum ms_keyring_name)r, why, sizeof(why)) ==
			MS_NO)
			continue;
		if (ring->listed.answer != MS_YES)
			return false;
		for (size_t i = 0; i < ring->n_keys; i++) {
			if (strcmp(ring->keys[i].type, "asymmetric") != 0 ||
				is_known(known, ring->keys[i].description))
				continue;
			snprintf(name, size, "%s in %s", ring->keys[i].description, ring->name);
			return false;
		}
	}
	return true;
}
