/* SPDX-License-Identifier: Apache-2.0 */
/* A PIV card in software (README.md here). What it holds is files in the current directory; what
 * it must forget when it loses power is struct card. */
#ifndef MODSEAL_PIV_CARD_H
#define MODSEAL_PIV_CARD_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t data[8192];
	size_t len;
};

/* Ends the program, with a sentence. */
_Noreturn void die(const char *what, const char *name);

/* -- bytes.c ----------------------------------------------------------------------------- */

void bytes_add(struct bytes *b, const void *data, size_t len);
/* One element in BER as PIV has it: tags of one or two bytes, lengths up to 65535. */
void bytes_add_tlv(struct bytes *b, unsigned tag, const void *data, size_t len);
void bytes_add_tlv1(struct bytes *b, unsigned tag, uint8_t value);
/* Finds the first element of that tag; its value and length, or NULL. */
const uint8_t *tlv_find(const uint8_t *data, size_t len, unsigned tag, size_t *value_len);

/* -- store.c ----------------------------------------------------------------------------- */

enum pin_policy { PIN_NEVER = 1, PIN_ONCE, PIN_ALWAYS };
enum touch_policy { TOUCH_NEVER = 1, TOUCH_ALWAYS, TOUCH_CACHED };
enum origin { ORIGIN_GENERATED = 1, ORIGIN_IMPORTED };

struct policy {
	int pin, touch, origin; /* as the card's metadata has them */
};

bool store_read(const char *name, struct bytes *out);
/* Replaces the file as one, so that whoever reads it meanwhile sees the old or the new one. */
void store_write(const char *name, const void *data, size_t len);
int store_number(const char *name, int otherwise);
void store_set_number(const char *name, int value);
/* A line with `data`'s first bytes and `note`, for tests that count what the card was asked. */
void store_log(const uint8_t *data, size_t len, unsigned note);

/* NULL: the slot is empty. The caller frees it. */
EVP_PKEY *store_key(unsigned slot);
void store_policy(unsigned slot, struct policy *policy);
void store_set_key(unsigned slot, EVP_PKEY *key, const struct policy *policy);

/* -- keys.c ------------------------------------------------------------------------------ */

/* As PIV numbers algorithms; 0: none that the card has. */
unsigned key_algorithm(EVP_PKEY *key);
EVP_PKEY *key_generate(unsigned algorithm);
/* A key out of what an import gives: 01 and 02 primes, or 06 the number of an EC key. NULL: none. */
EVP_PKEY *key_import(unsigned algorithm, const uint8_t *in, size_t len);
/* The public half as the card tells it: 81 modulus 82 exponent, or 86 point. */
void key_add_public(EVP_PKEY *key, struct bytes *out);
/* What the host gives is a padded block for RSA and a bare digest for EC. */
bool key_sign(EVP_PKEY *key, const uint8_t *in, size_t len, struct bytes *out);
/* A certificate that says how the key of this slot came to be, signed by slot f9. */
bool key_attest(unsigned slot, EVP_PKEY *key, const struct policy *policy, struct bytes *out);
void des3(const uint8_t key[24], bool encrypt, const uint8_t in[8], uint8_t out[8]);

/* -- card.c ------------------------------------------------------------------------------ */

struct card {
	bool pin_verified;
	bool pin_fresh; /* no key was used since */
	bool managed;	/* the management key was shown */
	uint8_t witness[8];
	bool witness_out;
	struct bytes chain;  /* commands that go on in the next */
	struct bytes answer; /* what of an answer is still to be fetched */
	size_t answered;
	bool gone; /* it was pulled out: there is no answer */
};

void card_power_on(struct card *card);
void card_command(struct card *card, const uint8_t *apdu, size_t len, struct bytes *answer);

/* -- auth.c ------------------------------------------------------------------------------ */

/* These return the status word. */
uint16_t auth_verify(struct card *card, unsigned p1, unsigned ref, const struct bytes *in);
uint16_t auth_change(struct card *card, unsigned ref, const struct bytes *in);
uint16_t auth_unblock(struct card *card, const struct bytes *in);
/* Mutual authentication with the management key; `in` and `out` are what 7c holds. */
uint16_t auth_manage(struct card *card, const uint8_t *in, size_t len, struct bytes *out);
/* Tries that are left: PIN 80, PUK 81. */
int auth_tries(unsigned ref);
#define AUTH_TRIES 3

/* -- reader.c ---------------------------------------------------------------------------- */

/* Starts pcscd with one reader, its socket at DIR/pcscd.comm. It ends with this process. Returns
 * the port on which the reader waits for its card. */
int reader_start(const char *dir, const char *pcscd, const char *driver);

#define SW_OK		  0x9000
#define SW_DENIED	  0x6982
#define SW_BLOCKED	  0x6983
#define SW_WRONG_DATA	  0x6a80
#define SW_NOT_FOUND	  0x6a82
#define SW_NO_REFERENCE	  0x6a88
#define SW_WRONG_LENGTH	  0x6700
#define SW_NO_INSTRUCTION 0x6d00

#endif
