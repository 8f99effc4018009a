/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/choices.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/manifest.h"
#include "src/cli/moduleopts.h"
#include "src/cli/output.h"
#include "src/cli/progress.h"
#include "src/cli/sign_digests.h"
#include "src/cli/source.h"
#include "src/cli/stop.h"
#include "src/cli/tally.h"

#include <modseal/batch.h>
#include <modseal/evidence.h>
#include <pthread.h>
#include <stdlib.h>

static struct {
	struct option_list keys;
	const char *cert, *chain, *manifest;
	int hash, key_id, durability, progress;
	unsigned jobs;
	const char *attestation_root;
	bool require_hardware, stack, keep_existing, dry_run, append, fail_fast, strict;
} opt = { .progress = -1 };

static const struct option_choice choices_durability[] = {
	{ "none", MS_DURABILITY_NONE },
	{ "batch", MS_DURABILITY_BATCH },
	{ "file", MS_DURABILITY_FILE },
	{ 0 },
};

static const struct option_choice choices_progress[] = {
	{ "none", PROGRESS_NONE },
	{ "terminal", PROGRESS_TERMINAL },
	{ "json", PROGRESS_JSON },
	{ 0 },
};

static const struct option_def table[] = {
	{ "key", 'k', "URI", OPT_LIST, &opt.keys, NULL,
		"The private key: a PKCS#11 URI, or a key file. Needed. Given several times, the keys "
		"have to be copies of one (a cluster of HSMs); they share the work, and one that fails, "
		"or is out of reach at the start, drops out." },
	{ "require-hardware", 0, NULL, OPT_FLAG, &opt.require_hardware, NULL,
		"Refuse a key of which its token does not say that it was made there and cannot leave it "
		"(modseal keys --check)." },
	{ "attestation-root", 0, "FILE", OPT_STRING, &opt.attestation_root, NULL,
		"With --require-hardware: refuse also a key for which its device has no attestation that "
		"leads to this root certificate." },
	{ "cert", 'c', "CERT", OPT_STRING, &opt.cert, NULL,
		"Its certificate: a file (PEM or DER) or a PKCS#11 URI. By default the one that lies "
		"beside the key: on the token with the same CKA_ID, or in the key's file." },
	{ "hash", 0, "NAME", OPT_CHOICE, &opt.hash, choices_hash,
		"The digest: sha256, sha384, sha512, sha3-256, sha3-384 or sha3-512. By default what the "
		"kernel that a module is for is signed with itself, if its configuration is found, else "
		"sha256." },
	{ "strict", 0, NULL, OPT_FLAG, &opt.strict, NULL,
		"Sign nothing if a module's kernel is known to be unable to check its signature. By "
		"default a warning says so." },
	{ "key-id", 0, "KIND", OPT_CHOICE, &opt.key_id, choices_key_id,
		"How the signature names its signer: issuer (issuer and serial number, default) or "
		"ski (subject key identifier)." },
	{ "embed-certs", 0, "FILE", OPT_STRING, &opt.chain, NULL,
		"Put the certificates of FILE into the signature, so that a kernel that trusts only "
		"their issuer can follow them: the signer's own and the CAs between." },
	{ "stack", 0, NULL, OPT_FLAG, &opt.stack, NULL,
		"Add a signature above those that are there. The kernel checks the last one only. By "
		"default all are replaced." },
	{ "keep-existing", 0, NULL, OPT_FLAG, &opt.keep_existing, NULL,
		"Leave alone a module whose signature verifies against this certificate." },
	{ "append", 0, NULL, OPT_FLAG, &opt.append, NULL,
		"Add the signature to the file itself, where that is unsigned, uncompressed and has one "
		"name; nothing of it is rewritten. Faster, but a kill can leave a signature cut short, "
		"which the next run mends." },
	{ "jobs", 'j', "N", OPT_UINT, &opt.jobs, NULL,
		"Have N signatures under way at once, for a token that is far away. By default as many as "
		"there are processors, or as the key can take if that is less; of several keys one each at "
		"least; 3 for a TPM, so that it has the next at hand." },
	{ "durability", 0, "WHEN", OPT_CHOICE, &opt.durability, choices_durability,
		"When data is on the disk: batch (default: before a few hundred modules at a time get "
		"their names, by one sync for all), file (each by its own), none (a power loss may leave "
		"empty modules)." },
	{ "manifest", 0, "FILE", OPT_STRING, &opt.manifest, NULL,
		"Add a line to FILE for each module that is done: what it was and is, who signed it, when. "
		"'modseal verify --manifest' compares a tree with it." },
	{ "fail-fast", 0, NULL, OPT_FLAG, &opt.fail_fast, NULL,
		"Stop at the first module that fails." },
	{ "dry-run", 'n', NULL, OPT_FLAG, &opt.dry_run, NULL,
		"Tell what would be done; open the key, but sign and write nothing." },
	{ "progress", 0, "KIND", OPT_CHOICE, &opt.progress, choices_progress,
		"How far it has come, on standard error: terminal (one line; the default on a terminal), "
		"json (an object a second) or none." },
	{ 0 },
};

