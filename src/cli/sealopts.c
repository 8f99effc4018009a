/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/sealopts.h"

static struct {
	unsigned parent;
	const char *pcrs, *policy_key;
	bool auth, recovery_auth;
} opt;

const struct option_def sealopts_table[] = {
	{ "auth", 0, NULL, OPT_FLAG, &opt.auth, NULL,
		"TPM: give the key an auth value, which each use needs. It is asked for, or taken "
		"from where a "
		"PIN is." },
	{ "pcr", 0, "PCRS", OPT_STRING, &opt.pcrs, NULL,
		"TPM: seal the key to these PCRs, so that it signs only while they are so: "
		"sha256:7,11 as they "
		"are now, sha256:7=HEX with that value." },
	{ "policy-key", 0, "URI", OPT_STRING, &opt.policy_key, NULL,
		"TPM: with a signature by this key (in a token, a TPM or a file) other PCR values "
		"can be "
		"approved later: modseal tpm approve." },
	{ "recovery-auth", 0, NULL, OPT_FLAG, &opt.recovery_auth, NULL,
		"TPM: give the key an auth value that does instead of the PCR values, for when "
		"they have "
		"changed." },
	{ "parent", 0, "HANDLE", OPT_HEX, &opt.parent, NULL,
		"TPM: put it under this persistent storage key (0x81000001), by default under the "
		"owner's "
		"primary storage key." },
	{ 0 },
};

int sealopts_fill(struct ms_context *ctx, struct ms_seal *seal, struct ms_error *err)
{
	*seal = (struct ms_seal){
		.parent = opt.parent,
		.auth = opt.auth,
		.pcrs = opt.pcrs,
		.recovery_auth = opt.recovery_auth,
	};
	return opt.policy_key ? ms_key_open(ctx, opt.policy_key, &seal->policy_key, err) : 0;
}
