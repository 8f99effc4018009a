/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/engine.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <stddef.h>

MS_API int ms_token_init(struct ms_context *ctx, const struct ms_token_init *request, char **uri,
	struct ms_error *err)
{
	const struct engine *engine = engine_for(request->ref ? request->ref : "pkcs11:");

	*uri = NULL;
	if (engine->init_token)
		return engine->init_token(ctx, request, uri, err);
	return err_set(err, MS_ERR_UNSUPPORTED, "%s is no token that could be initialised",
		request->ref);
}

static const struct engine *maker_of(const char *ref)
{
	const struct engine *engine = engine_for(ref);

	if (engine->keygen)
		return engine;
	for (size_t i = 0; engines[i]; i++)
		if (engines[i]->claims_new && engines[i]->claims_new(ref))
			return engines[i];
	return NULL;
}

static bool asks_for_seal(const struct ms_keygen *request)
{
	return request->parent || request->auth || request->pcrs || request->policy_key ||
		request->recovery_auth;
}

MS_API int ms_keygen(struct ms_context *ctx, const struct ms_keygen *request, struct ms_key **key,
	struct ms_error *err)
{
	const struct engine *engine = maker_of(request->ref);

	if (!engine) {
		err_set(err, MS_ERR_UNSUPPORTED, "%s is no place where modseal makes keys", request->ref);
		err_hint(err, "Name a token: -k 'pkcs11:token=NAME;object=LABEL'; or a TPM's key file or "
			      "handle: -k FILE.pem, -k handle:0x81010001.");
		return MS_ERR_UNSUPPORTED;
	}
	if (asks_for_seal(request) && !engine->seals)
		return err_set(err, MS_ERR_USAGE,
			"%s: parent, auth value, PCRs and policy key are for keys in a TPM", request->ref);
	return engine->keygen(ctx, request, key, err);
}

MS_API int ms_cert_check_key(const struct ms_cert *cert, const struct ms_key *key,
	struct ms_error *err)
{
	if (cert_fits_key(cert->x509, key->pub))
		return 0;
	return err_set(err, MS_ERR_CERT, "the certificate \"%s\" is not of the key %s", cert->subject,
		key->uri);
}

MS_API int ms_key_store_cert(struct ms_context *ctx, struct ms_key *key, const struct ms_cert *cert,
	struct ms_error *err)
{
	const struct engine *engine = engine_for(key->uri);
	int r = ms_cert_check_key(cert, key, err);

	if (r < 0)
		return r;
	if (!engine->store_cert)
		return err_set(err, MS_ERR_UNSUPPORTED, "%s cannot hold a certificate", key->place);
	return engine->store_cert(ctx, key, cert->x509, err);
}
