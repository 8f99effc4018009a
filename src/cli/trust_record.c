/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/cli.h"
#include "src/cli/trust.h"

#include <errno.h>
#include <modseal/life.h>
#include <modseal/machine.h>
#include <modseal/verify.h>
#include <sys/stat.h>

static int make_certs_dir(const char *dir, struct ms_error *err)
{
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/modseal/certs", dir) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	if (mkdir(path, 0755) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be made", path);
	return 0;
}

static void notice(void *user, const char *text)
{
	(void)user;
	fprintf(stderr, "modseal: %s\n", text);
}

/* What the kernel's image has, so that the recording does without it. */
static int record_certs(const char *dir, struct ms_error *err)
{
	struct ms_machine *m = NULL;
	struct ms_cert **certs = NULL;
	size_t n = 0;
	int r = ms_machine_read(NULL, NULL, &m, err);

	if (r == 0)
		r = ms_kernel_certs(m, &certs, &n, err);
	if (r == 0 && n)
		r = make_certs_dir(dir, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/modseal/certs/builtin-%zu.der", dir, i + 1) < 0) {
			path = NULL;
			r = err_nomem(err);
		} else {
			r = ms_cert_write(certs[i], path, err);
		}
	}
	ms_cert_list_free(certs, n);
	ms_machine_free(m);
	return r;
}

static int run(int argc, char **argv)
{
	struct ms_error err = { 0 };
	int r = ms_machine_record(argv[0], notice, NULL, &err);

	if (r == 0)
		r = record_certs(argv[0], &err);

	(void)argc;
	if (r < 0)
		print_error(&err);
	else
		printf("this machine is recorded below %s\n", argv[0]);
	return exit_status_of(r);
}

const struct command command_trust_record = {
	.name = "trust record",
	.operands = "DIR",
	.summary = "Record what decides about modules here, for --root elsewhere.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
