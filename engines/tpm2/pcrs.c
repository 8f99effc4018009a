/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/pcrs.h"

#include "engines/tpm2/hash.h"
#include "src/base/buf.h"
#include "src/base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- reading the text ---------------------------------------------------------------------- */

struct reading {
	const char *text, *p;
	struct tpm_pcrs *pcrs;
	struct ms_error *err;
};

static int bad(const struct reading *r, const char *why)
{
	err_set(r->err, MS_ERR_USAGE, "PCRs '%s': %s", r->text, why);
	err_hint(r->err,
		"Write BANK:PCR,PCR such as sha256:7,11, or sha256:7=HEX for a value that is "
		"not the present one.");
	return MS_ERR_USAGE;
}

static int read_bank(struct reading *r, TPMI_ALG_HASH *bank)
{
	size_t len = strcspn(r->p, ":,=+");
	char name[16];

	if (r->p[len] != ':' || len >= sizeof(name))
		return bad(r, "a bank (sha1, sha256, sha384, sha512) and a colon come first");
	memcpy(name, r->p, len);
	name[len] = '\0';
	*bank = tpm_alg_of_hash(ms_hash_by_name(name));
	if (*bank == TPM2_ALG_NULL)
		return bad(r, "there is no such bank");
	r->p += len + 1;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_value(struct reading *r, struct tpm_pcr *pcr)
{
	size_t want = tpm_alg_size(pcr->bank), len;

	for (len = 0; len < want; len++) {
		int high = hex_digit(r->p[0]), low = high < 0 ? -1 : hex_digit(r->p[1]);

		if (low < 0)
			break;
		pcr->value.buffer[len] = (uint8_t)(high << 4 | low);
		r->p += 2;
	}
	if (len < want || hex_digit(*r->p) >= 0)
		return bad(r, "a value has as many hex digits as the bank's hash gives");
	pcr->value.size = (UINT16)len;
	return 0;
}

/* Where a PCR belongs in the TPM's order. */
static size_t place_of(const struct tpm_pcrs *pcrs, const struct tpm_pcr *pcr)
{
	size_t i = 0;

	while (i < pcrs->n && pcrs->list[i].bank != pcr->bank)
		i++;
	while (i < pcrs->n && pcrs->list[i].bank == pcr->bank && pcrs->list[i].index < pcr->index)
		i++;
	return i;
}

/* -1: full, -2: it is there already. */
static int add(struct tpm_pcrs *pcrs, const struct tpm_pcr *pcr)
{
	size_t at = place_of(pcrs, pcr);

	if (pcrs->n == TPM_PCRS_MAX)
		return -1;
	if (at < pcrs->n && pcrs->list[at].bank == pcr->bank && pcrs->list[at].index == pcr->index)
		return -2;
	memmove(&pcrs->list[at + 1], &pcrs->list[at], (pcrs->n - at) * sizeof(*pcr));
	pcrs->list[at] = *pcr;
	pcrs->n++;
	return 0;
}

static int read_pcr(struct reading *r, TPMI_ALG_HASH bank)
{
	struct tpm_pcr pcr = { .bank = bank };
	char *end;
	unsigned long index = strtoul(r->p, &end, 10);

	if (end == r->p || !isdigit((unsigned char)*r->p) || index >= TPM_PCR_COUNT)
		return bad(r, "PCRs are numbered from 0 to 23");
	pcr.index = (unsigned)index;
	r->p = end;
	if (*r->p == '=') {
		int e;

		r->p++;
		e = read_value(r, &pcr);
		if (e < 0)
			return e;
	}
	switch (add(r->pcrs, &pcr)) {
	case 0:
		return 0;
	case -2:
		return bad(r, "one PCR is named twice");
	default:
		return bad(r, "these are too many");
	}
}

int tpm_pcrs_parse(const char *text, struct tpm_pcrs *pcrs, struct ms_error *err)
{
	struct reading r = { text, text, pcrs, err };
	TPMI_ALG_HASH bank = TPM2_ALG_NULL;
	int e;

	*pcrs = (struct tpm_pcrs){ 0 };
	do {
		e = read_bank(&r, &bank);
		if (e < 0)
			return e;
		do {
			e = read_pcr(&r, bank);
			if (e < 0)
				return e;
		} while (*r.p == ',' && r.p++);
	} while (*r.p == '+' && r.p++);
	return *r.p ? bad(&r, "there is something behind a PCR that does not belong there") : 0;
}

/* -- writing it ---------------------------------------------------------------------------- */

void tpm_pcr_name(const struct tpm_pcr *pcr, char *buf, size_t size)
{
	snprintf(buf, size, "%s:%u", ms_hash_name(tpm_hash_of_alg(pcr->bank)), pcr->index);
}

static int add_text(struct buf *out, const char *text)
{
	return buf_add(out, text, strlen(text));
}

static int add_value(struct buf *out, const TPM2B_DIGEST *value)
{
	char hex[3];

	if (add_text(out, "=") < 0)
		return -1;
	for (size_t i = 0; i < value->size; i++) {
		snprintf(hex, sizeof(hex), "%02x", value->buffer[i]);
		if (add_text(out, hex) < 0)
			return -1;
	}
	return 0;
}

static int add_pcr(struct buf *out, const struct tpm_pcrs *pcrs, size_t i, bool values)
{
	const struct tpm_pcr *pcr = &pcrs->list[i];
	char name[32];

	if (i && pcrs->list[i - 1].bank == pcr->bank) {
		snprintf(name, sizeof(name), ",%u", pcr->index);
	} else {
		if (i && add_text(out, "+") < 0)
			return -1;
		tpm_pcr_name(pcr, name, sizeof(name));
	}
	if (add_text(out, name) < 0)
		return -1;
	return values && pcr->value.size ? add_value(out, &pcr->value) : 0;
}

char *tpm_pcrs_text(const struct tpm_pcrs *pcrs, bool values)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < pcrs->n; i++)
		if (add_pcr(&out, pcrs, i, values) < 0)
			goto fail;
	if (buf_add(&out, "", 1) < 0)
		goto fail;
	return (char *)out.data;
