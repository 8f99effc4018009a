/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/attest.h"
#include "src/crypto/cert.h"
#include "src/key/evidence.h"
#include "src/key/key.h"

#include <stdio.h>
#include <string.h>

static void certs_cleanup(STACK_OF(X509) * *certs)
{
	cert_stack_free(*certs);
}
#define AUTO_CERTS CLEANUP(certs_cleanup) STACK_OF(X509)

/* -- the device's own certificate --------------------------------------------------------- */

static int find_out(const struct ms_key *key, const char *root_file, struct ms_evidence *e,
	struct ms_error *err)
{
	AUTO_CERTS *certs = NULL;
	AUTO_CERTS *roots = NULL;
	int r = root_file ? cert_read_file(root_file, &roots, err) : 0;

	if (r == 0 && key->ops->attestation)
		r = key->ops->attestation(key, &certs, err);
	if (r < 0)
		return r;
	if (certs)
		return attest_read(certs, key->pub, roots, &e->attestation, err);
	if (root_file)
		snprintf(e->attestation.problem, sizeof(e->attestation.problem),
			"its place shows no attestation of it");
	return 0;
}

/* -- the verdict -------------------------------------------------------------------------- */

static const char *answer_words(enum ms_answer answer)
{
	return answer == MS_YES ? "is true" : answer == MS_NO ? "is false" : "is not told";
}

static void add_missing(struct ms_evidence *e, const char *what, const char *why)
{
	size_t len = strlen(e->missing);

	snprintf(e->missing + len, sizeof(e->missing) - len, "%s%s %s", len ? ", " : "", what, why);
}

static void judge(const struct ms_key *key, bool attested, struct ms_evidence *e)
{
	for (size_t i = 0; i < e->n_items; i++) {
		const struct ms_evidence_item *item = &e->items[i];

		if (item->wanted && item->answer != item->wanted)
			add_missing(e, item->name, answer_words(item->answer));
	}
	if (!e->n_items)
		snprintf(e->missing, sizeof(e->missing), "%s",
			key->hardware ? "its place says nothing of it" : "it is in a file");
	if (e->attestation.trusted == MS_NO || (attested && e->attestation.trusted != MS_YES))
		add_missing(e, "attestation:", e->attestation.problem);
	e->bound = !e->missing[0];
}

MS_API int ms_key_evidence(const struct ms_key *key, const char *attestation_root,
	struct ms_evidence *evidence, struct ms_error *err)
{
	int r;

	*evidence = (struct ms_evidence){ 0 };
	r = key->ops->evidence ? key->ops->evidence(key, evidence, err) : 0;
	if (r == 0)
		r = find_out(key, attestation_root, evidence, err);
	if (r == 0)
		judge(key, attestation_root != NULL, evidence);
	return r;
}

MS_API int ms_key_require_hardware(
	const struct ms_key *key, const char *attestation_root, struct ms_error *err)
{
	struct ms_evidence e;
	int r = ms_key_evidence(key, attestation_root, &e, err);

	if (r < 0 || e.bound)
		return r;
	err_set(err, MS_ERR_KEY, "%s is not known to be bound to hardware: %s", key->uri,
		e.missing);
	err_hint(err,
		"Use a key that was made on a token (modseal keygen); modseal keys --check tells "
		"what is known of one.");
	return MS_ERR_KEY;
}
