/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/token.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SLOTS 4096 /* more is a module gone mad */

char *p11_padded_text(const unsigned char *field, size_t size)
{
	size_t len = p11_kit_space_strlen(field, size);
	char *text = malloc(len + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i++)
		text[i] = field[i] < 0x20 || field[i] == 0x7f ? '?' : (char)field[i];
	text[len] = '\0';
	return text;
}

/* Without a serial number two tokens can be told apart by their slots only. */
static char *token_name(CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
	AUTO_FREE char *label = p11_padded_text(info->label, sizeof(info->label));
	AUTO_FREE char *maker = p11_padded_text(info->manufacturerID, sizeof(info->manufacturerID));
	AUTO_FREE char *serial = p11_padded_text(info->serialNumber, sizeof(info->serialNumber));
	char *name = NULL;
	int n;

	if (!label || !maker || !serial)
		return NULL;
	if (*serial)
		n = asprintf(&name, "token '%s' (%s, serial %s)", label, maker, serial);
	else
		n = asprintf(&name, "token '%s' (%s, slot %lu)", label, maker, slot);
	return n < 0 ? NULL : name;
}

/* -- what is in the slots ---------------------------------------------------------------- */

struct scan {
	struct p11_module *module;
	struct ms_error *err;
};

/* The number may grow between the two calls, but not for ever. */
static int read_slots(struct scan *scan, CK_SLOT_ID **out, CK_ULONG *n)
{
	struct p11_module *m = scan->module;
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	int tries = 0;
	CK_ULONG count;
	CK_RV rv;

	do {
		free(slots);
		slots = NULL;
		count = 0;
		rv = P11_CALL(m, m->place, C_GetSlotList, CK_TRUE, NULL, &count);
		if (rv != CKR_OK)
			break;
		if (count > MAX_SLOTS)
			return err_set(scan->err, MS_ERR_TOKEN, "%s: claims to have %lu slots",
				m->place, count);
		count += 8;
		slots = calloc(count, sizeof(*slots));
		if (!slots)
			return err_nomem(scan->err);
		rv = P11_CALL(m, m->place, C_GetSlotList, CK_TRUE, slots, &count);
	} while (rv == CKR_BUFFER_TOO_SMALL && tries++ < 8);
	if (rv != CKR_OK)
		return ckr_err(scan->err, rv, m->place, "C_GetSlotList");
	*out = STEAL(slots);
	*n = count;
	return 0;
}

/* Takes name over. */
static struct p11_token *token_of(struct p11_module *m, CK_SLOT_ID slot, char *name)
{
	struct p11_token **list, *t;

	if (!name)
		return NULL;
	for (size_t i = 0; i < m->n_tokens; i++) {
		if (m->tokens[i]->slot == slot && !strcmp(m->tokens[i]->name, name)) {
			free(name);
			return m->tokens[i];
		}
	}
	t = calloc(1, sizeof(*t));
	list = reallocarray(m->tokens, m->n_tokens + 1, sizeof(*list));
	if (list)
		m->tokens = list;
	if (!list || !t) {
		free(t);
		free(name);
		return NULL;
	}
	t->module = m;
	t->slot = slot;
	t->name = name;
	p11_pool_init(&t->pool);
	list[m->n_tokens++] = t;
	return t;
}

/* Sessions that an earlier key left may have died with a token that was pulled since. One that
 * is in use now is its user's to find dead. */
static void check_sessions(struct p11_token *t)
{
	bool user = false, alive = false;
	CK_SESSION_HANDLE session;

	while (!alive && p11_session_get_idle(t, &session)) {
		alive = p11_session_state(t, session, &user) == CKR_OK;
		if (alive)
			p11_session_put(t, session);
		else
			p11_session_forget(t);
	}
	if ((!alive && t->pool.n_open) || user == t->logged_in)
		return; /* all are in use, or it is as we left it */
	t->logged_in = user;
	t->ours = false;
}

static int read_slot(struct scan *scan, CK_SLOT_ID slot)
{
	struct p11_module *m = scan->module;
	struct ms_error problem = { 0 };
	CK_TOKEN_INFO info;
	CK_SLOT_INFO slot_info;
	struct p11_token *t;
	char *name = NULL;
	CK_RV rv;

	memset(&info, 0, sizeof(info));
	memset(&slot_info, 0, sizeof(slot_info));
	rv = P11_CALL(m, m->place, C_GetTokenInfo, slot, &info);
	if (asprintf(&name, "slot %lu of %s", slot, m->place) < 0)
		return err_nomem(scan->err);
	if (rv != CKR_OK)
		ckr_err(&problem, rv, name, "C_GetTokenInfo");
	if (rv == CKR_OK) {
		rv = P11_CALL(m, m->place, C_GetSlotInfo, slot, &slot_info);
		if (rv != CKR_OK)
			ckr_err(&problem, rv, name, "C_GetSlotInfo");
	}
	if (rv == CKR_OK) {
		free(name);
		name = token_name(slot, &info);
	}
	t = token_of(m, slot, name);
	if (!t)
		return err_nomem(scan->err);
	t->info = info;
	t->slot_info = slot_info;
	t->problem = problem;
	t->present = true;
	if (!t->pool.n_open)
		t->pool.max = p11_pool_limit(&info);
	check_sessions(t);
	return 0;
}

