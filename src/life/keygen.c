/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/life/new_key.h"

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

MS_API int ms_keygen(struct ms_context *ctx, const struct ms_keygen *request, struct ms_key **key,
	struct ms_error *err)
{
	const struct engine *engine;
	int r = life_engine_for_new(request->ref, &request->seal, "makes", &engine, err);

	if (r == 0 && !engine->touches && (request->touch_policy || request->pin_policy))
		return err_set(err, MS_ERR_USAGE,
			"%s: touch and PIN policies are for keys on a YubiKey", request->ref);
	return r == 0 ? engine->keygen(ctx, request, key, err) : r;
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
	bool replace, struct ms_error *err)
{
	const struct engine *engine = engine_for(key->uri);
	int r = ms_cert_check_key(cert, key, err);

	if (r < 0)
		return r;
	if (!engine->store_cert)
		return err_set(err, MS_ERR_UNSUPPORTED, "%s cannot hold a certificate", key->place);
	return engine->store_cert(ctx, key, cert->x509, replace, err);
}
