/* SPDX-License-Identifier: Apache-2.0 */
/* How a struct ms_machine is filled. Out of memory is noted in it, so that a fact is one line. */
#ifndef MODSEAL_TRUST_FACT_H
#define MODSEAL_TRUST_FACT_H

#include "src/trust/kconfig.h"
#include "src/trust/root.h"

#include <modseal/machine.h>

struct ms_machine_private {
	struct root root;
	bool nomem;
	bool running; /* the release is that of /proc/version: what /proc says is about it */
	struct kconfig config;
	char *crypto;  /* /proc/crypto, or NULL */
	char *aliases; /* modules.alias of the release, or NULL */
	char *deps;    /* modules.dep */
	char *modules; /* their directory, "/lib/modules/6.1.0-53-amd64" */
	/* Left here by src/verify/kernel_image.c. */
	void *image_certs;
	void (*free_image_certs)(void *certs);
};

/* A fact that is known; text may be NULL, source not. Replaces what it was. */
void fact_set(struct ms_machine *m, struct ms_fact *fact, enum ms_answer answer,
	const char *source, const char *text);
/* One that is not known, and why. */
void fact_unknown(struct ms_machine *m, struct ms_fact *fact, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void fact_free(struct ms_fact *fact);
/* A file as a fact: its text, which the caller may look at (fact->text) and judge; answer MS_YES.
 * False, and the fact unknown, when it cannot be read. */
bool fact_file(struct ms_machine *m, struct ms_fact *fact, const char *path);

/* What fills which facts. They rely on those before them. */
void facts_of_kernel(struct ms_machine *m, const char *release); /* version ... cmdline */
void facts_of_state(struct ms_machine *m);  /* sig_enforce, lockdown, taint, ... */
void facts_of_crypto(struct ms_machine *m); /* crypto, modprobe */
void facts_of_firmware(struct ms_machine *m);
void facts_of_keyrings(struct ms_machine *m);

/* ms_machine_read() of what configuration, installed modules and /proc/crypto tell: nothing that
 * takes long or needs root. `root` NULL is this machine. */
int machine_of_release(const char *root, const char *release, struct ms_machine **machine,
	struct ms_error *err);

#define LOG_FILE "/modseal/dmesg" /* of a recorded machine */

#endif
