/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of PKCS#11 v2.40, a line each, for macros that the includer defines:
 *
 *   PLAIN(kind, name, (parameters), (arguments))  forwarded as it is
 *   ACTED(kind, name, (parameters), (arguments))  goes through act_<name>() of shim_token.c or
 *                                                 shim_sign.c, which calls the real one
 *   UNDONE(kind, name, (parameters), (arguments)) the same; and when a rule answers in its stead,
 *                                                 undo_<name>() leaves behind what a token would
 *
 * kind says what the function works on: GENERAL, SLOT (first argument a slot) or SESSION (first
 * argument a session); that decides what a token that was taken away answers.
 */
/* clang-format off */
PLAIN(GENERAL, C_Initialize, (void *init_args), (init_args))
ACTED(GENERAL, C_Finalize, (void *reserved), (reserved))
ACTED(GENERAL, C_GetFunctionList, (CK_FUNCTION_LIST **list), (list))
PLAIN(GENERAL, C_GetInfo, (CK_INFO *info), (info))
ACTED(GENERAL, C_GetSlotList,
	(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n), (present, slots, n))
ACTED(GENERAL, C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info))
ACTED(SLOT, C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), (slot, info))
PLAIN(GENERAL, C_WaitForSlotEvent,
	(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved), (flags, slot, reserved))
ACTED(SLOT, C_GetMechanismList,
	(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n), (slot, list, n))
ACTED(SLOT, C_GetMechanismInfo,
	(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info), (slot, type, info))
PLAIN(SLOT, C_InitToken,
	(CK_SLOT_ID slot, CK_BYTE *pin, CK_ULONG pin_len, CK_BYTE *label),
	(slot, pin, pin_len, label))
PLAIN(SESSION, C_InitPIN,
	(CK_SESSION_HANDLE s, CK_BYTE *pin, CK_ULONG pin_len), (s, pin, pin_len))
PLAIN(SESSION, C_SetPIN,
	(CK_SESSION_HANDLE s, CK_BYTE *pin, CK_ULONG pin_len, CK_BYTE *new_pin, CK_ULONG new_len),
	(s, pin, pin_len, new_pin, new_len))
ACTED(SLOT, C_OpenSession,
	(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *s),
	(slot, flags, app, notify, s))
ACTED(SESSION, C_CloseSession, (CK_SESSION_HANDLE s), (s))
ACTED(SLOT, C_CloseAllSessions, (CK_SLOT_ID slot), (slot))
PLAIN(SESSION, C_GetSessionInfo, (CK_SESSION_HANDLE s, CK_SESSION_INFO *info), (s, info))
PLAIN(SESSION, C_GetOperationState,
	(CK_SESSION_HANDLE s, CK_BYTE *state, CK_ULONG *state_len), (s, state, state_len))
PLAIN(SESSION, C_SetOperationState,
	(CK_SESSION_HANDLE s, CK_BYTE *state, CK_ULONG state_len, CK_OBJECT_HANDLE enc_key,
		CK_OBJECT_HANDLE auth_key),
	(s, state, state_len, enc_key, auth_key))
ACTED(SESSION, C_Login,
	(CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG pin_len),
	(s, user, pin, pin_len))
PLAIN(SESSION, C_Logout, (CK_SESSION_HANDLE s), (s))
PLAIN(SESSION, C_CreateObject,
	(CK_SESSION_HANDLE s, CK_ATTRIBUTE *templ, CK_ULONG n, CK_OBJECT_HANDLE *object),
	(s, templ, n, object))
PLAIN(SESSION, C_CopyObject,
	(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *templ, CK_ULONG n,
		CK_OBJECT_HANDLE *copy),
	(s, object, templ, n, copy))
PLAIN(SESSION, C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object), (s, object))
PLAIN(SESSION, C_GetObjectSize,
	(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ULONG *size), (s, object, size))
UNDONE(SESSION, C_GetAttributeValue,
	(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *templ, CK_ULONG n),
	(s, object, templ, n))
PLAIN(SESSION, C_SetAttributeValue,
	(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *templ, CK_ULONG n),
	(s, object, templ, n))
PLAIN(SESSION, C_FindObjectsInit,
	(CK_SESSION_HANDLE s, CK_ATTRIBUTE *templ, CK_ULONG n), (s, templ, n))
