/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 16
#define PIN_MAX	  64
#define MOVED	  0x40000000UL /* what tells the slots' new numbers from the old ones */

struct shim_token_flags shim_flags;

/* The PIN that logged in to a slot: SoftHSM checks no context PIN for keys that it does not
 * itself hold for always-authenticate. */
struct known_pin {
	CK_SLOT_ID slot;
	CK_ULONG len;
	CK_BYTE pin[PIN_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shim_session *sessions;
static unsigned long n_sessions, max_sessions;
static struct known_pin pins[SLOTS_MAX];
static size_t n_pins;

static void flags_load(const char *variable)
{
	const char *env = getenv(variable);
	char *text, *next, *one;

	if (!env)
		return;
	text = next = strdup(env);
	if (!text)
		shim_bad(variable, "out of memory");
	while ((one = strsep(&next, ","))) {
		if (strcmp(one, "always-authenticate") == 0)
			shim_flags.always_authenticate = true;
		else if (strcmp(one, "pin-pad") == 0)
			shim_flags.pin_pad = true;
		else if (strcmp(one, "count-low") == 0)
			shim_flags.count_low = true;
		else if (strcmp(one, "final-try") == 0)
			shim_flags.final_try = true;
		else if (strcmp(one, "locked") == 0)
			shim_flags.locked = true;
		else if (*one)
			shim_bad(variable, one);
	}
	free(text);
}

void shim_token_load(void)
{
	const char *limit = getenv("MODSEAL_SHIM_SESSIONS"), *modulus = getenv("MODSEAL_SHIM_MODULUS");

	flags_load("MODSEAL_SHIM_TOKEN");
	shim_flags.pad_pin = getenv("MODSEAL_SHIM_PAD_PIN");
	if (limit) {
		max_sessions = strtoul(limit, NULL, 10);
		if (max_sessions == 0)
			shim_bad("MODSEAL_SHIM_SESSIONS", limit);
	}
	if (modulus) {
		shim_flags.modulus = strtoul(modulus, NULL, 10);
		if (shim_flags.modulus == 0)
			shim_bad("MODSEAL_SHIM_MODULUS", modulus);
	}
}

/* -- sessions ----------------------------------------------------------------------------- */

struct shim_session *shim_session(CK_SESSION_HANDLE handle)
{
	struct shim_session *s;

	pthread_mutex_lock(&lock);
	for (s = sessions; s && s->handle != handle; s = s->next)
		;
	pthread_mutex_unlock(&lock);
	return s;
}

void shim_session_reset(struct shim_session *s)
{
	free(s->message);
	s->message = NULL;
	s->message_len = 0;
	s->hash = 0;
	s->signing = s->authenticated = false;
}

/* Forgets the sessions of a slot (any_slot: all), or the one of that handle. */
static void sessions_forget(
	bool by_handle, CK_SESSION_HANDLE handle, bool any_slot, CK_SLOT_ID slot)
{
	struct shim_session **at = &sessions, *s;

	pthread_mutex_lock(&lock);
	while ((s = *at)) {
		if (by_handle ? s->handle != handle : !any_slot && s->slot != slot) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		n_sessions--;
		shim_session_reset(s);
		free(s);
	}
	pthread_mutex_unlock(&lock);
}

void shim_close_all(void)
{
	for (struct shim_session *s = sessions; s; s = s->next)
		shim_real->C_CloseAllSessions(s->slot);
	sessions_forget(false, 0, true, 0);
}

void shim_logout_all(void)
{
	for (struct shim_session *s = sessions; s; s = s->next)
		shim_real->C_Logout(s->handle);
}

CK_RV act_C_OpenSession(
	CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *handle)
{
	struct shim_session *s = calloc(1, sizeof(*s));
	CK_RV rv;

	slot = shim_slot(slot);
	if (!s)
		return CKR_HOST_MEMORY;
	pthread_mutex_lock(&lock);
	if (max_sessions && n_sessions >= max_sessions)
		rv = CKR_SESSION_COUNT;
	else
		rv = shim_real->C_OpenSession(slot, flags, app, notify, handle);
	if (rv == CKR_OK) {
		s->handle = *handle;
		s->slot = slot;
		s->next = sessions;
		sessions = s;
		n_sessions++;
		s = NULL;
	}
	pthread_mutex_unlock(&lock);
	free(s);
	return rv;
}

CK_RV act_C_CloseSession(CK_SESSION_HANDLE handle)
{
	sessions_forget(true, handle, false, 0);
	return shim_real->C_CloseSession(handle);
}

CK_RV act_C_CloseAllSessions(CK_SLOT_ID slot)
{
	slot = shim_slot(slot);
	sessions_forget(false, 0, false, slot);
	return shim_real->C_CloseAllSessions(slot);
}

CK_RV act_C_Finalize(void *reserved)
{
	CK_RV rv = shim_real->C_Finalize(reserved);

	if (rv == CKR_OK)
		sessions_forget(false, 0, true, 0);
	return rv;
}

/* -- slots and tokens --------------------------------------------------------------------- */

CK_SLOT_ID shim_slot(CK_SLOT_ID slot)
{
	return shim_moved() ? slot ^ MOVED : slot;
}

CK_RV act_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	CK_RV rv;

	if (present && shim_removed()) {
		*n = 0;
		return CKR_OK;
	}
	rv = shim_real->C_GetSlotList(present, slots, n);
	for (CK_ULONG i = 0; rv == CKR_OK && slots && i < *n; i++)
		slots[i] = shim_slot(slots[i]);
	return rv;
}

CK_RV act_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	CK_RV rv = shim_real->C_GetSlotInfo(shim_slot(slot), info);