static struct ms_signer *signer;
static struct ms_targets *targets;
static const char *key_type;
static struct manifest manifest = { .fd = -1 };

/* What the callbacks of the batch work on. */
struct run {
	struct source source;
	pthread_mutex_t report; /* around what is below: next() reports, too, while done() does */
	struct tally tally;
};

static const char *outcome(const struct ms_sign_result *r)
{
	if (r->kept)
		return "kept";
	if (opt.dry_run)
		return r->replaced ? "would be signed again" : "would be signed";
	return r->replaced ? "signed again" : "signed";
}

static void print_result(const char *path, const struct ms_sign_result *r)
{
	printf("%s: %s (%s)", path, outcome(r),
		r->kept ? "its signature verifies" : ms_hash_name(r->hash));
	if (r->mended)
		printf(", the %s cut off", ms_module_state_name(r->was));
	else if (r->replaced > 1)
		printf(", %u signatures replaced", r->replaced);
	if (r->same_as)
		printf(", the same file as %s", r->same_as);
	printf("\n");
}

static void json_result(struct json_object *o, const char *path, const char *dest,
	const struct ms_sign_result *r)
{
	const char *in_place = r->kept ? NULL : path;

	json_add_text(o, "result", outcome(r));
	json_add_text(o, "written", opt.dry_run ? NULL : dest ? dest : in_place);
	json_add_text(o, "hash", ms_hash_name(r->hash));
	json_add_text(o, "key_type", key_type);
	json_add_text(o, "was", ms_module_state_name(r->was));
	json_add_number(o, "replaced", r->replaced);
	json_add_bool(o, "mended", r->mended);
	json_add_number(o, "size", r->size);
	json_add_number(o, "cms_size", r->cms_size);
	if (r->same_as)
		json_add_text(o, "same_as", r->same_as);
}

static void print_done(const char *path, const char *dest, const struct ms_sign_result *result)
{
	struct json_object *o;

	if (!moduleopts.json) {
		if (!moduleopts.quiet)
			print_result(path, result);
		return;
	}
	o = json_object_new_object();
	json_add_text(o, "module", path);
	json_result(o, path, dest, result);
	json_print(o);
}

static void print_same(const struct source_item *item)
{
	if (moduleopts.json) {
		struct json_object *o = json_object_new_object();

		json_add_text(o, "module", item->path);
		json_add_text(o, "result", "kept");
		json_add_text(o, "same_as", item->same_as);
		json_print(o);
	} else if (!moduleopts.quiet) {
		printf("%s: kept (the same file as %s)\n", item->path, item->same_as);
	}
}

/* Around the lines of one module. */
static void begin_report(struct run *run)
{
	pthread_mutex_lock(&run->report);
	if (progress_shares_stdout())
		progress_aside();
}

static void end_report(struct run *run)
{
	if (progress_shares_stdout())
		progress_back();
	pthread_mutex_unlock(&run->report);
}

