/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cli.h"
#include "src/cli/output.h"
#include "src/cli/trust.h"

#include <modseal/certview.h>
#include <modseal/machine.h>
#include <string.h>

static struct {
	const char *root;
	bool json;
} opt;

static const struct option_def table[] = {
	{ "root", 0, "DIR", OPT_STRING, &opt.root, NULL,
		"Look at another machine: DIR is an image of it, or what 'modseal trust record' "
		"wrote." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL, "Print one JSON object a line." },
	{ 0 },
};

static const char *answer_name(enum ms_answer answer)
{
	return answer == MS_YES ? "yes" : answer == MS_NO ? "no" : "unknown";
}

/* -- state ---------------------------------------------------------------------------------- */

static const struct fact_line {
	const char *name, *words;
	size_t offset;
} lines[] = {
#define FACT(member, words)                                                                        \
	{                                                                                          \
#member, words, offsetof(struct ms_machine, member)                                \
	}
	FACT(release, "kernel"),
	FACT(distribution, "distribution"),
	FACT(config, "configuration"),
	FACT(efi, "booted by EFI"),
	FACT(secure_boot, "Secure Boot"),
	FACT(setup_mode, "setup mode"),
	FACT(mok_insecure, "shim's validation off"),
	FACT(mok_trusted, "MokListTrustedRT"),
	FACT(sbat, "SbatLevelRT"),
	FACT(sig_enforce, "module.sig_enforce"),
	FACT(lockdown, "lockdown"),
	FACT(modules_disabled, "modules disabled"),
#undef FACT
};
#define N_LINES (sizeof(lines) / sizeof(lines[0]))

static const struct ms_fact *fact_of(const struct ms_machine *m, const struct fact_line *line)
{
	return (const struct ms_fact *)(const void *)((const char *)m + line->offset);
}

static void print_state(const struct ms_machine *m)
{
	for (size_t i = 0; i < N_LINES; i++) {
		const struct ms_fact *f = fact_of(m, &lines[i]);

		printf("%-22s ", lines[i].words);
		if (f->answer == MS_UNKNOWN)
			printf("unknown: %s\n", f->unknown);
		else
			printf("%s\n",
				f->text && strcmp(f->text, "Y") && strcmp(f->text, "N") &&
						strcmp(f->text, "0") && strcmp(f->text, "1")
					? f->text
					: answer_name(f->answer));
	}
}

static void json_fact(struct json_object *o, const char *key, const struct ms_fact *f)
{
	struct json_object *fact = json_object_new_object();

	json_add_answer(fact, "is", f->answer);
	json_add_text(fact, "text", f->text);
	json_add_text(fact, "source", f->source);
	json_add_text(fact, "unknown", f->unknown);
	json_object_object_add(o, key, fact);
}

static void json_state(const struct ms_machine *m)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "what", "machine");
	json_add_text(o, "root", m->root);
	for (size_t i = 0; i < N_LINES; i++)
		json_fact(o, lines[i].name, fact_of(m, &lines[i]));
	json_print(o);
}

/* -- keyrings ------------------------------------------------------------------------------- */

/* One key or certificate, wherever it lies. Strings may be NULL. */
struct line {
	const char *where, *subject, *key_id;
	enum ms_answer taken; /* for modules */
	const char *why;
};

static void print_line(const struct line *l)
{
	printf("  %s\n    key id %s; for modules: %s, %s\n", l->subject,
		l->key_id ? l->key_id : "(none)", answer_name(l->taken), l->why);
}

static void json_line(const struct line *l)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "what", "key");
	json_add_text(o, "in", l->where);
	json_add_text(o, "subject", l->subject);
	json_add_text(o, "key_id", l->key_id);
	json_add_answer(o, "modules", l->taken);
	json_add_text(o, "why", l->why);
	json_print(o);
}

static void show_line(const struct line *l)
{
	if (opt.json)
		json_line(l);
	else
		print_line(l);
}

static void json_place(const char *name, const char *kind, const struct ms_fact *exists,
	const struct ms_fact *listed, size_t certs, size_t hashes, size_t cert_hashes, size_t other)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "what", kind);
	json_add_text(o, "name", name);
	json_fact(o, "exists", exists);
	if (listed)
		json_fact(o, "listed", listed);
	json_add_number(o, "certificates", certs);
	json_add_number(o, "hashes", hashes);
	json_add_number(o, "certificate_hashes", cert_hashes);
	json_add_number(o, "other", other);
	json_print(o);
}

struct counts {
	size_t keys, hashes, cert_hashes, links;
};

/* .blacklist holds hashes, "bin:" of images and "tbs:" of certificates, and revoked certificates;
 * .secondary_trusted_keys links to others. */
static struct counts count(const struct ms_keyring *ring)
{
	struct counts c = { 0 };

	for (size_t i = 0; i < ring->n_keys; i++) {
		const struct ms_keyring_key *k = &ring->keys[i];

		c.keys += !strcmp(k->type, "asymmetric");
		c.links += !strcmp(k->type, "keyring");
		c.cert_hashes += !strncmp(k->description, "tbs:", 4);
		c.hashes += !strncmp(k->description, "bin:", 4);
	}
	return c;
}