	if (rv == CKR_OK && shim_removed())
		info->flags &= ~CKF_TOKEN_PRESENT;
	return rv;
}

CK_RV act_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = shim_real->C_GetTokenInfo(shim_slot(slot), info);

	if (rv != CKR_OK)
		return rv;
	if (shim_flags.pin_pad)
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (shim_flags.count_low)
		info->flags |= CKF_USER_PIN_COUNT_LOW;
	if (shim_flags.final_try)
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (shim_flags.locked)
		info->flags |= CKF_USER_PIN_LOCKED;
	if (max_sessions) {
		info->ulMaxSessionCount = info->ulMaxRwSessionCount = max_sessions;
		info->ulSessionCount = info->ulRwSessionCount = n_sessions;
	}
	return rv;
}

/* -- login -------------------------------------------------------------------------------- */

static void pin_learn(CK_SLOT_ID slot, const CK_BYTE *pin, CK_ULONG len)
{
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < n_pins && pins[i].slot != slot; i++)
		;
	if (i < SLOTS_MAX && len <= PIN_MAX) {
		pins[i].slot = slot;
		pins[i].len = len;
		memcpy(pins[i].pin, pin, len);
		if (i == n_pins)
			n_pins++;
	}
	pthread_mutex_unlock(&lock);
}

static CK_RV pin_check(CK_SLOT_ID slot, const CK_BYTE *pin, CK_ULONG len)
{
	CK_RV rv = CKR_USER_NOT_LOGGED_IN;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_pins; i++) {
		if (pins[i].slot != slot)
			continue;
		rv = pins[i].len == len && memcmp(pins[i].pin, pin, len) == 0 ? CKR_OK
									      : CKR_PIN_INCORRECT;
	}
	pthread_mutex_unlock(&lock);
	return rv;
}

/* A wrong PIN leaves the operation active, as real tokens do. */
static CK_RV login_context(struct shim_session *s, const CK_BYTE *pin, CK_ULONG len)
{
	CK_RV rv;

	if (!s->signing)
		return CKR_OPERATION_NOT_INITIALIZED;
	rv = pin_check(s->slot, pin, len);
	if (rv == CKR_OK)
		s->authenticated = true;
	return rv;
}