static int scan_fn(void *arg)
{
	struct scan *scan = arg;
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0;
	int r;

	for (size_t i = 0; i < scan->module->n_tokens; i++)
		scan->module->tokens[i]->present = false;
	r = read_slots(scan, &slots, &n);
	for (CK_ULONG i = 0; i < n && r == 0; i++)
		r = read_slot(scan, slots[i]);
	return r;
}

int p11_tokens_scan(struct p11_module *module, struct ms_error *err)
{
	return p11_run(module, scan_fn, &(struct scan){ module, err }, err);
}

bool p11_token_usable(const struct p11_token *t)
{
	return t->present && !t->problem.code && (t->info.flags & CKF_TOKEN_INITIALIZED);
}

bool p11_token_matches(const struct p11_token *t, const struct p11_uri *uri)
{
	return p11_token_usable(t) &&
		(!uri || p11_uri_match_token(uri, &t->module->info, t->slot, &t->slot_info, &t->info));
}

bool p11_token_closed(const struct p11_token *t)
{
	return (t->info.flags & CKF_LOGIN_REQUIRED) && !t->logged_in;
}

char *p11_token_uri(const struct p11_token *t, const struct p11_uri *like)
{
	return p11_uri_format(t->slot, &t->info, NULL, 0, like);
}

void p11_token_keep_pin(struct p11_token *t, struct secret *pin)
{
	pthread_mutex_lock(&t->pool.lock);
	secret_free(t->pin);
	t->pin = pin;
	pthread_mutex_unlock(&t->pool.lock);
}

void p11_token_begin_epoch(struct p11_token *t)
{
	pthread_mutex_lock(&t->pool.lock);
	t->epoch++;
	pthread_mutex_unlock(&t->pool.lock);
}

int p11_token_refresh(struct p11_token *t, struct ms_error *err)
{
	AUTO_FREE char *name = NULL;
	CK_TOKEN_INFO info;
	CK_RV rv;

	memset(&info, 0, sizeof(info));
	rv = P11_CALL(t->module, t->name, C_GetTokenInfo, t->slot, &info);
	if (rv != CKR_OK)
		return ckr_err(err, rv, t->name, "C_GetTokenInfo");
	name = token_name(t->slot, &info);
	if (!name)
		return err_nomem(err);
	if (strcmp(name, t->name) != 0)
		return err_set(err, MS_ERR_TOKEN, "%s is not in its slot any more: %s is", t->name,
			name);
	t->info = info;
	return 0;
}

/* 1 or 0; a slot that cannot be read does not hold it. */
static int is_in(const struct p11_token *t, CK_SLOT_ID slot, CK_TOKEN_INFO *info,
	struct ms_error *err)
{
	AUTO_FREE char *name = NULL;
	CK_RV rv;

	memset(info, 0, sizeof(*info));
	rv = P11_CALL(t->module, t->name, C_GetTokenInfo, slot, info);
	if (rv != CKR_OK)
		return 0;
	name = token_name(slot, info);
	return name ? !strcmp(name, t->name) : err_nomem(err);
}

/* The list first: it is when asked for that that modules look what is in their readers, and some
 * answer from memory until then. */
int p11_token_locate(struct p11_token *t, CK_TOKEN_INFO *info, struct ms_error *err)
{
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0;
	int r = read_slots(&(struct scan){ t->module, err }, &slots, &n);

	if (r == 0)
		r = is_in(t, t->slot, info, err);
	for (CK_ULONG i = 0; i < n && r == 0; i++) {
		r = is_in(t, slots[i], info, err);
		if (r == 1)
			t->slot = slots[i];
	}
	return r;
}

/* -- the end ----------------------------------------------------------------------------- */

/* Errors are of no interest: the token may be gone. */
void p11_tokens_close(struct p11_module *m)
{
	for (size_t i = 0; i < m->n_tokens; i++) {
		struct p11_token *t = m->tokens[i];
		struct p11_pool *pool = &t->pool;

		if (t->ours && pool->n_idle)
			(void)P11_CALL(m, t->name, C_Logout, pool->idle[0]);
		while (pool->n_idle)
			(void)P11_CALL(m, t->name, C_CloseSession, pool->idle[--pool->n_idle]);
	}
}

void p11_tokens_free(struct p11_module *m)
{
	for (size_t i = 0; i < m->n_tokens; i++) {
		struct p11_token *t = m->tokens[i];

		p11_pool_destroy(&t->pool);
		secret_free(t->pin);
		secret_free(t->so_pin);
		free(t->name);
		free(t);
	}
	m->n_tokens = 0;
}
