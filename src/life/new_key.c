/* SPDX-License-Identifier: Apache-2.0 */
#include "src/life/new_key.h"

#include "src/base/error.h"

static const struct engine *find(const char *ref)
{
	const struct engine *engine = engine_for(ref);

	if (engine->keygen)
		return engine;
	for (size_t i = 0; engines[i]; i++)
		if (engines[i]->claims_new && engines[i]->claims_new(ref))
			return engines[i];
	return NULL;
}

static bool asks_for_seal(const struct ms_seal *seal)
{
	return seal->parent || seal->auth || seal->pcrs || seal->policy_key || seal->recovery_auth;
}

int life_engine_for_new(const char *ref, const struct ms_seal *seal, const char *verb,
	const struct engine **engine, struct ms_error *err)
{
	*engine = find(ref);
	if (!*engine) {
		err_set(err, MS_ERR_UNSUPPORTED, "%s is no place where modseal %s keys", ref, verb);
		err_hint(err,
			"Name a token: -k 'pkcs11:token=NAME;object=LABEL'; or a TPM's key file or "
			"handle: -k FILE.pem, -k handle:0x81010001.");
		return MS_ERR_UNSUPPORTED;
	}
	if (asks_for_seal(seal) && !(*engine)->seals)
		return err_set(err, MS_ERR_USAGE,
			"%s: parent, auth value, PCRs and policy key are for keys in a TPM", ref);
	return 0;
}
