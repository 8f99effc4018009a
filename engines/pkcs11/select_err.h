/* SPDX-License-Identifier: Apache-2.0 */
/* Why a URI does not name one object, with what there is instead as URIs to paste. */
#ifndef MODSEAL_ENGINES_PKCS11_SELECT_ERR_H
#define MODSEAL_ENGINES_PKCS11_SELECT_ERR_H

#include "engines/pkcs11/select.h"

/* No token matches. MS_ERR_TOKEN if there are none at all, else MS_ERR_KEY or MS_ERR_CERT. */
int p11_err_no_token(struct p11_selection *s, struct ms_error *err);
/* Several tokens could hold the key and want a PIN first. */
int p11_err_which_token(struct p11_selection *s, struct ms_error *err);
/* Several tokens match where one is wanted. */
int p11_err_several_tokens(struct p11_selection *s, struct ms_error *err);
/* No object matches on the tokens that do. Reads what lies on them. */
int p11_err_none(struct p11_selection *s, struct ms_error *err);
int p11_err_several(struct p11_selection *s, struct ms_error *err);

#endif
