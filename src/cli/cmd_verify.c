/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/batch.h"
#include "src/cli/certlist.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/manifest.h"
#include "src/cli/moduleopts.h"
#include "src/cli/output.h"
#include "src/cli/prediction.h"

#include <modseal/verify.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct {
	struct option_list certs;
	const char *manifest, *root;
	bool kernel;
} opt;

static const struct option_def table[] = {
	{ "cert", 'c', "CERT", OPT_LIST, &opt.certs, NULL,
		"A certificate to trust: a file (PEM, all of it; or DER) or a PKCS#11 URI. May be "
		"given several times. Needed, unless there is a manifest or a kernel. With a kernel it is "
		"not trusted for that, but may help to tell whose a signature is." },
	{ "kernel", 0, NULL, OPT_FLAG, &opt.kernel, NULL,
		"Tell what this machine's kernel does with the modules. Root sees more." },
	{ "root", 0, "DIR", OPT_STRING, &opt.root, NULL,
		"Tell what another machine's kernel does with them: DIR is an image of it, or what 'modseal "
		"trust record' wrote." },
	{ "manifest", 0, "FILE", OPT_STRING, &opt.manifest, NULL,
		"Compare with what 'modseal sign --manifest' wrote: modules that were changed since, that "
		"are missing below the directories, or that are not in it." },
	{ "quiet", 'q', NULL, OPT_FLAG, &moduleopts.quiet, NULL, "Print no line for a module that is as it should be." },
	{ 0 },
};

static struct certlist trusted;

static struct manifest_entries manifest;
static bool whole_trees; /* directories were named, and nothing else */

static struct ms_machine *machine; /* whose kernel decides; NULL: certificates do */

/* What is found out about one module. */
struct finding {
	const struct ms_prediction *p;   /* NULL: no kernel */
	const struct ms_verification *v; /* NULL: no certificates */
	const char *manifest;            /* what the manifest says of it; NULL: there is none */
	bool fine;
};

static void print_verdict(const struct ms_verification *v)
{
	printf(": %s", ms_verdict_name(v->verdict));
	if (v->verdict == MS_VALID)
		printf(" (%s, %s)", v->signer, v->hash);
	else if (v->signer[0])
		printf(": %s (signer: %s)", v->reason, v->signer);
	else
		printf(": %s", v->reason);
	if (v->note[0])
		printf("; %s", v->note);
}

static void print_finding(const char *path, const struct finding *f)
{
	if (moduleopts.quiet && f->fine)
		return;
	printf("%s", path);
	if (f->v)
		print_verdict(f->v);
	if (f->p)
		prediction_print(f->p);
	if (f->manifest)
		printf(f->v || f->p ? "; manifest: %s" : ": %s", f->manifest);
	printf("\n");
}

static void json_finding(struct json_object *json, const struct finding *f)
{
	const struct ms_verification *v = f->v;

	if (v) {
		json_add_text(json, "verdict", ms_verdict_name(v->verdict));
		json_add_text(json, "reason", v->reason);
		json_add_text(json, "signer", v->signer[0] ? v->signer : NULL);
		json_add_text(json, "hash", v->hash[0] ? v->hash : NULL);
		json_add_text(json, "note", v->note[0] ? v->note : NULL);
	}
	if (f->p)
		prediction_json(json, f->p);
	if (f->manifest)
		json_add_text(json, "manifest", f->manifest);
}

static int compare(const struct source_item *item, struct finding *f, struct ms_error *err)
{
	const struct manifest_entry *entry = manifest_find(&manifest, item->name);
	unsigned char sha256[MANIFEST_SHA256];
	int r = ms_hash_file(item->path, MS_HASH_SHA256, sha256, err);

	if (r < 0)
		return r;
	if (!entry)
		f->manifest = "not in the manifest";
	else if (memcmp(entry->sha256, sha256, sizeof(sha256)) != 0)
		f->manifest = "changed since";
	else
		f->manifest = "same";
	f->fine &= entry && !strcmp(f->manifest, "same");
	return 0;
}