static void keep_same(struct run *run, const struct source_item *item)
{
	struct ms_error err;

	begin_report(run);
	if (opt.manifest &&
		manifest_claim_same(&manifest, item->same_as, item->path, item->name, &err) < 0) {
		tally_fail_at(&run->tally, item->place, item->path, &err);
	} else {
		print_same(item);
		tally_count(&run->tally, OUTCOME_KEPT);
	}
	end_report(run);
}

static int claim(struct run *run, const struct source_item *item, struct ms_error *err)
{
	int r;

	if (!opt.manifest)
		return 0;
	pthread_mutex_lock(&run->report);
	r = manifest_claim(&manifest, item->path, item->name, err);
	pthread_mutex_unlock(&run->report);
	return r;
}

/* The batch's items are the source's. */
static int next(void *user, struct ms_batch_item *item, struct ms_error *err)
{
	struct run *run = user;
	struct source_item *own = calloc(1, sizeof(*own));
	int r;

	if (!own)
		return err_nomem(err);
	while ((r = source_next(&run->source, own, err)) > 0 && own->same_as) {
		keep_same(run, own);
		source_item_release(own);
	}
	if (r == 0) {
		free(own);
		return 0;
	}
	if (r > 0 && claim(run, own, err) < 0)
		r = err->code;
	*item = (struct ms_batch_item){ own->path, own->dest, own };
	return r;
}

static void done(void *user, struct ms_batch_item *item, const struct ms_sign_result *result,
	const struct ms_error *err)
{
	struct run *run = user;
	const struct source_item *own = item->user;
	const char *path = item->path ? item->path : "?";

	begin_report(run);
	/* What befell the key ends the run, which says so once for all that were in hand. */
	if (err->code && !tally_is_fatal(err->code)) {
		tally_fail_at(&run->tally, own ? own->place : 0, path, err);
	} else if (!err->code) {
		print_done(path, item->dest, result);
		/* Where it cannot be written any more, the run is stopped. */
		if (opt.manifest)
			manifest_add(&manifest, path, own->name, outcome(result), key_type, result);
		tally_count(&run->tally, result->kept ? OUTCOME_KEPT : OUTCOME_DONE);
	}
	progress_step(path);
	end_report(run);
	if (item->user)
		source_item_release(item->user);
	free(item->user);
}

static bool stop(void *user)
{
	struct run *run = user;
	bool lost;

	pthread_mutex_lock(&run->report);
	lost = manifest.err.code != 0;
	pthread_mutex_unlock(&run->report);
	return lost || stop_asked();
}

static void key_lost(void *user, const struct ms_key *key, const struct ms_error *err)
{
	print_notice("%s dropped out: %s", ms_key_uri(key), err->message);
}

/* How many modules there are to come: known only by looking, which is worth it where somebody
 * watches. */
static unsigned long count(const struct source *source)
{
	struct source again = { .argc = source->argc, .argv = source->argv };
	struct source_item item;
	struct ms_error err;
	unsigned long n = 0;
	int r;

	while ((r = source_next(&again, &item, &err)) != 0) {
		n += r < 0 || source->output || !item.same_as;
		source_item_release(&item);
	}
	source_close(&again);
	return n;
}

/* With --strict all modules are looked at before the first is signed. True: one is not fit; which
 * ones is told. */
static bool some_unfit(const struct source *source, struct tally *tally)
{
	struct source again = { .argc = source->argc, .argv = source->argv };
	struct source_item item;
	unsigned long looked_at = 0;
	struct ms_error err;
	int r;

	while ((r = source_next(&again, &item, &err)) != 0) {
		looked_at++;
		/* What else is wrong with one is told when it is its turn. */
		if (r > 0 && ms_signer_check(signer, item.path, &err) == MS_ERR_UNSUPPORTED)
			tally_fail(tally, item.path, &err);
		source_item_release(&item);
	}
	source_close(&again);
	if (tally->n_failed)
		fprintf(stderr, "modseal: nothing was signed (--strict)\n");
	if (tally->n_failed && looked_at > 1)
		err_set(&tally->stopped, MS_ERR_STOPPED, "nothing was signed (--strict)");
	return tally->n_failed != 0;
}

