/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: NIST SP 800-73 and Yubico's own. */
#include "softhsm-fixtures/piv/card.h"

#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#define TAG_OBJECT_ID	0x5c
#define TAG_OBJECT	0x53
#define TAG_DISCOVERY	0x7e
#define TAG_TEMPLATE	0x7c
#define MANAGEMENT_SLOT 0x9b

struct request {
	uint8_t ins, p1, p2;
	const struct bytes *in;
	struct bytes out;
};

void card_power_on(struct card *card)
{
	memset(card, 0, sizeof(*card));
}

static const struct slot {
	unsigned slot;
	const char *object;
} slots[] = {
	{ 0x9a, "5fc105" },
	{ 0x9c, "5fc10a" },
	{ 0x9d, "5fc10b" },
	{ 0x9e, "5fc101" },
	{ 0xf9, "5fff01" },
};

/* -- select, version, serial number ------------------------------------------------------ */

/* A YubiKey forgets PIN and management key then; Yubico's library selects just for that. */
static uint16_t do_select(struct card *card, struct request *rq)
{
	static const uint8_t aid[] = { 0xa0, 0, 0, 3, 8 };
	static const uint8_t properties[] = { 0x61, 0x11, 0x4f, 6, 0, 0, 0x10, 0, 1, 0, 0x79, 7,
		0x4f, 5, 0xa0, 0, 0, 3, 8 };

	if (rq->p1 != 4 || rq->in->len < sizeof(aid) || memcmp(rq->in->data, aid, sizeof(aid)))
		return SW_NOT_FOUND;
	card->pin_verified = card->pin_fresh = card->managed = false;
	bytes_add(&rq->out, properties, sizeof(properties));
	return SW_OK;
}

static uint16_t do_version(struct request *rq)
{
	bytes_add(&rq->out, "\5\4\3", 3);
	return SW_OK;
}

static uint16_t do_serial(struct request *rq)
{
	bytes_add(&rq->out, "\x00\xbc\x61\x4e", 4); /* 12345678 */
	return SW_OK;
}

/* -- objects ----------------------------------------------------------------------------- */

/* A certificate is a file of its own, in DER; other objects are kept as they came. */
static bool certificate_file(const char *object, char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		if (!strcmp(object, slots[i].object)) {
			snprintf(name, size, "%02x.der", slots[i].slot);
			return true;
		}
	}
	snprintf(name, size, "object-%s", object);
	return false;
}

static bool object_id(const struct request *rq, char text[8])
{
	size_t len;
	const uint8_t *id = tlv_find(rq->in->data, rq->in->len, TAG_OBJECT_ID, &len);

	if (!id || !len || len > 3)
		return false;
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	return true;
}

static uint16_t do_get_data(struct request *rq)
{
	static const uint8_t discovery[] = { 0x4f, 11, 0xa0, 0, 0, 3, 8, 0, 0, 0x10, 0, 1, 0, 0x5f,
		0x2f, 2, 0x40, 0 };
	struct bytes content = { .len = 0 }, object = { .len = 0 };
	char id[8], name[32];

	if (!object_id(rq, id))
		return SW_WRONG_DATA;
	if (!strcmp(id, "7e")) {
		bytes_add_tlv(&rq->out, TAG_DISCOVERY, discovery, sizeof(discovery));
		return SW_OK;
	}
	if (certificate_file(id, name, sizeof(name))) {
		if (!store_read(name, &content))
			return SW_NOT_FOUND;
		bytes_add_tlv(&object, 0x70, content.data, content.len);
		bytes_add_tlv1(&object, 0x71, 0);
		bytes_add_tlv(&object, 0xfe, NULL, 0);
	} else if (!store_read(name, &object)) {
		return SW_NOT_FOUND;
	}
	bytes_add_tlv(&rq->out, TAG_OBJECT, object.data, object.len);
	return SW_OK;
}

static uint16_t do_put_data(struct card *card, struct request *rq)
{
	const uint8_t *object, *cert;
	size_t len, cert_len;
	char id[8], name[32];

	if (!card->managed)
		return SW_DENIED;
	object = tlv_find(rq->in->data, rq->in->len, TAG_OBJECT, &len);
	if (!object || !object_id(rq, id))
		return SW_WRONG_DATA;
	if (!certificate_file(id, name, sizeof(name))) {
		store_write(name, object, len);
		return SW_OK;
	}
	cert = tlv_find(object, len, 0x70, &cert_len);
	if (cert)
		store_write(name, cert, cert_len);
	else
		remove(name); /* an empty object: the certificate is deleted */
	return SW_OK;
}

/* -- keys -------------------------------------------------------------------------------- */

