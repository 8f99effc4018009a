/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM says of a key. A file could claim it, too; but the TPM has loaded the key to open it,
 * and does so only with the public area that it was made with. */
#include "src/key/evidence.h"

#include "engines/tpm2/hash.h"
#include "engines/tpm2/key.h"
#include "engines/tpm2/words.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

static enum ms_answer has(TPMA_OBJECT attributes, TPMA_OBJECT bit)
{
	return attributes & bit ? MS_YES : MS_NO;
}

int tpm_key_evidence(const struct ms_key *key, struct ms_evidence *e, struct ms_error *err)
{
	const struct tpm_key *k = key->priv;
	TPMA_OBJECT a = k->pub.publicArea.objectAttributes;
	AUTO_FREE char *hex = NULL;
	TPM2B_NAME name;
	int r = tpm_name_of(&k->pub.publicArea, &name, err);

	if (r < 0)
		return r;
	hex = tpm_hex(name.name, name.size);
	if (!hex)
		return err_nomem(err);
	snprintf(e->identity, sizeof(e->identity), "TPM name %s", hex);
	evidence_add(e, "fixedTPM", "it cannot be moved to another TPM",
		has(a, TPMA_OBJECT_FIXEDTPM), MS_YES);
	evidence_add(e, "fixedParent", "it cannot be moved below another key",
		has(a, TPMA_OBJECT_FIXEDPARENT), MS_YES);
	evidence_add(e, "sensitiveDataOrigin", "it was made in the TPM",
		has(a, TPMA_OBJECT_SENSITIVEDATAORIGIN), MS_YES);
	return 0;
}