static void print_ring(const struct ms_keyring *ring, const struct counts *c, const char *why)
{
	const char *comma = ": ";

	printf("%s", ring->name);
	if (ring->exists.answer == MS_NO) {
		printf(": this kernel has none (%s)\n", ring->exists.source);
		return;
	}
	if (ring->listed.answer != MS_YES) {
		printf(": unknown: %s\n", ring->listed.unknown);
		return;
	}
	if (!ring->n_keys)
		printf(": empty");
	for (size_t i = 0; i < ring->n_keys; i++)
		if (!strcmp(ring->keys[i].type, "keyring")) {
			printf("%sholds %s", comma, ring->keys[i].description);
			comma = ", ";
		}
	if (c->hashes + c->cert_hashes)
		printf("%s%zu hashes of images, %zu of certificates", comma, c->hashes,
			c->cert_hashes);
	printf("\n  (%s)\n", why);
}

static void show_ring(const struct ms_machine *m, enum ms_keyring_name i)
{
	const struct ms_keyring *ring = &m->keyrings[i];
	struct counts c = count(ring);
	char why[240];
	struct line line = { .where = ring->name,
		.taken = ms_machine_keyring_counts(m, i, why, sizeof(why)),
		.why = why };

	if (opt.json)
		json_place(ring->name, "keyring", &ring->exists, &ring->listed, c.keys, c.hashes,
			c.cert_hashes, ring->n_keys - c.keys - c.hashes - c.cert_hashes - c.links);
	else
		print_ring(ring, &c, why);
	if (ring->listed.answer != MS_YES)
		return;
	for (size_t k = 0; k < ring->n_keys; k++) {
		if (strcmp(ring->keys[k].type, "asymmetric") != 0)
			continue;
		line.subject =
			ring->keys[k].subject ? ring->keys[k].subject : ring->keys[k].description;
		line.key_id = ring->keys[k].key_id;
		show_line(&line);
	}
}

static void show_loose(const struct ms_machine *m)
{
	struct line line = { .taken = MS_UNKNOWN, .why = "in which keyring it is is not known" };

	if (m->n_loose && !opt.json)
		printf("other keys in /proc/keys\n");
	for (size_t i = 0; i < m->n_loose; i++) {
		line.subject = m->loose[i].subject ? m->loose[i].subject : m->loose[i].description;
		line.key_id = m->loose[i].key_id;
		show_line(&line);
	}
}

/* -- firmware and shim ---------------------------------------------------------------------- */

static int show_cert(const struct ms_machine *m, const struct ms_store *store,
	const struct ms_cert *cert, struct ms_error *err)
{
	struct ms_standing standing;
	struct ms_cert_view *view = NULL;
	struct line line = { .where = store->name, .subject = ms_cert_subject(cert) };
	int r = ms_cert_view_new(cert, &view, err);

	if (r == 0)
		r = ms_machine_standing(m, cert, &standing, err);
	if (r == 0) {
		line.key_id = view->key_id;
		line.taken = standing.trusted;
		line.why = standing.why;
		show_line(&line);
	}
	ms_cert_view_free(view);
	return r;
}

static void print_store(const struct ms_store *store)
{
	printf("%s", store->name);
	if (store->exists.answer == MS_UNKNOWN)
		printf(": unknown: %s", store->exists.unknown);
	else if (store->exists.answer == MS_NO)
		printf(": none");
	else if (!store->n_certs && !store->n_hashes && !store->n_cert_hashes && !store->n_other)
		printf(": empty");
	if (store->n_hashes || store->n_cert_hashes)
		printf(": %zu hashes of images, %zu of certificates", store->n_hashes,
			store->n_cert_hashes);
	if (store->n_other)
		printf("; %zu entries that are not understood", store->n_other);
	printf("\n");
}

static int show_store(const struct ms_machine *m, enum ms_store_name i, struct ms_error *err)
{
	const struct ms_store *store = &m->stores[i];
	int r = 0;

	if (opt.json)
		json_place(store->name, "variable", &store->exists, NULL, store->n_certs,
			store->n_hashes, store->n_cert_hashes, store->n_other);
	else
		print_store(store);
	for (size_t k = 0; r == 0 && k < store->n_certs; k++)
		r = show_cert(m, store, store->certs[k], err);
	return r;
}

static int run(int argc, char **argv)
{
	struct ms_machine *m = NULL;
	struct ms_error err = { 0 };
	int r = ms_machine_read(opt.root, NULL, &m, &err);

	if (r == 0) {
		if (opt.json)
			json_state(m);
		else
			print_state(m);
		for (int i = 0; i < MS_KEYRINGS; i++)
			show_ring(m, (enum ms_keyring_name)i);
		show_loose(m);
	}
	for (int i = 0; r == 0 && i < MS_STORES; i++)
		r = show_store(m, (enum ms_store_name)i, &err);
	if (r == 0 && !m->privileged)
		fprintf(stderr, "modseal: not everything can be seen without root\n");
	ms_machine_free(m);
	if (r < 0)
		print_error(&err);
	return exit_status_of(r);
}

const struct command command_trust_list = {
	.name = "trust list",
	.operands = "",
	.summary = "List what kernel, firmware and shim hold, and what of it counts.",
	.options = { table },
	.min_operands = 0,
	.max_operands = 0,
	.run = run,
};