static uint16_t do_metadata(struct request *rq)
{
	uint8_t two[2] = { AUTH_TRIES };
	struct bytes public = { .len = 0 };
	struct policy policy;
	EVP_PKEY *key;

	if (rq->p2 == 0x80 || rq->p2 == 0x81) {
		two[1] = (uint8_t)auth_tries(rq->p2);
		bytes_add_tlv1(&rq->out, 5, 0);
		bytes_add_tlv(&rq->out, 6, two, 2);
		return SW_OK;
	}
	if (rq->p2 == MANAGEMENT_SLOT) {
		bytes_add_tlv1(&rq->out, 1, 3); /* 3DES */
		bytes_add_tlv(&rq->out, 2, "\0\1", 2);
		bytes_add_tlv1(&rq->out, 5, 1);
		return SW_OK;
	}
	key = store_key(rq->p2);
	if (!key)
		return SW_NO_REFERENCE;
	store_policy(rq->p2, &policy);
	two[0] = (uint8_t)policy.pin;
	two[1] = (uint8_t)policy.touch;
	key_add_public(key, &public);
	bytes_add_tlv1(&rq->out, 1, (uint8_t)key_algorithm(key));
	bytes_add_tlv(&rq->out, 2, two, 2);
	bytes_add_tlv1(&rq->out, 3, (uint8_t)policy.origin);
	bytes_add_tlv(&rq->out, 4, public.data, public.len);
	EVP_PKEY_free(key);
	return SW_OK;
}

static int default_pin_policy(unsigned slot)
{
	return slot == 0x9e ? PIN_NEVER : slot == 0x9c ? PIN_ALWAYS : PIN_ONCE;
}

/* The policy asked for; 0 or none is the slot's own. */
static int wanted_policy(const uint8_t *in, size_t len, unsigned tag, int otherwise)
{
	size_t value_len;
	const uint8_t *value = tlv_find(in, len, tag, &value_len);

	return value && value_len == 1 && *value ? *value : otherwise;
}

static uint16_t do_generate(struct card *card, struct request *rq)
{
	struct policy policy = { .origin = ORIGIN_GENERATED };
	struct bytes public = { .len = 0 };
	size_t len, one;
	const uint8_t *in = tlv_find(rq->in->data, rq->in->len, 0xac, &len), *algorithm;
	EVP_PKEY *key;

	if (!card->managed)
		return SW_DENIED;
	algorithm = in ? tlv_find(in, len, 0x80, &one) : NULL;
	if (!algorithm || one != 1)
		return SW_WRONG_DATA;
	key = key_generate(*algorithm);
	if (!key)
		return SW_WRONG_DATA;
	policy.pin = wanted_policy(in, len, 0xaa, default_pin_policy(rq->p2));
	policy.touch = wanted_policy(in, len, 0xab, TOUCH_NEVER);
	store_set_key(rq->p2, key, &policy);
	key_add_public(key, &public);
	bytes_add_tlv(&rq->out, 0x7f49, public.data, public.len);
	EVP_PKEY_free(key);
	return SW_OK;
}

/* Yubico's own command. The answer is empty: there was nothing to be made. */
static uint16_t do_import(struct card *card, struct request *rq)
{
	struct policy policy = { .origin = ORIGIN_IMPORTED };
	EVP_PKEY *key;

	if (!card->managed)
		return SW_DENIED;
	key = key_import(rq->p1, rq->in->data, rq->in->len);
	if (!key)
		return SW_WRONG_DATA;
	policy.pin = wanted_policy(rq->in->data, rq->in->len, 0xaa, default_pin_policy(rq->p2));
	policy.touch = wanted_policy(rq->in->data, rq->in->len, 0xab, TOUCH_NEVER);
	store_set_key(rq->p2, key, &policy);
	EVP_PKEY_free(key);
	return SW_OK;
}

static uint16_t do_attest(struct request *rq)
{
	uint16_t sw = SW_NO_REFERENCE;
	EVP_PKEY *key = store_key(rq->p1);
	struct policy policy;

	if (!key)
		return sw;
	store_policy(rq->p1, &policy);
	if (policy.origin == ORIGIN_GENERATED && key_attest(rq->p1, key, &policy, &rq->out))
		sw = SW_OK;
	EVP_PKEY_free(key);
	return sw;
}

/* What the person at the card does: touch it, late or never, or pull it out. */
static uint16_t wait_for_touch(const struct policy *policy)
{
	int ms = store_number("touch-ms", 0);
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	if (policy->touch == TOUCH_NEVER)
		return SW_OK;
	nanosleep(&pause, NULL);
	return store_number("touch-refused", 0) ? SW_DENIED : SW_OK;
}

static bool is_pulled(void)
{
	int n = store_number("leave-after", -1);

	if (n > 0)
		store_set_number("leave-after", n - 1);
	return n == 0;
}