static enum progress_kind progress_kind(void)
{
	return opt.progress < 0 ? progress_default() : (enum progress_kind)opt.progress;
}

static int sign_digests(void)
{
	struct sign_digests_options options = {
		.output = moduleopts.output,
		.jobs = opt.jobs,
		.fail_fast = opt.fail_fast,
		.dry_run = opt.dry_run,
		.progress = progress_kind(),
	};

	return sign_digests_run(signer, &options);
}

static bool is_left(struct run *run)
{
	struct source_item item;
	struct ms_error err;
	int r = source_next(&run->source, &item, &err);

	source_item_release(&item);
	return r != 0;
}

/* The first failure of --fail-fast may be the last module: then nothing was stopped. */
static bool was_stopped(struct run *run, int r)
{
	return r != MS_ERR_STOPPED || !opt.fail_fast || stop(run) || is_left(run);
}

static int sign_all(int argc, char **argv)
{
	struct run run = {
		.source = { .argc = argc, .argv = argv, .output = moduleopts.output,
			.sweep = !opt.dry_run, .dry_run = opt.dry_run },
		.report = PTHREAD_MUTEX_INITIALIZER,
		.tally = { .done = opt.dry_run ? "would be signed" : "signed", .json = moduleopts.json,
			.quiet = moduleopts.quiet },
	};
	struct ms_batch_options options = {
		.jobs = opt.jobs,
		.append = opt.append,
		.file_digests = opt.manifest != NULL,
		.fail_fast = opt.fail_fast,
		.durability = (enum ms_durability)opt.durability,
	};
	struct ms_batch_callbacks callbacks = { next, done, stop, &run };
	enum progress_kind kind = progress_kind();
	struct ms_error err = { 0 };
	int r;

	if (opt.strict && some_unfit(&run.source, &run.tally))
		return tally_finish(&run.tally);
	progress_begin(kind, kind == PROGRESS_NONE ? 0 : count(&run.source));
	ms_signer_set_key_lost(signer, key_lost, NULL);
	stop_on_signals();
	r = ms_batch_sign(signer, &options, &callbacks, &err);
	progress_end();
	if (manifest_close(&manifest) < 0)
		tally_stop(&run.tally, &manifest.err);
	else if (r < 0 && was_stopped(&run, r))
		tally_stop(&run.tally, &err);
	source_close(&run.source);
	return tally_finish(&run.tally);
}

/* Of several copies of a key one that is out of reach drops out, now as later. The keys are freed by the
 * caller, also after a failure; *n: how many there are. */
static int open_keys(struct ms_context *ctx, struct ms_key **keys, size_t *n, struct ms_error *err)
{
	struct ms_error unreachable = { 0 };

	for (size_t i = 0; i < opt.keys.n; i++) {
		int r = ms_key_open(ctx, opt.keys.items[i], &keys[*n], err);

		if (opt.keys.n > 1 && (r == MS_ERR_TOKEN || r == MS_ERR_TIMEOUT)) {
			print_notice("a copy of the key drops out: %s", err->message);
			unreachable = *err;
			continue;
		}
		if (r == 0 && opt.require_hardware)
			r = ms_key_require_hardware(keys[*n], opt.attestation_root, err);
		*n += keys[*n] != NULL;
		if (r < 0)
			return r;
	}
	if (*n)
		return 0;
	*err = unreachable;
	return unreachable.code;
}

static void notice(void *user, const char *text)
{
	print_notice("%s", text);
}

static int open_signer(struct ms_context *ctx, struct ms_key **keys, size_t *n_keys,
	struct ms_error *err)
{
	struct ms_sign_options options = {
		.hash = (enum ms_hash)opt.hash,
		.key_id = (enum ms_key_id)opt.key_id,
		.flags = moduleopts_flags(),
		.stack = opt.stack,
		.keep_existing = opt.keep_existing,
		.dry_run = opt.dry_run,
		.strict = opt.strict,
		.notice = notice,
	};
	struct ms_cert *cert = NULL, **chain = NULL;
	size_t n_chain = 0;
	int r = sign_digests_asked() ? 0 : ms_targets_new(sign_digests_root(), &targets, err);

