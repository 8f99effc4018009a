/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/file/key_file.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/secret.h"

#include <string.h>

int passphrase_get(struct key_file *f)
{
	struct ms_pin_request request = { .kind = MS_PIN_PASSPHRASE };
	AUTO_FREE char *target = NULL;

	if (f->asked <= 0)
		return f->asked;
	if (asprintf(&target, "key file %s", f->path) < 0) {
		target = NULL;
		return f->asked = err_nomem(f->err);
	}
	request.target = target;
	f->asked = pin_get(f->ctx, &request, NULL, NULL, &f->passphrase, &f->origin, f->err);
	return f->asked;
}

int passphrase_callback(char *pass, size_t size, size_t *len, const OSSL_PARAM params[], void *arg)
{
	struct key_file *f = arg;

	if (passphrase_get(f) < 0 || f->passphrase->len > size)
		return 0;
	memcpy(pass, f->passphrase->data, f->passphrase->len);
	*len = f->passphrase->len;
	return 1;
}

int passphrase_wrong(struct key_file *f)
{
	return err_set(f->err, MS_ERR_PIN, "key file %s: the passphrase from %s is wrong", f->path,
		f->origin);
}
