/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/ckr.h"

#include "src/base/error.h"

#include <stdio.h>

#define AGAIN   "Plug it in again (or restart its service) and run the command again."
#define GONE    "Was it deleted, or the login lost with the token's sessions? Run the command again."
#define BUSY    "Close other programs that use this token, or give it more sessions."
#define VENDOR  "Look into the token's or module's own log; modseal keys shows what it has."
#define UNLOCK  "Unlock it with the vendor's tool and the PUK or SO PIN."
#define MISMADE "Ask the module's vendor; another module for this token may do better."

static const struct code {
	CK_RV rv;
	const char *name, *words, *hint;
	int err;
} codes[] = {
#define CODE(name, err, words, hint) { name, #name, words, hint, err }
	CODE(CKR_CANCEL, MS_ERR_TOKEN, "the call was cancelled", "Run it again."),
	CODE(CKR_HOST_MEMORY, MS_ERR_TOKEN, "the module says that memory is out", VENDOR),
	CODE(CKR_SLOT_ID_INVALID, MS_ERR_TOKEN, "the slot is not there any more", AGAIN),
	CODE(CKR_GENERAL_ERROR, MS_ERR_TOKEN, "the module failed and says no more", VENDOR),
	CODE(CKR_FUNCTION_FAILED, MS_ERR_TOKEN, "the module failed and says no more", VENDOR),
	CODE(CKR_ARGUMENTS_BAD, MS_ERR_TOKEN, "the module does not take the arguments", MISMADE),
	CODE(CKR_NEED_TO_CREATE_THREADS, MS_ERR_TOKEN, "the module wants threads of its own",
		MISMADE),
	CODE(CKR_CANT_LOCK, MS_ERR_TOKEN, "the module cannot be used by several threads", MISMADE),
	CODE(CKR_ATTRIBUTE_READ_ONLY, MS_ERR_TOKEN, "the attribute cannot be changed", VENDOR),
	CODE(CKR_ATTRIBUTE_SENSITIVE, MS_ERR_KEY, "the token does not show that attribute", ""),
	CODE(CKR_ATTRIBUTE_TYPE_INVALID, MS_ERR_KEY, "the token does not know that attribute", ""),
	CODE(CKR_ATTRIBUTE_VALUE_INVALID, MS_ERR_KEY, "the token refuses an attribute's value", ""),
	CODE(CKR_ACTION_PROHIBITED, MS_ERR_KEY, "the token's policy forbids it", VENDOR),
	CODE(CKR_DATA_INVALID, MS_ERR_KEY, "the token refuses the data that was to be signed",
		"Try another --hash."),
	CODE(CKR_DATA_LEN_RANGE, MS_ERR_KEY, "the token refuses data of this length",
		"Try another --hash."),
	CODE(CKR_DEVICE_ERROR, MS_ERR_TOKEN, "the device failed", AGAIN),
	CODE(CKR_DEVICE_MEMORY, MS_ERR_TOKEN, "the device is out of memory", BUSY),
	CODE(CKR_DEVICE_REMOVED, MS_ERR_TOKEN, "the device was removed", AGAIN),
	CODE(CKR_FUNCTION_CANCELED, MS_ERR_TOKEN, "it was cancelled at the device",
		"Run it again and confirm at the device."),
	CODE(CKR_FUNCTION_NOT_SUPPORTED, MS_ERR_TOKEN, "the module does not support this call",
		MISMADE),
	CODE(CKR_FUNCTION_REJECTED, MS_ERR_TOKEN, "it was declined at the device",
		"Run it again and confirm at the device."),
	CODE(CKR_KEY_HANDLE_INVALID, MS_ERR_KEY, "the key is not there any more", GONE),
	CODE(CKR_KEY_SIZE_RANGE, MS_ERR_KEY, "the token does not sign with keys of this size",
		"Use a key of another size; modseal keys lists them."),
	CODE(CKR_KEY_TYPE_INCONSISTENT, MS_ERR_KEY, "the key is of another type than it says",
		VENDOR),
	CODE(CKR_KEY_FUNCTION_NOT_PERMITTED, MS_ERR_KEY, "the key may not be used to sign",
		"Use a key that was made with CKA_SIGN; modseal keys lists them."),
	CODE(CKR_MECHANISM_INVALID, MS_ERR_KEY, "the token does not sign in this way with this key",
		"Try another --hash, or another key."),
	CODE(CKR_MECHANISM_PARAM_INVALID, MS_ERR_KEY, "the token refuses the mechanism's parameter",
		MISMADE),
	CODE(CKR_OBJECT_HANDLE_INVALID, MS_ERR_KEY, "the object is not there any more", GONE),
	CODE(CKR_OPERATION_ACTIVE, MS_ERR_TOKEN, "another operation is still under way", BUSY),
	CODE(CKR_OPERATION_NOT_INITIALIZED, MS_ERR_TOKEN, "the token forgot the operation", AGAIN),
	CODE(CKR_PIN_INCORRECT, MS_ERR_PIN, "the PIN is wrong",
		"Check the PIN before you run it again: each wrong one brings the token nearer to "
		"being locked."),
	CODE(CKR_PIN_INVALID, MS_ERR_PIN, "the PIN has characters that the token does not take",
		"Check the PIN."),
	CODE(CKR_PIN_LEN_RANGE, MS_ERR_PIN, "the PIN is too short or too long for the token",
		"Check the PIN."),
	CODE(CKR_PIN_EXPIRED, MS_ERR_PIN, "the PIN has expired",
		"Set a new one with the vendor's tool."),
	CODE(CKR_PIN_LOCKED, MS_ERR_PIN, "the PIN is locked", UNLOCK),
	CODE(CKR_PIN_TOO_WEAK, MS_ERR_PIN, "the PIN is too weak for the token",
		"Set a new one with the vendor's tool."),
	CODE(CKR_SESSION_CLOSED, MS_ERR_TOKEN, "the token closed the session", AGAIN),
	CODE(CKR_SESSION_COUNT, MS_ERR_TOKEN, "the token has no free session", BUSY),
	CODE(CKR_SESSION_HANDLE_INVALID, MS_ERR_TOKEN, "the token closed the session", AGAIN),
	CODE(CKR_SESSION_PARALLEL_NOT_SUPPORTED, MS_ERR_TOKEN, "the module refuses the session",
		MISMADE),
	CODE(CKR_SESSION_READ_ONLY, MS_ERR_TOKEN, "the session is read-only", VENDOR),
	CODE(CKR_SESSION_READ_ONLY_EXISTS, MS_ERR_TOKEN, "a read-only session is open", BUSY),
	CODE(CKR_SESSION_READ_WRITE_SO_EXISTS, MS_ERR_TOKEN,
		"the security officer is logged in", "Log the security officer out first."),
	CODE(CKR_TEMPLATE_INCONSISTENT, MS_ERR_TOKEN,
		"the token refuses what was asked for, taken together", MISMADE),
	CODE(CKR_TEMPLATE_INCOMPLETE, MS_ERR_TOKEN, "the token wants to be told more", MISMADE),
	CODE(CKR_DOMAIN_PARAMS_INVALID, MS_ERR_KEY, "the token does not have this curve",
		"Try another --type."),
	CODE(CKR_CURVE_NOT_SUPPORTED, MS_ERR_KEY, "the token does not have this curve",
		"Try another --type."),
	CODE(CKR_RANDOM_NO_RNG, MS_ERR_TOKEN, "the token has no random numbers", VENDOR),
	CODE(CKR_SESSION_EXISTS, MS_ERR_TOKEN, "the token is in use", BUSY),
	CODE(CKR_TOKEN_NOT_PRESENT, MS_ERR_TOKEN, "the token is not in its slot any more", AGAIN),
	CODE(CKR_TOKEN_NOT_RECOGNIZED, MS_ERR_TOKEN, "the module does not know this kind of token",
		"Use the module of its vendor: --module PATH."),
	CODE(CKR_TOKEN_WRITE_PROTECTED, MS_ERR_TOKEN, "the token is write-protected", VENDOR),
	CODE(CKR_USER_ALREADY_LOGGED_IN, MS_ERR_TOKEN,
		"the token says that somebody is logged in already, and does not show it", AGAIN),
	CODE(CKR_USER_NOT_LOGGED_IN, MS_ERR_TOKEN, "nobody is logged in (any more)",
		"Was the token unplugged, or not touched in time, or did another program log out? Run the "
		"command again."),
	CODE(CKR_USER_PIN_NOT_INITIALIZED, MS_ERR_PIN, "no user PIN is set",
		"Set one with the vendor's tool (or: pkcs11-tool --init-pin)."),
	CODE(CKR_USER_TYPE_INVALID, MS_ERR_TOKEN, "the token has no such kind of login", MISMADE),
	CODE(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, MS_ERR_TOKEN,
		"somebody else is logged in (the security officer?)", BUSY),
	CODE(CKR_USER_TOO_MANY_TYPES, MS_ERR_TOKEN, "too many kinds of users are logged in", BUSY),
	CODE(CKR_BUFFER_TOO_SMALL, MS_ERR_TOKEN, "the token's answer is longer than any that fits",
		MISMADE),
	CODE(CKR_CRYPTOKI_NOT_INITIALIZED, MS_ERR_TOKEN, "the module is not initialised (any more)",
		VENDOR),
	CODE(CKR_CRYPTOKI_ALREADY_INITIALIZED, MS_ERR_TOKEN, "the module was initialised before",
		VENDOR),
	CODE(CKR_MUTEX_BAD, MS_ERR_TOKEN, "the module's locking failed", VENDOR),
	CODE(CKR_MUTEX_NOT_LOCKED, MS_ERR_TOKEN, "the module's locking failed", VENDOR),
	CODE(CKR_FIPS_SELF_TEST_FAILED, MS_ERR_TOKEN, "the device failed its self-test", VENDOR),
	CODE(CKR_LIBRARY_LOAD_FAILED, MS_ERR_TOKEN, "the module could not load its own library",
		VENDOR),
#undef CODE
};

static const struct code *find(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rv == rv)
			return &codes[i];
	return NULL;
}

const char *ckr_name(CK_RV rv, char buf[32])
{
	const struct code *c = find(rv);

	if (c)
		return c->name;
	snprintf(buf, 32, "CKR 0x%lx", rv);
	return buf;
}

int ckr_err(struct ms_error *err, CK_RV rv, const char *place, const char *call)
{
	const struct code *c = find(rv);
	int code = c ? c->err : MS_ERR_TOKEN;
	char buf[32];

	err_set(err, code, "%s: %s (%s: %s)", place, c ? c->words : "the module failed", call,
		ckr_name(rv, buf));
	err_hint(err, "%s", c ? c->hint : VENDOR);
	return code;
}

bool ckr_pin_refused(CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE ||
		rv == CKR_PIN_EXPIRED || rv == CKR_PIN_LOCKED || rv == CKR_PIN_TOO_WEAK;
}

bool ckr_session_gone(CK_RV rv)
{
	return rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED ||
		rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED ||
		rv == CKR_CRYPTOKI_NOT_INITIALIZED;
}