static uint16_t use_key(struct card *card, struct request *rq, EVP_PKEY *key, const uint8_t *in,
	size_t len, struct bytes *out)
{
	struct bytes signature = { .len = 0 };
	struct policy policy;
	uint16_t sw;

	store_policy(rq->p2, &policy);
	if ((policy.pin == PIN_ONCE && !card->pin_verified) ||
		(policy.pin == PIN_ALWAYS && !card->pin_fresh))
		return SW_DENIED;
	card->pin_fresh = false;
	card->gone = is_pulled();
	sw = wait_for_touch(&policy);
	if (sw != SW_OK)
		return sw;
	if (!key_sign(key, in, len, &signature))
		return SW_WRONG_DATA;
	bytes_add_tlv(out, 0x82, signature.data, signature.len);
	return SW_OK;
}

static uint16_t do_authenticate(struct card *card, struct request *rq)
{
	size_t len, challenge_len;
	const uint8_t *in = tlv_find(rq->in->data, rq->in->len, TAG_TEMPLATE, &len), *challenge;
	struct bytes out = { .len = 0 };
	EVP_PKEY *key;
	uint16_t sw;

	if (!in)
		return SW_WRONG_DATA;
	if (rq->p2 == MANAGEMENT_SLOT) {
		sw = auth_manage(card, in, len, &out);
	} else {
		challenge = tlv_find(in, len, 0x81, &challenge_len);
		key = store_key(rq->p2);
		if (!challenge || !key || rq->p1 != key_algorithm(key))
			sw = key ? SW_WRONG_DATA : SW_NO_REFERENCE;
		else
			sw = use_key(card, rq, key, challenge, challenge_len, &out);
		EVP_PKEY_free(key);
	}
	if (sw == SW_OK)
		bytes_add_tlv(&rq->out, TAG_TEMPLATE, out.data, out.len);
	return sw;
}

/* -- one command ------------------------------------------------------------------------- */

static uint16_t run(struct card *card, struct request *rq)
{
	switch (rq->ins) {
	case 0xa4:
		return do_select(card, rq);
	case 0xfd:
		return do_version(rq);
	case 0xf8:
		return do_serial(rq);
	case 0x20:
		return auth_verify(card, rq->p1, rq->p2, rq->in);
	case 0x24:
		return auth_change(card, rq->p2, rq->in);
	case 0x2c:
		return auth_unblock(card, rq->in);
	case 0xcb:
		return do_get_data(rq);
	case 0xdb:
		return do_put_data(card, rq);
	case 0xf7:
		return do_metadata(rq);
	case 0x47:
		return do_generate(card, rq);
	case 0xfe:
		return do_import(card, rq);
	case 0xf9:
		return do_attest(rq);
	case 0x87:
		return do_authenticate(card, rq);
	default:
		return SW_NO_INSTRUCTION;
	}
}

static void add_sw(struct bytes *answer, unsigned sw)
{
	const uint8_t two[] = { (uint8_t)(sw >> 8), (uint8_t)sw };

	bytes_add(answer, two, 2);
}

/* As much as was asked for, no byte more: OpenSC first asks for a few. */
static void give(struct card *card, size_t wanted, struct bytes *answer)
{
	size_t left = card->answer.len - card->answered, n = left < wanted ? left : wanted;

	bytes_add(answer, card->answer.data + card->answered, n);
	card->answered += n;
	left -= n;
	add_sw(answer, left ? 0x6100 + (left > 0xff ? 0 : (unsigned)left) : SW_OK);
}

void card_command(struct card *card, const uint8_t *apdu, size_t len, struct bytes *answer)
{
	size_t lc = len > 5 ? apdu[4] : 0, wanted = 256;
	struct request rq = { .in = &card->chain };
	uint16_t sw;

	if (len < 4 || (len > 5 && len != 5 + lc && len != 6 + lc)) {
		add_sw(answer, SW_WRONG_LENGTH);
		return;
	}
	if ((len == 5 || len == 6 + lc) && apdu[len - 1])
		wanted = apdu[len - 1];
	if (apdu[1] == 0xc0) {
		give(card, wanted, answer);
		return;
	}
	bytes_add(&card->chain, apdu + 5, lc);
	if (apdu[0] & 0x10) { /* there is more to come */
		add_sw(answer, SW_OK);
		return;
	}
	rq.ins = apdu[1];
	rq.p1 = apdu[2];
	rq.p2 = apdu[3];
	sw = run(card, &rq);
	store_log(apdu, len > 5 ? 5 : 4, sw);
	card->chain.len = 0;
	card->answer = rq.out;
	card->answered = 0;
	if (sw == SW_OK)
		give(card, wanted, answer);
	else
		add_sw(answer, sw);
}