fail:
	buf_free(&out);
	return NULL;
}

/* -- the TPM's form ------------------------------------------------------------------------ */

void tpm_pcrs_selection(const struct tpm_pcrs *pcrs, TPML_PCR_SELECTION *selection)
{
	TPMS_PCR_SELECTION *bank = NULL;

	*selection = (TPML_PCR_SELECTION){ 0 };
	for (size_t i = 0; i < pcrs->n; i++) {
		const struct tpm_pcr *pcr = &pcrs->list[i];

		if (!bank || bank->hash != pcr->bank) {
			bank = &selection->pcrSelections[selection->count++];
			bank->hash = pcr->bank;
			bank->sizeofSelect = TPM_PCR_COUNT / 8;
		}
		bank->pcrSelect[pcr->index / 8] |= (BYTE)(1 << pcr->index % 8);
	}
}

static int add_bank(const TPMS_PCR_SELECTION *bank, struct tpm_pcrs *pcrs)
{
	struct tpm_pcr pcr = { .bank = bank->hash };

	for (pcr.index = 0; pcr.index < 8U * bank->sizeofSelect; pcr.index++)
		if (bank->pcrSelect[pcr.index / 8] & 1 << pcr.index % 8 && add(pcrs, &pcr) < 0)
			return -1;
	return 0;
}

int tpm_pcrs_of_selection(
	const TPML_PCR_SELECTION *selection, struct tpm_pcrs *pcrs, struct ms_error *err)
{
	*pcrs = (struct tpm_pcrs){ 0 };
	for (size_t i = 0; i < selection->count; i++) {
		const TPMS_PCR_SELECTION *bank = &selection->pcrSelections[i];

		if (!tpm_alg_size(bank->hash))
			return err_set(err, MS_ERR_KEY, "PCR bank 0x%04x is not known", bank->hash);
		if (add_bank(bank, pcrs) < 0)
			return err_set(err, MS_ERR_KEY, "its PCR selection is not understood");
	}
	return 0;
}

bool tpm_pcrs_known(const struct tpm_pcrs *pcrs)
{
	for (size_t i = 0; i < pcrs->n; i++)
		if (!pcrs->list[i].value.size)
			return false;
	return true;
}

int tpm_pcrs_digest(
	const struct tpm_pcrs *pcrs, TPMI_ALG_HASH alg, TPM2B_DIGEST *digest, struct ms_error *err)
{
	struct tpm_hash h;

	tpm_hash_begin(&h, alg, err);
	for (size_t i = 0; i < pcrs->n; i++)
		tpm_hash_add(&h, pcrs->list[i].value.buffer, pcrs->list[i].value.size);
	return tpm_hash_end(&h, digest);
}
