/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/batch.h"
#include "src/cli/cli.h"
#include "src/cli/moduleopts.h"
#include "src/cli/output.h"
#include "src/cli/tpmkey.h"

#include <modseal/tpm.h>
#include <modseal/verify.h>

static void field(const char *name, const char *value)
{
	if (value)
		printf("  %-12s %s\n", name, value);
}

static void print_signature(const struct ms_signature *s)
{
	field("problem", s->problem);
	field("signer", s->signer);
	field("issuer", s->issuer);
	field("serial", s->serial);
	field("key id", s->key_id);
	field("digest", s->hash);
	if (s->algorithm)
		printf("  %-12s %s, %u bytes\n", "signature", s->algorithm, s->signature_bytes);
	if (s->signed_attributes)
		field("attributes", "signed attributes, which kernels refuse in modules");
	for (size_t i = 0; i < s->n_certs; i++)
		field("certificate", s->certs[i]);
	printf("  %-12s at byte %llu, CMS of %llu bytes, %llu in all\n", "position", s->offset,
		s->cms_size, s->size);
}

static void print_inspection(const struct ms_inspection *i)
{
	printf("%s: %s\n", i->path, ms_module_state_name(i->state));
	field("reason", i->reason);
	field("module", i->name);
	field("vermagic", i->vermagic);
	if (!i->elf_module)
		field("format", "not an ELF relocatable file");
	printf("  %-12s %s, %llu bytes on disk, %llu uncompressed, %llu without signature\n",
		"compression", i->compression, i->file_size, i->size, i->bare_size);
	for (size_t n = 0; n < i->n_signatures; n++) {
		if (n)
			printf("  below it, and not looked at by kernels:\n");
		print_signature(&i->signatures[n]);
	}
}

static struct json_object *json_signature(const struct ms_signature *s)
{
	struct json_object *o = json_object_new_object(), *certs = json_object_new_array();

	json_add_number(o, "offset", s->offset);
	json_add_number(o, "cms_size", s->cms_size);
	json_add_number(o, "size", s->size);
	json_add_text(o, "problem", s->problem);
	json_add_text(o, "signer", s->signer);
	json_add_text(o, "issuer", s->issuer);
	json_add_text(o, "serial", s->serial);
	json_add_text(o, "key_id", s->key_id);
	json_add_text(o, "hash", s->hash);
	json_add_text(o, "algorithm", s->algorithm);
	json_add_number(o, "signature_bytes", s->signature_bytes);
	json_add_bool(o, "signed_attributes", s->signed_attributes);
	for (size_t i = 0; i < s->n_certs; i++)
		json_object_array_add(certs, json_object_new_string(s->certs[i]));
	json_object_object_add(o, "certificates", certs);
	return o;
}

static void json_inspection(struct json_object *o, const struct ms_inspection *i)
{
	struct json_object *signatures = json_object_new_array();

	json_add_text(o, "state", ms_module_state_name(i->state));
	json_add_text(o, "reason", i->reason);
	json_add_text(o, "name", i->name);
	json_add_text(o, "vermagic", i->vermagic);
	json_add_bool(o, "elf_module", i->elf_module);
	json_add_text(o, "compression", i->compression);
	json_add_number(o, "file_size", i->file_size);
	json_add_number(o, "size", i->size);
	json_add_number(o, "bare_size", i->bare_size);
	for (size_t n = 0; n < i->n_signatures; n++)
		json_object_array_add(signatures, json_signature(&i->signatures[n]));
	json_object_object_add(o, "signatures", signatures);
}

static int inspect_one(const struct source_item *item, struct json_object *json,
	struct ms_error *err)
{
	const char *path = item->path;
	struct ms_inspection *i;
	int r;

	if (ms_tpm_is_key_file(path)) {
		r = tpmkey_show(path, json, err);
		return r < 0 ? r : OUTCOME_DONE;
	}
	r = ms_inspect(path, moduleopts_flags(), &i, err);
	if (r < 0)
		return r;
	if (json)
		json_inspection(json, i);
	else
		print_inspection(i);
	ms_inspection_free(i);
	return OUTCOME_DONE;
}

static int run(int argc, char **argv)
{
	struct batch batch = {
		.source = { .argc = argc, .argv = argv },
		.tally = { .done = "inspected", .json = moduleopts.json },
		.one = inspect_one,
	};

	return batch_run(&batch);
}

const struct command command_inspect = {
	.name = "inspect",
	.operands = "MODULE|DIR|KEYFILE...",
	.summary = "Show what modules carry, or explain a TPM key file.",
	.options = { moduleopts_read },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
