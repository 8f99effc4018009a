/* SPDX-License-Identifier: Apache-2.0 */
/* A key file explained, without a TPM. */
#include "engines/tpm2/hash.h"
#include "engines/tpm2/key.h"
#include "engines/tpm2/keyfile.h"
#include "engines/tpm2/ways.h"
#include "engines/tpm2/words.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <modseal/tpm.h>
#include <stdlib.h>
#include <string.h>

MS_API bool ms_tpm_is_key_file(const char *path)
{
	return tpm_keyfile_is(path);
}

static void free_steps(struct ms_tpm_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(steps[i].command);
		free(steps[i].detail);
	}
	free(steps);
}

MS_API void ms_tpm_key_info_free(struct ms_tpm_key_info *info)
{
	if (!info)
		return;
	free(info->path);
	free(info->type);
	free(info->name);
	free(info->parent);
	free(info->parent_name);
	free(info->handle);
	free(info->attributes);
	free(info->unusable);
	free(info->description);
	free(info->policy_digest);
	free_steps(info->steps, info->n_steps);
	for (size_t i = 0; i < info->n_approvals; i++) {
		free(info->approvals[i].name);
		free_steps(info->approvals[i].steps, info->approvals[i].n_steps);
	}
	free(info->approvals);
	free(info->policy_problem);
	free(info->certificate);
	free(info);
}

static char *command_name(const struct tpm_step *step)
{
	const char *name = tpm_step_name(step);
	char *text;

	if (name)
		return strdup(name);
	return asprintf(&text, "TPM command 0x%x", step->cc) < 0 ? NULL : text;
}

static int explain_steps(const struct tpm_policy *policy, TPMI_ALG_HASH alg,
	const struct tpm_pcrs *known, struct ms_tpm_step **steps, size_t *n)
{
	*steps = calloc(policy->n ? policy->n : 1, sizeof(**steps));
	if (!*steps)
		return -1;
	for (size_t i = 0; i < policy->n; i++) {
		struct ms_tpm_step *step = &(*steps)[(*n)++];

		step->command = command_name(&policy->steps[i]);
		step->detail = tpm_step_text(&policy->steps[i], alg, known);
		if (!step->command || !step->detail)
			return -1;
	}
	return 0;
}

static int explain_approvals(const struct tpm_keyfile *file, struct ms_tpm_key_info *info)
{
	info->approvals =
		calloc(file->n_approvals ? file->n_approvals : 1, sizeof(*info->approvals));
	if (!info->approvals)
		return -1;
	for (size_t i = 0; i < file->n_approvals; i++) {
		const struct tpm_approval *from = &file->approvals[i];
		struct ms_tpm_approval *to = &info->approvals[info->n_approvals++];
		struct tpm_pcrs known = { 0 };

		if (from->name) {
			to->name = strdup(from->name);
			if (!to->name)
				return -1;
			if (tpm_pcrs_parse(from->name, &known, NULL) < 0)
				known.n = 0;
		}
		if (explain_steps(&from->policy, file->pub.publicArea.nameAlg, &known, &to->steps,
			    &to->n_steps) < 0)
			return -1;
	}
	return 0;
}

static char *handle_text(TPM2_HANDLE handle)
{
	char *text;

	return asprintf(&text, "0x%08x", handle) < 0 ? NULL : text;
}

/* What a signer would say of the key, without its name in front. */
static int explain_use(const struct tpm_keyfile *file, struct ms_tpm_key_info *info)
{
	struct tpm_key key = { .name = "it", .pub = file->pub };
	struct tpm_ways *ways = calloc(1, sizeof(*ways));
	struct ms_error why = { 0 };
	int r = ways ? 0 : -1;

	if (r == 0 && tpm_key_check(&key, &why) < 0) {
		info->unusable = strdup(why.message + strlen("it: "));
		r = info->unusable ? 0 : -1;
	}
	if (r == 0 && file->pub.publicArea.authPolicy.size && tpm_ways_find(file, ways, &why) < 0) {
		info->policy_problem = strdup(why.message);
		r = info->policy_problem ? 0 : -1;
	}
	free(ways);
	return r;
}

static enum ms_answer auth_answer(const struct tpm_keyfile *file)
{
	return file->empty_auth == TPM_AUTH_EMPTY ? MS_NO : MS_YES;
}

static int explain(const struct tpm_keyfile *file, struct ms_tpm_key_info *info)
{
	const TPMT_PUBLIC *pub = &file->pub.publicArea;
	TPM2B_NAME name;

	info->type = tpm_type_text(pub, &info->bits);
	info->parent = handle_text(file->parent);
	info->attributes = tpm_attributes_text(pub->objectAttributes);
	info->auth_value = auth_answer(file);
	if (!info->type || !info->parent || !info->attributes)
		return -1;
	if (tpm_name_of(pub, &name, NULL) == 0 && !(info->name = tpm_hex(name.name, name.size)))
		return -1;
	if (file->parent_name.size &&
		!(info->parent_name = tpm_hex(file->parent_name.name, file->parent_name.size)))
		return -1;
	if (file->handle && !(info->handle = handle_text(file->handle)))
		return -1;
	if (file->description && !(info->description = strdup(file->description)))
		return -1;
	if (pub->authPolicy.size &&
		!(info->policy_digest = tpm_hex(pub->authPolicy.buffer, pub->authPolicy.size)))
		return -1;
	if (file->cert && !(info->certificate = cert_name_text(X509_get_subject_name(file->cert))))
		return -1;
	if (explain_steps(&file->policy, pub->nameAlg, &file->pcrs, &info->steps, &info->n_steps) <
			0 ||
		explain_approvals(file, info) < 0)
		return -1;
	return explain_use(file, info);
}

MS_API int ms_tpm_key_info_read(
	const char *path, struct ms_tpm_key_info **out, struct ms_error *err)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = NULL;
	struct ms_tpm_key_info *info;
	int r = tpm_keyfile_read(path, &file, err);

	if (r < 0)
		return r;
	info = calloc(1, sizeof(*info));
	if (!info)
		return err_nomem(err);
	info->path = strdup(path);
	if (!info->path || explain(file, info) < 0) {
		ms_tpm_key_info_free(info);
		return err_nomem(err);
	}
	*out = info;
	return 0;
}
