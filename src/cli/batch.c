/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/batch.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/cli.h"
#include "src/cli/outpath.h"
#include "src/cli/output.h"

#include <modseal/module.h>
#include <string.h>

struct run {
	struct batch *batch;
	bool output_is_dir;
	int first_failure; /* MS_ERR_* of the first module that failed */
	bool stop;         /* the key is gone: nothing further can be done */
};

/* Failures of the key are failures of every module to come. */
static bool key_failed(int code)
{
	return exit_status_of(code) == EXIT_STATUS_KEY || code == MS_ERR_NOMEM;
}

static void failed(struct run *run, const char *path, struct ms_error *err)
{
	/* Messages name the path where it is what failed; a key's failure names the key. */
	if (!strstr(err->message, path))
		err_prefix(err, "%s", path);
	print_error(err);
	if (run->batch->json) {
		struct json_object *o = json_object_new_object();

		json_add_text(o, "module", path);
		json_add_text(o, "result", "failed");
		json_add_error(o, err);
		json_print(o);
	}
	run->batch->n_failed++;
	if (!run->first_failure)
		run->first_failure = err->code;
	run->stop = key_failed(err->code);
}

static int destination(struct run *run, const char *path, const char *relative, char **dest,
	struct ms_error *err)
{
	const char *output = run->batch->output;
	int r;

	if (!output)
		return 0;
	if (run->output_is_dir) {
		r = outpath_make(output, relative, dest, err);
		if (r < 0)
			return r;
	} else {
		*dest = strdup(output);
		if (!*dest)
			return err_nomem(err);
	}
	return outpath_claim(*dest, path, err);
}

static void one_module(struct run *run, const char *path, const char *relative)
{
	struct batch *batch = run->batch;
	struct json_object *o = batch->json ? json_object_new_object() : NULL;
	struct ms_error err = { 0 };
	AUTO_FREE char *dest = NULL;
	int r = destination(run, path, relative, &dest, &err);

	if (o)
		json_add_text(o, "module", path);
	if (r == 0)
		r = batch->one(path, dest, o, &err);
	if (r < 0) {
		json_object_put(o);
		failed(run, path, &err);
		return;
	}
	if (o)
		json_print(o);
	if (r == BATCH_KEPT)
		batch->n_kept++;
	else if (r == BATCH_NO)
		batch->n_no++;
	else
		batch->n_done++;
}

static void one_operand(struct run *run, const char *operand)
{
	struct ms_walk *walk = NULL;
	struct ms_error err = { 0 };
	const char *path, *relative;
	unsigned long found = 0;
	int r = ms_walk_open(operand, &walk, &err);

	if (r < 0) {
		failed(run, operand, &err);
		return;
	}
	while (!run->stop && (r = ms_walk_next(walk, &path, &relative, &err)) != 0) {
		found++;
		if (r < 0)
			failed(run, operand, &err);
		else
			one_module(run, path, relative);
	}
	if (!found) {
		err_set(&err, MS_ERR_MODULE, "%s holds no kernel module", operand);
		err_hint(&err, "Files named *.ko, *.ko.gz, *.ko.xz and *.ko.zst are looked for.");
		failed(run, operand, &err);
	}
	ms_walk_close(walk);
}

static void summary(const struct batch *b)
{
	unsigned long all = b->n_done + b->n_kept + b->n_no + b->n_failed;

	if (b->json) {
		struct json_object *o = json_object_new_object(), *s = json_object_new_object();

		json_add_number(s, "modules", all);
		json_add_number(s, b->done, b->n_done);
		if (b->n_kept)
			json_add_number(s, "kept", b->n_kept);
		if (b->no)
			json_add_number(s, b->no, b->n_no);
		json_add_number(s, "failed", b->n_failed);
		json_object_object_add(o, "summary", s);
		json_print(o);
		return;
	}
	if (all == 1)
		return;
	printf("%lu modules: %lu %s", all, b->n_done, b->done);
	if (b->n_kept)
		printf(", %lu kept", b->n_kept);
	if (b->no)
		printf(", %lu %s", b->n_no, b->no);
	printf(", %lu failed\n", b->n_failed);
}

bool batch_output_is_dir(const struct batch *batch, int argc, char **argv)
{
	return batch->output && outpath_is_dir(batch->output, argc, argv);
}

int batch_run(struct batch *batch, int argc, char **argv)
{
	struct run run = { .batch = batch };

	run.output_is_dir = batch_output_is_dir(batch, argc, argv);
	for (int i = 0; i < argc && !run.stop; i++)
		one_operand(&run, argv[i]);
	summary(batch);
	outpath_forget();
	if (run.stop && batch->n_done + batch->n_kept && !batch->quiet)
		fprintf(stderr, "modseal: stopped; the modules that are not listed are as they were\n");
	if (run.first_failure &&
		(run.stop || !(batch->n_done + batch->n_kept + batch->n_no)))
		return exit_status_of(run.first_failure);
	return batch->n_failed || batch->n_no ? EXIT_STATUS_NO : EXIT_STATUS_OK;
}