/* Whether the module's signature is accepted: adds to the finding. */
static int judge(const char *path, struct ms_verification *v, struct ms_prediction *p,
	struct finding *f, struct ms_error *err)
{
	int r = 0;

	if (machine) {
		r = ms_predict(path, moduleopts_flags(), machine, trusted.certs, trusted.n, p, err);
		f->p = p;
		f->fine &= r == 0 && p->verdict == MS_LOADS;
	} else if (trusted.n) {
		r = ms_verify(path, moduleopts_flags(), trusted.certs, trusted.n, v, err);
		f->v = v;
		f->fine &= r == 0 && v->verdict == MS_VALID;
	}
	return r;
}

static int verify_one(const struct source_item *item, struct json_object *json,
	struct ms_error *err)
{
	struct finding f = { .fine = true };
	struct ms_verification v;
	struct ms_prediction p;
	int r = opt.manifest ? compare(item, &f, err) : 0;
	bool same = f.fine;

	if (r == 0)
		r = judge(item->path, &v, &p, &f, err);
	if (r < 0)
		return r;
	if (json)
		json_finding(json, &f);
	else
		print_finding(item->path, &f);
	if (same && f.p && f.p->verdict == MS_LOAD_UNKNOWN)
		return OUTCOME_UNKNOWN;
	return f.fine ? OUTCOME_DONE : OUTCOME_NO;
}

static void missing(void *user, const char *name)
{
	static const struct finding f = { .manifest = "missing" };

	if (moduleopts.json) {
		struct json_object *o = json_object_new_object();

		json_add_text(o, "module", name);
		json_finding(o, &f);
		json_print(o);
	} else {
		print_finding(name, &f);
	}
	tally_count(user, OUTCOME_NO);
}

/* Modules are missing from a tree, not from a file. */
static void report_missing(struct tally *tally)
{
	if (whole_trees)
		manifest_unseen(&manifest, missing, tally);
}

static bool are_directories(int n, char **paths)
{
	struct stat st;

	for (int i = 0; i < n; i++)
		if (stat(paths[i], &st) < 0 || !S_ISDIR(st.st_mode))
			return false;
	return true;
}

static void name_outcomes(struct tally *tally)
{
	if (opt.kernel || opt.root) {
		tally->done = "loads";
		tally->no = "not accepted";
	} else {
		tally->done = opt.certs.n ? "valid" : "same";
		tally->no = opt.certs.n ? "not valid" : "not the same";
	}
}

static int run(int argc, char **argv)
{
	struct batch batch = {
		.source = { .argc = argc, .argv = argv },
		.tally = { .json = moduleopts.json, .quiet = moduleopts.quiet },
		.one = verify_one,
		.rest = report_missing,
	};
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	int r = keyopts_context() ? 0 : MS_ERR_NOMEM;

	if (opt.kernel && opt.root) {
		fprintf(stderr, "modseal verify: --kernel is this machine's, --root DIR another one's\n");
		return EXIT_STATUS_USAGE;
	}
	if (!opt.certs.n && !opt.manifest && !opt.kernel && !opt.root) {
		fprintf(stderr, "modseal verify: against which certificates? Name them with -c, or a "
				"kernel with --kernel or --root.\n");
		return EXIT_STATUS_USAGE;
	}
	name_outcomes(&batch.tally);
	if (r == 0 && (opt.kernel || opt.root))
		r = ms_machine_read(opt.root, NULL, &machine, &err);
	if (r == 0 && opt.manifest)
		r = manifest_read(opt.manifest, &manifest, &err);
	whole_trees = are_directories(argc, argv);
	if (r == 0)
		r = certlist_read(&trusted, &opt.certs, &err);
	if (r < 0) {
		print_error(&err);
		r = exit_status_of(r);
	} else {
		r = batch_run(&batch);
	}
	certlist_free(&trusted);
	ms_machine_free(machine);
	manifest_entries_free(&manifest);
	free(opt.certs.items);
	return r;
}

const struct command command_verify = {
	.name = "verify",
	.operands = "MODULE|DIR...",
	.summary = "Tell whether a kernel, or given certificates, accept modules.",
	.options = { table, moduleopts_read, keyopts_table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
