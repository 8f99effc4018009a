/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/mokauth.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/secret.h"

#include <crypt.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

/* Where the fields of PASSWORD_CRYPT lie. */
enum {
	AT_METHOD = 0,
	AT_ROUNDS = 2,
	AT_SALT_SIZE = 10,
	AT_SALT = 12,
	AT_HASH = 44,
};

enum method {
	METHOD_SHA256 = 3,
	METHOD_SHA512 = 4,
	METHOD_BCRYPT = 5,
};

#define DEFAULT_ROUNDS 5000 /* of SHA-crypt, when no "rounds=" is there */
#define SALT_MAX       16
#define BCRYPT_SALT    29 /* "$2y$10$" and 22 characters */
#define BCRYPT_HASH    31

static void set16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static void set64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

/* -- the characters of a hash, six bits each ------------------------------------------------ */

static int value_of(char c)
{
	static const char digits[] =
		"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* n characters, the lowest six bits first; -1 when one is none of theirs. */
static int64_t group(const char *text, int n)
{
	int64_t bits = 0;

	for (int i = n - 1; i >= 0; i--) {
		int v = value_of(text[i]);

		if (v < 0)
			return -1;
		bits = bits << 6 | v;
	}
	return bits;
}

static bool all_digits(const char *text)
{
	while (*text && value_of(*text) >= 0)
		text++;
	return !*text;
}

/* SHA-crypt writes the bytes of its digest in threes, from three parts of the digest whose roles
 * rotate: for SHA-512 bytes (0, 21, 42), then (22, 43, 1), (44, 2, 23) and so on, the first of each
 * three in the highest bits; SHA-256 rotates the other way. What is left over comes last. */
static int decode_sha512(const char *text, uint8_t *hash)
{
	unsigned at[3] = { 0, 21, 42 };
	int64_t bits;

	for (int i = 0; i < 21; i++, text += 4) {
		unsigned first = at[0];

		bits = group(text, 4);
		if (bits < 0)
			return -1;
		for (int b = 0; b < 3; b++)
			hash[at[b]] = (uint8_t)(bits >> (16 - 8 * b));
		at[0] = at[1] + 1;
		at[1] = at[2] + 1;
		at[2] = first + 1;
	}
	bits = group(text, 2);
	if (bits < 0)
		return -1;
	hash[63] = (uint8_t)bits;
	return 0;
}

static int decode_sha256(const char *text, uint8_t *hash)
{
	unsigned at[3] = { 0, 10, 20 };
	int64_t bits;

	for (int i = 0; i < 10; i++, text += 4) {
		unsigned last = at[2];

		bits = group(text, 4);
		if (bits < 0)
			return -1;
		for (int b = 0; b < 3; b++)
			hash[at[b]] = (uint8_t)(bits >> (16 - 8 * b));
		at[2] = at[1] + 1;
		at[1] = at[0] + 1;
		at[0] = last + 1;
	}
	bits = group(text, 3);
	if (bits < 0)
		return -1;
	hash[31] = (uint8_t)(bits >> 8);
	hash[30] = (uint8_t)bits;
	return 0;
}

/* -- a hash by its kind ---------------------------------------------------------------------- */

static int malformed(struct ms_error *err)
{
	return err_set(err, MS_ERR_PIN, "the password hash is malformed");
}

/* "rounds=N$" if it is there. */
static int take_rounds(const char **text, uint64_t *rounds)
{
	static const char word[] = "rounds=";
	char *end;

	*rounds = DEFAULT_ROUNDS;
	if (strncmp(*text, word, sizeof(word) - 1) != 0)
		return 0;
	errno = 0;
	*rounds = strtoul(*text + sizeof(word) - 1, &end, 10);
	/* crypt(3) takes no others. */
	if (errno || *end != '$' || *rounds < 1000 || *rounds > 999999999)
		return -1;
	*text = end + 1;
	return 0;
}

/* Behind "$6$": [rounds=N$]salt$hash. */
static int parse_sha(const char *text, enum method method, uint8_t *auth, struct ms_error *err)
{
	size_t size = method == METHOD_SHA512 ? 86 : 43, salt;
	const char *dollar;
	uint64_t rounds;
	int r;

	if (take_rounds(&text, &rounds) < 0)
		return malformed(err);
	dollar = strchr(text, '$');
	salt = dollar ? (size_t)(dollar - text) : 0;
	if (!dollar || salt > SALT_MAX || strlen(dollar + 1) != size)
		return malformed(err);
	set16(auth + AT_METHOD, (uint16_t)method);
	set64(auth + AT_ROUNDS, rounds);
	set16(auth + AT_SALT_SIZE, (uint16_t)salt);
	memcpy(auth + AT_SALT, text, salt);
	r = method == METHOD_SHA512 ? decode_sha512(dollar + 1, auth + AT_HASH)
				    : decode_sha256(dollar + 1, auth + AT_HASH);
	return r < 0 ? malformed(err) : 0;
}

/* Kept as text; the salt with its NUL. */
static int parse_bcrypt(const char *text, uint8_t *auth, struct ms_error *err)
{
	if (strlen(text) != BCRYPT_SALT + BCRYPT_HASH || text[6] != '$' || !all_digits(text + 7))
		return malformed(err);
	if (text[4] < '0' || text[4] > '3' || text[5] < '0' || text[5] > '9')
		return malformed(err);
	set16(auth + AT_METHOD, METHOD_BCRYPT);
	set16(auth + AT_SALT_SIZE, BCRYPT_SALT + 1);
	memcpy(auth + AT_SALT, text, BCRYPT_SALT);
	memcpy(auth + AT_HASH, text + BCRYPT_SALT, BCRYPT_HASH);
	return 0;
}

static bool is_bcrypt(const char *text)
{
	return !strncmp(text, "$2a$", 4) || !strncmp(text, "$2x$", 4) || !strncmp(text, "$2y$", 4);
}

int mokauth_parse(const char *crypted, uint8_t auth[MOKAUTH_SIZE], struct ms_error *err)
{
	memset(auth, 0, MOKAUTH_SIZE);
	if (!strncmp(crypted, "$6$", 3))
		return parse_sha(crypted + 3, METHOD_SHA512, auth, err);
	if (!strncmp(crypted, "$5$", 3))
		return parse_sha(crypted + 3, METHOD_SHA256, auth, err);
	if (is_bcrypt(crypted))
		return parse_bcrypt(crypted, auth, err);
	err_set(err, MS_ERR_PIN,
		"the password hash is of a kind that shim's MokManager does not know");
	err_hint(err,
		"It takes SHA-512 ($6$), SHA-256 ($5$) and bcrypt ($2a$, $2x$, $2y$): "
		"'openssl passwd -6' makes such a hash, and so does 'mokutil --generate-hash'.");
	return MS_ERR_PIN;
}

/* -- passwords ------------------------------------------------------------------------------- */

/* What MokManager's keyboard gives is cut to a byte a character. */
static int check_typeable(const char *password, struct ms_error *err)
{
	size_t len = strlen(password);

	if (!len)
		return err_set(err, MS_ERR_PIN, "the password is empty");
	if (len > MS_MOK_PASSWORD_MAX)
		return err_set(err, MS_ERR_PIN,
			"the password has %zu characters; MokManager takes %d at most", len,
			MS_MOK_PASSWORD_MAX);
	for (size_t i = 0; i < len; i++)
		if (password[i] < ' ' || password[i] > '~') {
			err_set(err, MS_ERR_PIN,
				"the password has a character that MokManager cannot read");
			err_hint(err,
				"Take letters without accents, digits and punctuation (ASCII).");
			return MS_ERR_PIN;
		}
	return 0;
}

static struct ms_mok_password *hashed_new(const char *crypted, int *r, struct ms_error *err)
{
	struct ms_mok_password *hashed = malloc(sizeof(*hashed));

	*r = hashed ? mokauth_parse(crypted, hashed->auth, err) : err_nomem(err);
	if (*r == 0)
		return hashed;
	ms_mok_password_free(hashed);
	return NULL;
}

MS_API int ms_mok_password_new(
	const char *password, struct ms_mok_password **hashed, struct ms_error *err)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *work = calloc(1, sizeof(*work));
	const char *crypted;
	int r = check_typeable(password, err);

	*hashed = NULL;
	if (r == 0 && !work)
		r = err_nomem(err);
	if (r < 0)
		goto out;
	crypted = crypt_gensalt_rn("$6$", 0, NULL, 0, setting, sizeof(setting))
		? crypt_rn(password, setting, work, sizeof(*work))
		: NULL;
	if (!crypted)
		r = err_set_errno(
			err, MS_ERR_INTERNAL, errno, "crypt(3) does not hash the password");
	else
		*hashed = hashed_new(crypted, &r, err);
out:
	if (work)
		secret_wipe(work, sizeof(*work));
	free(work);
	return r;
}

MS_API int ms_mok_password_from_hash(
	const char *path, struct ms_mok_password **hashed, struct ms_error *err)
{
	AUTO_SECRET struct secret *line = NULL;
	int r = secret_read_file(path, "hash file", &line, err);

	*hashed = NULL;
	if (r < 0)
		return r;
	*hashed = hashed_new(line->data, &r, err);
	if (r < 0)
		err_prefix(err, "hash file %s", path);
	return r;
}

MS_API void ms_mok_password_free(struct ms_mok_password *hashed)
{
	if (hashed)
		secret_wipe(hashed, sizeof(*hashed));
	free(hashed);
}
