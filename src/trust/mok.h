/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of requests to MokManager. */
#ifndef MODSEAL_TRUST_MOK_H
#define MODSEAL_TRUST_MOK_H

#include "src/crypto/cert.h"
#include "src/trust/efivar.h"
#include "src/trust/esl.h"

#include <modseal/mok.h>

/* A list of signatures as it was read. Zero-initialise it; release it with mok_list_free(). */
struct mok_list {
	struct efivar var; /* var.found: whether there is such a variable */
	struct esl esl;	   /* points into it */
};
void mok_list_free(struct mok_list *list);
#define AUTO_MOK_LIST __attribute__((cleanup(mok_list_free)))

struct mok_names {
	const char *request, *auth; /* the variables of the request: "MokNew", "MokAuth" */
	const char *list;	    /* what it is about: "MokListRT" */
	bool adds;		    /* to that list */
};
extern const struct mok_names mok_names[MS_MOK_ACTIONS];

/* The request's variable. */
int mok_read_request(
	const char *root, enum ms_mok_action action, struct mok_list *list, struct ms_error *err);
/* MokListRT, MokListXRT. */
int mok_read_shim(const char *root, const char *name, struct mok_list *list, struct ms_error *err);
/* A certificate's entry; NULL: it is not there, or memory is out (which is told later). */
const struct esl_entry *mok_find(const struct mok_list *list, const struct ms_cert *cert);

#endif
