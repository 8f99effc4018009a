/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/relogin.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "engines/pkcs11/login.h"
#include "src/base/error.h"

static bool has_pad(const CK_TOKEN_INFO *info)
{
	return info->flags & CKF_PROTECTED_AUTHENTICATION_PATH;
}

static int cannot(struct ms_error *err, const char *why, const char *hint)
{
	err_append(err, "; %s", why);
	err_hint(err, "%s", hint);
	return err->code;
}

/* Under pool.lock. */
static const char *objection(const struct p11_token *t, const CK_TOKEN_INFO *info,
	const char **hint)
{
	*hint = "Check the PIN, then run the command again.";
	if (t->pin_bad || p11_pin_was_refused(t->module, t->name))
		return "a PIN was refused before, so none is given again";
	if (info->flags & CKF_USER_PIN_LOCKED)
		return "its PIN is locked now";
	if (info->flags & P11_PIN_AT_RISK)
		return "it says that a wrong PIN was entered meanwhile, so none was given again";
	*hint = "Run the command again, to log in anew. If the token wants a touch: before it gives up "
		"waiting (a YubiKey after 15 seconds).";
	if (t->again)
		return "its login was lost before in this run, and is renewed once only";
	if (!t->pin && !has_pad(info))
		return "the PIN to log in again is not at hand";
	return NULL;
}

/* Takes the one login that there is. *pin stays NULL if it is entered at the pad. */
static int take_pin(struct p11_token *t, const CK_TOKEN_INFO *info, struct secret **pin,
	struct ms_error *err)
{
	const char *why, *hint;
	int r = 0;

	pthread_mutex_lock(&t->pool.lock);
	why = objection(t, info, &hint);
	if (why)
		r = cannot(err, why, hint);
	else if (!has_pad(info) && !(*pin = secret_dup(t->pin)))
		r = err_nomem(err);
	else
		t->again = true;
	pthread_mutex_unlock(&t->pool.lock);
	return r;
}

static int refused(struct p11_token *t, CK_RV rv, struct ms_error *err)
{
	CK_TOKEN_INFO info;

	pthread_mutex_lock(&t->pool.lock);
	t->pin_bad = true;
	pthread_mutex_unlock(&t->pool.lock);
	ckr_err(err, rv, t->name, "C_Login");
	err_append(err, "; the PIN was right before the login was lost, and is not given again");
	if (p11_remember_refusal(t->module, t->name) < 0)
		return err_nomem(err);
	if (p11_token_locate(t, &info, NULL) == 1)
		p11_pin_append_outlook(info.flags, err);
	return err->code;
}

int p11_relogin(struct p11_token *t, CK_SESSION_HANDLE session, const CK_TOKEN_INFO *info,
	bool log_out, struct ms_error *err)
{
	AUTO_SECRET struct secret *pin = NULL;
	bool user = false;
	CK_RV rv;
	int r = take_pin(t, info, &pin, err);

	if (r < 0)
		return r;
	if (!pin)
		context_notice(t->module->ctx,
			"%s: its login was lost; enter the PIN once more, on the reader's pad",
			t->name);
	if (log_out)
		(void)P11_CALL(t->module, t->name, C_Logout, session);
	rv = p11_call_login(t, session, CKU_USER, pin);
	if (ckr_pin_refused(rv))
		return refused(t, rv, err);
	if (rv == CKR_USER_ALREADY_LOGGED_IN && p11_session_state(t, session, &user) == CKR_OK && user)
		return 0; /* another part of this program was faster */
	if (rv != CKR_OK)
		return ckr_err(err, rv, t->name, "C_Login, to renew the login that was lost");
	t->ours = true;
	return 0;
}
