/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/choices.h"

#include <modseal/farm.h>

const struct option_choice choices_hash[] = {
	{ "sha256", MS_HASH_SHA256 },
	{ "sha384", MS_HASH_SHA384 },
	{ "sha512", MS_HASH_SHA512 },
	{ "sha3-256", MS_HASH_SHA3_256 },
	{ "sha3-384", MS_HASH_SHA3_384 },
	{ "sha3-512", MS_HASH_SHA3_512 },
	{ 0 },
};

const struct option_choice choices_key_id[] = {
	{ "issuer", MS_KEY_ID_ISSUER },
	{ "ski", MS_KEY_ID_SKI },
	{ 0 },
};

const struct option_choice choices_farm_format[] = {
	{ "lines", MS_FARM_LINES },
	{ "debian", MS_FARM_DEBIAN },
	{ "cpio", MS_FARM_CPIO },
	{ 0 },
};
