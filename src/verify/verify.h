/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying a module that is open already. */
#ifndef MODSEAL_VERIFY_VERIFY_H
#define MODSEAL_VERIFY_VERIFY_H

#include "src/crypto/cms.h"
#include "src/module/module.h"

#include <modseal/verify.h>

/* Like ms_verify(); `trusted` is borrowed. */
int verify_module(struct module *m, const STACK_OF(X509) *trusted,
	struct ms_verification *result, struct ms_error *err);

/* A CMS (not yet appended, say) over the first content_len bytes of the module. */
int verify_cms(struct module *m, uint64_t content_len, const uint8_t *cms, size_t cms_len,
	const STACK_OF(X509) *trusted, struct ms_verification *result, struct ms_error *err);

/* Reads the CMS of an appended signature. MS_ERR_SIGNATURE if it cannot be parsed. */
int verify_read_cms(struct module *m, const struct module_sig *sig, struct cms **cms,
	struct ms_error *err);

#endif
