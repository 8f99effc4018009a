/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in PKCS#11 tokens. */
#include "engines/engine.h"

#include "engines/pkcs11/create.h"
#include "engines/pkcs11/import.h"
#include "engines/pkcs11/init.h"
#include "engines/pkcs11/key.h"
#include "engines/pkcs11/keygen.h"
#include "engines/pkcs11/list.h"
#include "engines/pkcs11/select.h"
#include "src/base/error.h"

#include <string.h>

static bool claims(const char *ref)
{
	return !strncasecmp(ref, "pkcs11:", 7);
}

/* A URI that asks for another kind of object than the place where it stands. */
static int check_class(const struct p11_uri *uri, CK_OBJECT_CLASS wanted, struct ms_error *err)
{
	CK_OBJECT_CLASS class = p11_uri_class(uri);

	if (class == P11_ANY_CLASS || class == wanted)
		return 0;
	if (wanted == CKO_PRIVATE_KEY) {
		err_set(err, MS_ERR_URI, "%s: its type= is not private, but a private key signs",
			uri->text);
		err_hint(err, "Leave type= out or write type=private; a certificate is named by -c.");
	} else {
		err_set(err, MS_ERR_URI, "%s: its type= is not cert, but a certificate is wanted",
			uri->text);
		err_hint(err, "Leave type= out or write type=cert; a key is named by -k.");
	}
	return MS_ERR_URI;
}

static int select_one(struct ms_context *ctx, const char *ref, CK_OBJECT_CLASS class,
	struct p11_uri **uri, struct p11_selection *s, struct ms_error *err)
{
	int r = p11_uri_parse(ref, uri, err);

	*s = (struct p11_selection){ .ctx = ctx, .uri = *uri, .class = class };
	if (r == 0)
		r = check_class(*uri, class, err);
	return r == 0 ? p11_select(s, err) : r;
}

static int open_key(struct ms_context *ctx, const char *ref, struct ms_key **key,
	struct ms_error *err)
{
	AUTO_P11_URI struct p11_uri *uri = NULL;
	struct p11_selection s;
	int r = select_one(ctx, ref, CKO_PRIVATE_KEY, &uri, &s, err);

	if (r == 0)
		r = p11_key_load(s.found[0].token, s.found[0].handle, uri, key, err);
	p11_selection_free(&s);
	return r;
}

static int open_cert(struct ms_context *ctx, const char *ref, X509 **cert, struct ms_error *err)
{
	AUTO_P11_URI struct p11_uri *uri = NULL;
	struct p11_selection s;
	int r = select_one(ctx, ref, CKO_CERTIFICATE, &uri, &s, err);

	if (r == 0) {
		*cert = s.found[0].cert;
		s.found[0].cert = NULL;
	}
	p11_selection_free(&s);
	return r;
}

const struct engine engine_pkcs11 = {
	.name = "pkcs11",
	.claims = claims,
	.open_key = open_key,
	.open_cert = open_cert,
	.list = p11_list,
	.init_token = p11_init_token,
	.touches = true,
	.keygen = p11_keygen,
	.import_key = p11_import_key,
	.store_cert = p11_store_cert,
};
