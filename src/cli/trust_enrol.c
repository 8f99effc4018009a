/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/mokopts.h"
#include "src/cli/output.h"
#include "src/cli/trust.h"
#include "src/cli/trust_pending.h"

#include <modseal/mok.h>
#include <stdlib.h>

static struct {
	const char *key, *root;
	bool remove, mokx, pending, revoke, force, json;
} opt;

static const struct option_def table[] = {
	{ "key", 'k', "URI", OPT_STRING, &opt.key, NULL,
		"The certificate that lies beside this key, instead of or besides CERT." },
	{ "delete", 0, NULL, OPT_FLAG, &opt.remove, NULL,
		"Ask for certificates to be deleted from the list instead." },
	{ "mokx", 0, NULL, OPT_FLAG, &opt.mokx, NULL,
		"Into the list of what is refused (MokListX) instead, so that nothing that the key "
		"signed is taken any more; with --delete, out of it." },
	{ "pending", 0, NULL, OPT_FLAG, &opt.pending, NULL,
		"Show what is asked for, and do nothing else." },
	{ "revoke-pending", 0, NULL, OPT_FLAG, &opt.revoke, NULL,
		"Take back all that is asked for." },
	{ "force", 0, NULL, OPT_FLAG, &opt.force, NULL,
		"Ask although it seems to be of no use; the reasons are told as warnings." },
	{ "root", 0, "DIR", OPT_STRING, &opt.root, NULL,
		"The machine below DIR (its /sys, /proc, /boot) instead of this one." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL,
		"Print one JSON object a line, a certificate each." },
	{ 0 },
};

/* One certificate of the command line. */
struct subject {
	struct ms_cert *cert;
	struct ms_mok_check check;
	bool refused, done;
	enum ms_mok_outcome outcome; /* if done */
};

struct request {
	enum ms_mok_action action;
	struct subject *subjects;
	size_t n;
	bool refused, needs_password;
};

/* -- certificates ---------------------------------------------------------------------------- */

static int open_key_cert(struct ms_context *ctx, struct ms_cert **cert, struct ms_error *err)
{
	struct ms_key *key = NULL;
	int r = ms_key_open(ctx, opt.key, &key, err);

	if (r == 0)
		r = ms_key_cert(key, cert, err);
	ms_key_free(key);
	return r;
}

static int open_certs(struct request *request, int n_refs, char **refs, struct ms_error *err)
{
	struct ms_context *ctx = keyopts_context();
	int r = ctx ? 0 : MS_ERR_NOMEM;

	for (int i = 0; i < n_refs && r == 0; i++)
		r = ms_cert_open(ctx, refs[i], &request->subjects[request->n++].cert, err);
	if (r == 0 && opt.key)
		r = open_key_cert(ctx, &request->subjects[request->n++].cert, err);
	return r;
}

/* -- what speaks against it ------------------------------------------------------------------ */

static bool refuses(const struct ms_mok_finding *f)
{
	return f->weight == MS_MOK_NEVER || (f->weight == MS_MOK_REFUSAL && !opt.force);
}

static void print_finding(const struct subject *s, const struct ms_mok_finding *f)
{
	fprintf(stderr, "modseal: %s\"%s\": %s\n",
		refuses(f) ? "" : "warning: ", ms_cert_subject(s->cert), f->text);
	if (f->hint[0])
		fprintf(stderr, "  %s\n", f->hint);
}

static int check(struct request *request, const struct ms_machine *m, struct ms_error *err)
{
	for (size_t i = 0; i < request->n; i++) {
		struct subject *s = &request->subjects[i];
		int r = ms_mok_check(m, request->action, s->cert, &s->check, err);

		if (r < 0)
			return r;
		for (size_t f = 0; f < s->check.n_findings; f++) {
			s->refused |= refuses(&s->check.findings[f]);
			print_finding(s, &s->check.findings[f]);
		}
		request->refused |= s->refused;
		request->needs_password |= !s->check.takes_back;
	}
	return 0;
}

/* -- the request ----------------------------------------------------------------------------- */

static int ask(struct request *request, struct ms_error *err)
{
	struct ms_cert **certs = calloc(request->n, sizeof(struct ms_cert *));
	enum ms_mok_outcome *outcomes = calloc(request->n, sizeof(*outcomes));
	struct ms_mok_password *password = NULL;
	int r = certs && outcomes ? 0 : MS_ERR_NOMEM;

	for (size_t i = 0; i < request->n && r == 0; i++)
		certs[i] = request->subjects[i].cert;
	if (r == 0 && request->needs_password)
		r = mokopts_password(&password, err);
	if (r == 0)
		r = ms_mok_ask(
			opt.root, request->action, certs, request->n, password, outcomes, err);
	for (size_t i = 0; i < request->n && r == 0; i++) {
		request->subjects[i].done = true;
		request->subjects[i].outcome = outcomes[i];
	}
	ms_mok_password_free(password);
	free(certs);
	free(outcomes);
	return r;
}

static const char *weight_name(const struct ms_mok_finding *f)
{
	return refuses(f) ? "refusal" : "warning";
}