static void login_note(CK_USER_TYPE user, const CK_BYTE *pin)
{
	static const char *const notes[3][2] = {
		[CKU_SO] = { "so pad", "so pin" },
		[CKU_USER] = { "user pad", "user pin" },
		[CKU_CONTEXT_SPECIFIC] = { "context pad", "context pin" },
	};

	shim_note(user < 3 ? notes[user][pin != NULL] : "unknown user");
}

CK_RV act_C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len)
{
	struct shim_session *s = shim_session(handle);
	CK_RV rv;

	login_note(user, pin);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (shim_flags.locked)
		return CKR_PIN_LOCKED;
	if (shim_flags.pin_pad) {
		if (pin)
			return CKR_ARGUMENTS_BAD;
		if (!shim_flags.pad_pin)
			return CKR_FUNCTION_CANCELED;
		pin = (CK_BYTE *)shim_flags.pad_pin;
		len = strlen(shim_flags.pad_pin);
	}
	if (!pin)
		return CKR_ARGUMENTS_BAD;
	if (user == CKU_CONTEXT_SPECIFIC && shim_flags.always_authenticate)
		return login_context(s, pin, len);
	rv = shim_real->C_Login(handle, user, pin, len);
	if (rv == CKR_OK && user == CKU_USER)
		pin_learn(s->slot, pin, len);
	return rv;
}

/* -- attributes --------------------------------------------------------------------------- */

static bool is_private_key(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object)
{
	CK_OBJECT_CLASS class = 0;
	CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };

	return shim_real->C_GetAttributeValue(s, object, &a, 1) == CKR_OK &&
		class == CKO_PRIVATE_KEY;
}

static CK_RV answer(CK_ATTRIBUTE *a, const void *value, CK_ULONG len)
{
	if (!a->pValue) {
		a->ulValueLen = len;
		return CKR_OK;
	}
	if (a->ulValueLen < len) {
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_BUFFER_TOO_SMALL;
	}
	memcpy(a->pValue, value, len);
	a->ulValueLen = len;
	return CKR_OK;
}

static CK_RV answer_modulus(CK_ATTRIBUTE *a)
{
	CK_BYTE *modulus = malloc(shim_flags.modulus);
	CK_RV rv;

	if (!modulus)
		return CKR_HOST_MEMORY;
	memset(modulus, 0xff, shim_flags.modulus);
	rv = answer(a, modulus, shim_flags.modulus);
	free(modulus);
	return rv;
}

static CK_RV get_attribute(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a)
{
	const CK_BBOOL yes = 1;

	if (a->type == CKA_ALWAYS_AUTHENTICATE && shim_flags.always_authenticate &&
		is_private_key(s, object))
		return answer(a, &yes, sizeof(yes));
	if (a->type == CKA_ALLOWED_MECHANISMS && shim_key_mechs.n && is_private_key(s, object))
		return answer(
			a, shim_key_mechs.list, shim_key_mechs.n * sizeof(shim_key_mechs.list[0]));
	if (a->type == CKA_MODULUS && shim_flags.modulus)
		return answer_modulus(a);
	return shim_real->C_GetAttributeValue(s, object, a, 1);
}

/* One by one, as what is answered here must not reach the real module; the first refusal is the
 * whole call's, and the others are still filled in, as the standard wants it. */
CK_RV act_C_GetAttributeValue(
	CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *templ, CK_ULONG n)
{
	CK_RV rv = CKR_OK, one;

	if (!shim_flags.always_authenticate && !shim_flags.modulus && !shim_key_mechs.n)
		return shim_real->C_GetAttributeValue(s, object, templ, n);
	for (CK_ULONG i = 0; i < n; i++) {
		one = get_attribute(s, object, &templ[i]);
		if (rv == CKR_OK)
			rv = one;
	}
	return rv;
}

void undo_C_GetAttributeValue(
	CK_RV rv, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *templ, CK_ULONG n)
{
	if (rv != CKR_ATTRIBUTE_SENSITIVE && rv != CKR_ATTRIBUTE_TYPE_INVALID &&
		rv != CKR_BUFFER_TOO_SMALL)
		return;
	for (CK_ULONG i = 0; i < n; i++)
		templ[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
}
