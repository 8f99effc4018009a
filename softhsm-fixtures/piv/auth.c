/* SPDX-License-Identifier: Apache-2.0 */
/* PIN, PUK and management key. */
#include "softhsm-fixtures/piv/card.h"

#include <openssl/rand.h>
#include <string.h>

#define PIN_LEN 8 /* filled up with ff */

static const char *tries_file(unsigned ref)
{
	return ref == 0x80 ? "pin-tries" : "puk-tries";
}

int auth_tries(unsigned ref)
{
	return store_number(tries_file(ref), AUTH_TRIES);
}

static void read_pin(unsigned ref, uint8_t pin[PIN_LEN])
{
	struct bytes text = { .len = 0 };

	if (!store_read(ref == 0x80 ? "pin" : "puk", &text))
		die("cannot read", ref == 0x80 ? "pin" : "puk");
	memset(pin, 0xff, PIN_LEN);
	for (size_t i = 0; i < text.len && i < PIN_LEN && text.data[i] > ' '; i++)
		pin[i] = text.data[i];
}

static uint16_t tries_sw(unsigned ref)
{
	int tries = auth_tries(ref);

	return tries ? (uint16_t)(0x63c0 + tries) : SW_BLOCKED;
}

static uint16_t check(unsigned ref, const uint8_t given[PIN_LEN])
{
	uint8_t pin[PIN_LEN];

	if (!auth_tries(ref))
		return SW_BLOCKED;
	read_pin(ref, pin);
	if (memcmp(pin, given, PIN_LEN)) {
		store_set_number(tries_file(ref), auth_tries(ref) - 1);
		return tries_sw(ref);
	}
	store_set_number(tries_file(ref), AUTH_TRIES);
	return SW_OK;
}

static void write_pin(unsigned ref, const uint8_t pin[PIN_LEN])
{
	size_t len = 0;

	while (len < PIN_LEN && pin[len] != 0xff)
		len++;
	store_write(ref == 0x80 ? "pin" : "puk", pin, len);
}

uint16_t auth_verify(struct card *card, unsigned p1, unsigned ref, const struct bytes *in)
{
	uint16_t sw;

	if (ref != 0x80)
		return SW_NO_REFERENCE;
	if (p1 == 0xff) {
		card->pin_verified = card->pin_fresh = false;
		return SW_OK;
	}
	if (!in->len)
		return card->pin_verified ? SW_OK : tries_sw(ref);
	if (in->len != PIN_LEN)
		return SW_WRONG_DATA;
	sw = check(ref, in->data);
	card->pin_verified = card->pin_fresh = sw == SW_OK;
	return sw;
}

uint16_t auth_change(struct card *card, unsigned ref, const struct bytes *in)
{
	uint16_t sw;

	if (ref != 0x80 && ref != 0x81)
		return SW_NO_REFERENCE;
	if (in->len != 2 * (size_t)PIN_LEN)
		return SW_WRONG_DATA;
	sw = check(ref, in->data);
	if (sw == SW_OK)
		write_pin(ref, in->data + PIN_LEN);
	card->pin_verified = card->pin_fresh = false;
	return sw;
}

uint16_t auth_unblock(struct card *card, const struct bytes *in)
{
	uint16_t sw;

	if (in->len != 2 * (size_t)PIN_LEN)
		return SW_WRONG_DATA;
	sw = check(0x81, in->data);
	if (sw != SW_OK)
		return sw;
	write_pin(0x80, in->data + PIN_LEN);
	store_set_number(tries_file(0x80), AUTH_TRIES);
	card->pin_verified = card->pin_fresh = false;
	return SW_OK;
}

static void management_key(uint8_t key[24])
{
	struct bytes text = { .len = 0 };
	unsigned byte;

	if (!store_read("management", &text) || text.len < 48)
		die("cannot read", "management");
	for (size_t i = 0; i < 24; i++) {
		if (sscanf((char *)text.data + 2 * i, "%2x", &byte) != 1)
			die("no key in", "management");
		key[i] = (uint8_t)byte;
	}
}

uint16_t auth_manage(struct card *card, const uint8_t *in, size_t len, struct bytes *out)
{
	const uint8_t *witness, *challenge;
	size_t witness_len, challenge_len;
	uint8_t key[24], block[8];

	management_key(key);
	witness = tlv_find(in, len, 0x80, &witness_len);
	challenge = tlv_find(in, len, 0x81, &challenge_len);
	if (witness && !witness_len) { /* who is asked for one makes it, hidden by the key */
		if (RAND_bytes(card->witness, sizeof(card->witness)) != 1)
			die("no", "random numbers");
		card->witness_out = true;
		des3(key, true, card->witness, block);
		bytes_add_tlv(out, 0x80, block, sizeof(block));
		return SW_OK;
	}
	if (!witness || witness_len != 8 || !challenge || challenge_len != 8)
		return SW_WRONG_DATA;
	if (!card->witness_out || memcmp(witness, card->witness, 8))
		return SW_DENIED;
	card->witness_out = false;
	card->managed = true;
	des3(key, true, challenge, block);
	bytes_add_tlv(out, 0x82, block, sizeof(block));
	return SW_OK;
}
