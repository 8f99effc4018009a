/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/pcr_read.h"

#include "engines/tpm2/session.h"
#include "src/base/error.h"

/* The values lie in the order of the selection that came back, which may be less than was asked. */
static size_t take_values(
	struct tpm_pcrs *pcrs, const TPML_PCR_SELECTION *selection, const TPML_DIGEST *values)
{
	struct tpm_pcrs got;
	size_t taken = 0;

	if (tpm_pcrs_of_selection(selection, &got, NULL) < 0)
		return 0;
	for (size_t i = 0; i < got.n && i < values->count; i++)
		for (size_t j = 0; j < pcrs->n; j++) {
			struct tpm_pcr *pcr = &pcrs->list[j];

			if (pcr->bank == got.list[i].bank && pcr->index == got.list[i].index &&
				!pcr->value.size) {
				pcr->value = values->digests[i];
				taken++;
			}
		}
	return taken;
}

static int lacking(const struct tpm *tpm, const struct tpm_pcrs *pcrs, struct ms_error *err)
{
	char name[32];

	tpm_pcr_name(&pcrs->list[0], name, sizeof(name));
	err_set(err, MS_ERR_KEY, "%s has no PCR %s", tpm->name, name);
	err_hint(err,
		"Which banks it has is shown by tpm2_getcap pcrs; firmware turns them on and off.");
	return MS_ERR_KEY;
}

int tpm_pcrs_read(struct tpm *tpm, struct tpm_pcrs *pcrs, struct ms_error *err)
{
	for (;;) {
		struct tpm_pcrs open = { 0 };
		TPML_PCR_SELECTION wanted, *selection = NULL;
		TPML_DIGEST *values = NULL;
		size_t taken = 0;
		TSS2_RC rc;

		for (size_t i = 0; i < pcrs->n; i++)
			if (!pcrs->list[i].value.size)
				open.list[open.n++] = pcrs->list[i];
		if (!open.n)
			return 0;
		tpm_pcrs_selection(&open, &wanted);
		rc = TPM_CALL(tpm, PCR_Read, TPM_NO_SESSIONS, &wanted, NULL, &selection, &values);
		if (rc == TSS2_RC_SUCCESS)
			taken = take_values(pcrs, selection, values);
		Esys_Free(selection);
		Esys_Free(values);
		if (rc != TSS2_RC_SUCCESS)
			return tpm_err(tpm, rc, "TPM2_PCR_Read", err);
		if (!taken)
			return lacking(tpm, &open, err);
	}
}
