/* SPDX-License-Identifier: Apache-2.0 */
#include "src/life/places.h"

#include <stddef.h>

const struct place places[] = {
	/* kbuild makes it when a kernel is built with CONFIG_MODULE_SIG_KEY's default. */
	{ "kernel build", "usr/src/*/certs/signing_key.pem", { "signing_key.x509" } },
	{ "kernel build", "certs/signing_key.pem", { "signing_key.x509" } }, /* the root is its tree */
	{ "kernel build", "lib/modules/*/build/certs/signing_key.pem", { "signing_key.x509" } },
	{ "kernel build", "lib/modules/*/source/certs/signing_key.pem", { "signing_key.x509" } },
	/* Ubuntu: update-secureboot-policy --new-key; guides for Debian use the same place. */
	{ "shim-signed's MOK", "var/lib/shim-signed/mok/*.priv", { "*.der", "*.pem" } },
	/* refind-install --localkeys */
	{ "rEFInd", "etc/refind.d/keys/*.key", { "*.crt", "*.cer" } },
	{ "DKMS", "var/lib/dkms/*.key", { "*.pub", "*.der" } },
	/* kmodgenca */
	{ "akmods", "etc/pki/akmods/private/*.priv", { "../certs/*.der" } },
	{ "sbctl", "usr/share/secureboot/keys/*/*.key", { "*.pem" } },
	{ "sbctl", "var/lib/sbctl/keys/*/*.key", { "*.pem" } },
	{ 0 },
};
