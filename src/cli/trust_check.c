/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/certlist.h"
#include "src/cli/choices.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/output.h"
#include "src/cli/prediction.h"
#include "src/cli/trust.h"

#include <modseal/verify.h>
#include <string.h>

static struct {
	const char *root;
	struct option_list certs;
	int hash;
	bool json;
} opt;

static const struct option_def table[] = {
	{ "root", 0, "DIR", OPT_STRING, &opt.root, NULL,
		"Ask another machine's kernel: DIR is an image of it, or what 'modseal trust "
		"record' "
		"wrote." },
	{ "cert", 'c', "CERT", OPT_LIST, &opt.certs, NULL,
		"A certificate's file that may help to tell whose a module's signature is. May be "
		"given "
		"several times." },
	{ "hash", 0, "NAME", OPT_CHOICE, &opt.hash, choices_hash,
		"For a certificate: the digest that modules are signed with. By default the "
		"kernel's own, "
		"or sha256." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL, "Print one JSON object a line." },
	{ 0 },
};

static struct certlist helpers;

/* A module is told by what it is, not by its name. */
static bool is_module(const char *ref)
{
	struct ms_inspection *inspection = NULL;
	bool is = strncmp(ref, "pkcs11:", 7) != 0 && ms_inspect(ref, 0, &inspection, NULL) == 0;

	ms_inspection_free(inspection);
	return is;
}

static int ask(const struct ms_machine *m, const char *ref, bool module, struct ms_prediction *p,
	struct ms_error *err)
{
	struct ms_cert *cert = NULL;
	int r;

	if (module)
		return ms_predict(ref, 0, m, helpers.certs, helpers.n, p, err);
	r = ms_cert_open(keyopts_context(), ref, &cert, err);
	if (r == 0)
		r = ms_predict_signer(cert, (enum ms_hash)opt.hash, m, p, err);
	ms_cert_free(cert);
	return r;
}

static void print(const char *ref, bool module, const struct ms_prediction *p)
{
	struct json_object *o;

	if (!opt.json) {
		printf(module ? "%s" : "a module that is signed by %s", ref);
		prediction_print(p);
		printf("\n");
		return;
	}
	o = json_object_new_object();
	json_add_text(o, module ? "module" : "cert", ref);
	prediction_json(o, p);
	json_print(o);
}

static int run(int argc, char **argv)
{
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	struct ms_machine *m = NULL;
	int r = keyopts_context() ? ms_machine_read(opt.root, NULL, &m, &err) : MS_ERR_NOMEM;
	bool no = false, unknown = false;

	if (r == 0)
		r = certlist_read(&helpers, &opt.certs, &err);
	for (int i = 0; r == 0 && i < argc; i++) {
		bool module = is_module(argv[i]);
		struct ms_prediction p;

		r = ask(m, argv[i], module, &p, &err);
		if (r < 0)
			break;
		print(argv[i], module, &p);
		no |= p.verdict == MS_REFUSED || p.verdict == MS_TAINTS;
		unknown |= p.verdict == MS_LOAD_UNKNOWN;
	}
	certlist_free(&helpers);
	free(opt.certs.items);
	ms_machine_free(m);
	if (r < 0) {
		print_error(&err);
		return exit_status_of(r);
	}
	return no ? EXIT_STATUS_NO : unknown ? EXIT_STATUS_UNKNOWN : EXIT_STATUS_OK;
}

const struct command command_trust_check = {
	.name = "trust check",
	.operands = "CERT|MODULE...",
	.summary = "Tell whether the kernel loads what a certificate's key signs.",
	.options = { table, keyopts_table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
