/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/mokopts.h"

#include "src/base/error.h"
#include "src/base/secret.h"
#include "src/cli/prompt.h"

static struct {
	const char *password_file, *hash_file;
} opt;

const struct option_def mokopts_table[] = {
	{ "password-file", 0, "FILE", OPT_STRING, &opt.password_file, NULL,
		"Take the password from the first line of this file (/dev/stdin: of standard "
		"input) instead "
		"of asking for it." },
	{ "hash-file", 0, "FILE", OPT_STRING, &opt.hash_file, NULL,
		"Take the password's hash from this file, as 'mokutil --generate-hash' and "
		"'openssl passwd "
		"-6' print it." },
	{ 0 },
};

static int ask(struct secret *password, struct ms_error *err)
{
	const struct ms_pin_request request = {
		.kind = MS_PIN_MOK,
		.target = "MokManager, which asks for it once at the next boot",
		.is_new = true,
	};

	fprintf(stderr,
		"The request is confirmed by a password at the next boot: 1 to %d characters, on a "
		"keyboard\nthat is taken for a US one (y and z, and punctuation, may lie "
		"elsewhere).\n",
		MS_MOK_PASSWORD_MAX);
	if (prompt_pin(NULL, &request, password->data, sizeof(password->data)) == 0)
		return 0;
	err_set(err, MS_ERR_PIN, "no password was given");
	err_hint(err,
		"Without a terminal it comes from --password-file, or its hash from --hash-file.");
	return MS_ERR_PIN;
}

int mokopts_password(struct ms_mok_password **password, struct ms_error *err)
{
	AUTO_SECRET struct secret *plain = NULL;
	int r;

	*password = NULL;
	if (opt.hash_file && opt.password_file)
		return err_set(
			err, MS_ERR_USAGE, "--password-file and --hash-file exclude each other");
	if (opt.hash_file)
		return ms_mok_password_from_hash(opt.hash_file, password, err);
	if (opt.password_file) {
		r = secret_read_file(opt.password_file, "password file", &plain, err);
	} else {
		plain = secret_new("", 0);
		r = plain ? ask(plain, err) : err_nomem(err);
	}
	return r < 0 ? r : ms_mok_password_new(plain->data, password, err);
}