	options.targets = targets;
	/* pkcs7_find_key() */
	if (opt.chain && opt.key_id == MS_KEY_ID_SKI)
		notice(NULL, "WARNING: kernels look a certificate that travels along up by issuer and "
			"serial number: with --key-id ski it is of no use to them");
	if (r == 0)
		r = open_keys(ctx, keys, n_keys, err);
	if (r == 0)
		r = opt.cert ? ms_cert_open(ctx, opt.cert, &cert, err)
			     : ms_key_cert(keys[0], &cert, err);
	if (r == 0 && opt.chain)
		r = ms_cert_open_all(opt.chain, &chain, &n_chain, err);
	options.chain = chain;
	options.n_chain = n_chain;
	if (r == 0)
		r = ms_signer_new(keys[0], cert, &options, &signer, err);
	for (size_t i = 1; r == 0 && i < *n_keys; i++)
		r = ms_signer_add_key(signer, keys[i], err);
	if (r == 0 && opt.manifest)
		r = manifest_set_cert(&manifest, cert, err);
	ms_cert_free(cert);
	ms_cert_list_free(chain, n_chain);
	return r;
}

static int usage(const char *what)
{
	fprintf(stderr, "modseal sign: %s\n", what);
	return EXIT_STATUS_USAGE;
}

static int check_usage(int argc)
{
	if (!argc && !sign_digests_asked())
		return usage("something is missing: which modules?");
	if (!opt.keys.n)
		return usage("which key? Name it with -k; 'modseal keys' lists those in tokens.");
	if (opt.stack && opt.keep_existing)
		return usage("--stack and --keep-existing exclude each other");
	if (opt.attestation_root && !opt.require_hardware)
		return usage("--attestation-root goes with --require-hardware");
	if (opt.manifest && opt.dry_run)
		return usage("--manifest and --dry-run exclude each other");
	if (!sign_digests_asked())
		return 0;
	if (argc)
		return usage("--digests is instead of modules: name the one or the others");
	if (opt.stack || opt.keep_existing || opt.append || opt.manifest || opt.strict ||
		moduleopts.json)
		return usage("--stack, --keep-existing, --append, --manifest, --strict and --json don't go "
			     "with --digests");
	return sign_digests_open(&opt.hash, moduleopts.any_file);
}

static int run(int argc, char **argv)
{
	struct ms_context *ctx = keyopts_context();
	struct ms_key **keys;
	size_t n_keys = 0;
	struct ms_error err = { 0 };
	int r = check_usage(argc);

	if (r)
		return r;
	keys = calloc(opt.keys.n, sizeof(*keys));
	if (!ctx || !keys) {
		fprintf(stderr, "modseal: out of memory\n");
		free(keys);
		return EXIT_STATUS_MACHINE;
	}
	r = opt.manifest ? manifest_open(&manifest, opt.manifest, &err) : 0;
	if (r == 0)
		r = open_signer(ctx, keys, &n_keys, &err);
	if (r < 0) {
		print_error(&err);
		r = exit_status_of(r);
	} else {
		key_type = ms_key_type(keys[0]);
		r = sign_digests_asked() ? sign_digests() : sign_all(argc, argv);
	}
	sign_digests_close();
	ms_signer_free(signer);
	ms_targets_free(targets);
	for (size_t i = 0; i < n_keys; i++)
		ms_key_free(keys[i]);
	free(keys);
	free(opt.keys.items);
	return r;
}

const struct command command_sign = {
	.name = "sign",
	.operands = "MODULE|DIR... | --digests FILE",
	.summary = "Sign modules, or all modules below directories.",
	.options = { table, moduleopts_write, sign_digests_table, keyopts_table },
	.min_operands = 0,
	.max_operands = -1,
	.run = run,
};