static const char *outcome_name(const struct subject *s)
{
	if (!s->done)
		return s->refused ? "refused" : "not asked";
	return s->outcome == MS_MOK_ASKED ? "asked" : "taken back";
}

static void json_subject(const struct request *request, const struct subject *s)
{
	struct json_object *o = json_object_new_object(), *findings = json_object_new_array();
	char fingerprint[MOK_FINGERPRINT_SIZE];

	mok_fingerprint(s->cert, fingerprint);
	json_add_text(o, "action", mok_action_name(request->action));
	json_add_text(o, "subject", ms_cert_subject(s->cert));
	json_add_text(o, "fingerprint", fingerprint);
	json_add_text(o, "outcome", outcome_name(s));
	for (size_t i = 0; i < s->check.n_findings; i++) {
		struct json_object *f = json_object_new_object();

		json_add_text(f, "name", s->check.findings[i].name);
		json_add_text(f, "weight", weight_name(&s->check.findings[i]));
		json_add_text(f, "text", s->check.findings[i].text);
		json_object_array_add(findings, f);
	}
	json_object_object_add(o, "findings", findings);
	json_print(o);
}

/* shim's MokManager.c: the menu, its entries and its ten seconds. */
static void print_steps(void)
{
	const char *verb = opt.remove ? "Delete" : "Enroll";

	printf("At the next boot, at this machine's console:\n"
	       "  1. \"Press any key to perform MOK management\": press one, within 10 seconds.\n"
	       "  2. Choose \"%s MOK%s\", look at the key, choose \"Continue\".\n"
	       "  3. \"%s the key(s)?\": Yes; then the password.\n"
	       "  4. Choose \"Reboot\".\n"
	       "\"Continue boot\", or no key in time, drops the request: ask again then.\n",
		verb, opt.mokx ? "X" : "", verb);
}

static void print_subject(const struct request *request, const struct subject *s)
{
	char fingerprint[MOK_FINGERPRINT_SIZE];

	if (s->outcome == MS_MOK_TAKEN_BACK) {
		printf("no longer asked to %s: %s\n",
			mok_action_name(ms_mok_opposite(request->action)), ms_cert_subject(s->cert));
		return;
	}
	mok_fingerprint(s->cert, fingerprint);
	printf("asked to %s: %s\n  fingerprint, as MokManager shows it: %s\n",
		mok_action_name(request->action), ms_cert_subject(s->cert), fingerprint);
}

static void print_outcome(const struct request *request)
{
	bool asked = false;

	for (size_t i = 0; i < request->n; i++) {
		const struct subject *s = &request->subjects[i];

		if (opt.json)
			json_subject(request, s);
		else if (s->done)
			print_subject(request, s);
		asked |= s->done && s->outcome == MS_MOK_ASKED;
	}
	if (asked && !opt.json)
		print_steps();
}

static enum ms_mok_action action(void)
{
	if (opt.mokx)
		return opt.remove ? MS_MOK_UNREVOKE : MS_MOK_REVOKE;
	return opt.remove ? MS_MOK_DELETE : MS_MOK_ENROL;
}

static int run_request(int n_refs, char **refs)
{
	struct request request = { .action = action() };
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	struct ms_machine *m = NULL;
	int r;

	request.subjects = calloc((size_t)n_refs + 1, sizeof(*request.subjects));
	r = request.subjects ? open_certs(&request, n_refs, refs, &err) : MS_ERR_NOMEM;
	if (r == 0)
		r = ms_machine_read(opt.root, NULL, &m, &err);
	if (r == 0)
		r = check(&request, m, &err);
	if (r == 0 && !request.refused)
		r = ask(&request, &err);
	if (r < 0)
		print_error(&err);
	else
		print_outcome(&request);
	ms_machine_free(m);
	for (size_t i = 0; i < request.n; i++)
		ms_cert_free(request.subjects[i].cert);
	free(request.subjects);
	return r == 0 && request.refused ? EXIT_STATUS_NO : exit_status_of(r);
}

static int usage(const char *text)
{
	fprintf(stderr, "modseal trust enrol: %s\n", text);
	return EXIT_STATUS_USAGE;
}

static int run(int argc, char **argv)
{
	bool named = argc || opt.key;

	if (opt.pending + opt.revoke + opt.remove > 1)
		return usage("--delete, --pending and --revoke-pending exclude each other");
	if (opt.mokx && (opt.pending || opt.revoke))
		return usage("--pending and --revoke-pending are about all lists");
	if ((opt.pending || opt.revoke) && named)
		return usage("--pending and --revoke-pending go without a certificate");
	if (opt.pending)
		return trust_pending(opt.root, opt.json);
	if (opt.revoke)
		return trust_revoke_pending(opt.root);
	if (!named)
		return usage("which certificate? Name its file or URI, or its key with -k");
	return run_request(argc, argv);
}

const struct command command_trust_enrol = {
	.name = "trust enrol",
	.operands = "CERT...",
	.summary = "Ask shim to enrol a machine owner key's certificate, or delete it.",
	.options = { table, mokopts_table, keyopts_table },
	.min_operands = 0,
	.max_operands = -1,
	.run = run,
};
