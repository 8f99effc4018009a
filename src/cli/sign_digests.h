/* SPDX-License-Identifier: Apache-2.0 */
/* `modseal sign --digests`: digests signed where the modules are not. */
#ifndef MODSEAL_CLI_SIGN_DIGESTS_H
#define MODSEAL_CLI_SIGN_DIGESTS_H

#include "src/cli/options.h"
#include "src/cli/progress.h"

#include <modseal/farm.h>

extern const struct option_def sign_digests_table[];

/* Whether --digests was given. */
bool sign_digests_asked(void);
/* --root, or NULL. */
const char *sign_digests_root(void);
/* Reads the requests and fills in the digest that they need; *hash is --hash, MS_HASH_NONE without.
 * 0 or an exit status, after a message. */
int sign_digests_open(int *hash, bool any_file);

/* What goes along from sign's own options. */
struct sign_digests_options {
	const char *output;
	unsigned jobs;
	bool fail_fast, dry_run;
	enum progress_kind progress;
};
/* Returns an exit status. */
int sign_digests_run(struct ms_signer *signer, const struct sign_digests_options *options);
void sign_digests_close(void);

#endif