PLAIN(SESSION, C_FindObjects,
	(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *n),
	(s, objects, max, n))
PLAIN(SESSION, C_FindObjectsFinal, (CK_SESSION_HANDLE s), (s))
PLAIN(SESSION, C_EncryptInit,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE key), (s, mech, key))
PLAIN(SESSION, C_Encrypt,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_EncryptUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_EncryptFinal,
	(CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG *out_len), (s, out, out_len))
PLAIN(SESSION, C_DecryptInit,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE key), (s, mech, key))
PLAIN(SESSION, C_Decrypt,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_DecryptUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_DecryptFinal,
	(CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG *out_len), (s, out, out_len))
PLAIN(SESSION, C_DigestInit, (CK_SESSION_HANDLE s, CK_MECHANISM *mech), (s, mech))
PLAIN(SESSION, C_Digest,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_DigestUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len), (s, in, in_len))
PLAIN(SESSION, C_DigestKey, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key), (s, key))
PLAIN(SESSION, C_DigestFinal,
	(CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG *out_len), (s, out, out_len))
ACTED(SESSION, C_SignInit,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE key), (s, mech, key))
UNDONE(SESSION, C_Sign,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
UNDONE(SESSION, C_SignUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len), (s, in, in_len))
UNDONE(SESSION, C_SignFinal,
	(CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG *out_len), (s, out, out_len))
PLAIN(SESSION, C_SignRecoverInit,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE key), (s, mech, key))
PLAIN(SESSION, C_SignRecover,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_VerifyInit,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE key), (s, mech, key))
PLAIN(SESSION, C_Verify,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *sig, CK_ULONG sig_len),
	(s, in, in_len, sig, sig_len))
PLAIN(SESSION, C_VerifyUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len), (s, in, in_len))
PLAIN(SESSION, C_VerifyFinal,
	(CK_SESSION_HANDLE s, CK_BYTE *sig, CK_ULONG sig_len), (s, sig, sig_len))
PLAIN(SESSION, C_VerifyRecoverInit,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE key), (s, mech, key))
PLAIN(SESSION, C_VerifyRecover,
	(CK_SESSION_HANDLE s, CK_BYTE *sig, CK_ULONG sig_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, sig, sig_len, out, out_len))
PLAIN(SESSION, C_DigestEncryptUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_DecryptDigestUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_SignEncryptUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_DecryptVerifyUpdate,
	(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len),
	(s, in, in_len, out, out_len))
PLAIN(SESSION, C_GenerateKey,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_ATTRIBUTE *templ, CK_ULONG n,
		CK_OBJECT_HANDLE *key),
	(s, mech, templ, n, key))
PLAIN(SESSION, C_GenerateKeyPair,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_ATTRIBUTE *pub, CK_ULONG n_pub,
		CK_ATTRIBUTE *priv, CK_ULONG n_priv, CK_OBJECT_HANDLE *pub_key,
		CK_OBJECT_HANDLE *priv_key),
	(s, mech, pub, n_pub, priv, n_priv, pub_key, priv_key))
PLAIN(SESSION, C_WrapKey,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key,
		CK_BYTE *out, CK_ULONG *out_len),
	(s, mech, wrapping, key, out, out_len))
PLAIN(SESSION, C_UnwrapKey,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE unwrapping, CK_BYTE *in,
		CK_ULONG in_len, CK_ATTRIBUTE *templ, CK_ULONG n, CK_OBJECT_HANDLE *key),
	(s, mech, unwrapping, in, in_len, templ, n, key))
PLAIN(SESSION, C_DeriveKey,
	(CK_SESSION_HANDLE s, CK_MECHANISM *mech, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *templ,
		CK_ULONG n, CK_OBJECT_HANDLE *key),
	(s, mech, base, templ, n, key))
PLAIN(SESSION, C_SeedRandom, (CK_SESSION_HANDLE s, CK_BYTE *seed, CK_ULONG n), (s, seed, n))
PLAIN(SESSION, C_GenerateRandom, (CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG n), (s, out, n))
PLAIN(SESSION, C_GetFunctionStatus, (CK_SESSION_HANDLE s), (s))
PLAIN(SESSION, C_CancelFunction, (CK_SESSION_HANDLE s), (s))
/* clang-format on */
