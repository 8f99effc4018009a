/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/yubico.h"

#include "src/base/error.h"

#include <string.h>

static const char tool[] =
	"Yubico's tool can: yubico-piv-tool -a generate -s SLOT -A RSA2048 --touch-policy=... "
	"--pin-policy=...; modseal cert --store then makes the certificate.";

bool p11_yubico_is(const struct p11_token *t)
{
	static const char maker[] = "Yubico";

	return !memcmp(t->info.manufacturerID, maker, strlen(maker));
}

int p11_yubico_check(
	const struct p11_token *t, const struct ms_keygen *request, struct ms_error *err)
{
	if (!request->touch_policy && !request->pin_policy)
		return 0;
	if (p11_yubico_is(t))
		return 0;
	err_set(err, MS_ERR_UNSUPPORTED,
		"%s: when a key wants a touch or its PIN can be said of YubiKeys only, by Yubico's "
		"module",
		t->name);
	err_hint(err, "If it is one, name that module: --module .../libykcs11.so. %s", tool);
	return MS_ERR_UNSUPPORTED;
}

int p11_yubico_refused(const struct p11_token *t, struct ms_error *err)
{
	err_set(err, MS_ERR_UNSUPPORTED,
		"%s: its module cannot be told when a key wants a touch or its PIN (ykcs11 can from "
		"2.3.0 on); no key was made",
		t->name);
	err_hint(err, "%s", tool);
	return MS_ERR_UNSUPPORTED;
}
