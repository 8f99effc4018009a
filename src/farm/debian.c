/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.json of Debian's code signing:
 *   {"packages": {"PACKAGE": {"trusted_certs": ["SHA-256", ...],
 *                             "files": [{"sig_type": "linux-module", "file": "PATH"}, ...]}}}
 * Older ones begin with the packages.
 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/digest.h"
#include "src/farm/base64.h"
#include "src/farm/formats.h"
#include "src/farm/names.h"
#include "src/sign/signer.h"

#include <string.h>

/* One that is a name, not a path, so that PACKAGE/PATH says where each ends. */
static int check_package(const struct farm_list *list, const char *package, struct ms_error *err)
{
	const char *fault = strchr(package, '/') ? "it holds '/'" : name_fault(package);

	if (!fault)
		return 0;
	return list_fault(list, 0, err, "the package name '%s' is refused: %s", package, fault);
}

static int wrong_shape(const struct farm_list *list, const char *package, const char *what,
	struct ms_error *err)
{
	return list_fault(list, 0, err, "package %s: %s", package, what);
}

/* 1 for a module that is now in the list, 0 for what is none. */
static int read_file(struct farm_list *list, const char *package, struct json_object *file,
	unsigned long place, const struct farm_want *want, struct ms_error *err)
{
	const char *type = json_text(file, "sig_type"), *path = json_text(file, "file");
	AUTO_FREE char *name = NULL;
	struct farm_entry *entry;
	int r;

	if (!type || !path)
		return wrong_shape(list, package,
			"each of its files needs \"sig_type\" and \"file\"", err);
	if (*path == '/')
		return list_fault(list, place, err, "the name '%s' is refused: it is absolute",
			path);
	if (asprintf(&name, "%s/%s", package, path) < 0) {
		name = NULL;
		return err_nomem(err);
	}
	r = list_add(list, name, place, &entry, err);
	if (r < 0)
		return r;
	if (!strcmp(type, "linux-module"))
		return 1;
	list_drop_last(list);
	if (strcmp(type, "efi") != 0)
		return list_fault(list, place, err, "the sig_type '%s' is unknown", type);
	want_skip(want, name, "an EFI program; modseal signs modules");
	return 0;
}

static int read_certs(const struct farm_list *list, const char *package, struct json_object *certs,
	struct debian_trusts *trusts, struct ms_error *err)
{
	struct debian_trust *packages, *trust;
	size_t n = json_object_array_length(certs);

	packages = reallocarray(trusts->packages, trusts->n + 1, sizeof(*packages));
	if (!packages)
		return err_nomem(err);
	trusts->packages = packages;
	trust = &packages[trusts->n++];
	*trust = (struct debian_trust){ strdup(package), calloc(n, sizeof(*trust->certs)), n };
	if (!trust->package || !trust->certs)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		struct json_object *text = json_object_array_get_idx(certs, i);

		if (!json_object_is_type(text, json_type_string) ||
			hex_decode(json_object_get_string(text), trust->certs[i],
				sizeof(*trust->certs)) < 0)
			return wrong_shape(list, package,
				"\"trusted_certs\" holds what is no SHA-256 in hex", err);
	}
	return 0;
}

static int read_package(struct farm_list *list, const char *package, struct json_object *o,
	const struct farm_want *want, struct debian_trusts *trusts, unsigned long *place,
	struct ms_error *err)
{
	struct json_object *files, *certs = NULL;
	bool modules = false;
	int r = check_package(list, package, err);

	if (r < 0)
		return r;
	if (!json_object_is_type(o, json_type_object) ||
		!json_object_object_get_ex(o, "files", &files) ||
		!json_object_is_type(files, json_type_array))
		return wrong_shape(list, package, "it has no list \"files\"", err);
	if (json_object_object_get_ex(o, "trusted_certs", &certs) &&
		!json_object_is_type(certs, json_type_array))
		return wrong_shape(list, package, "\"trusted_certs\" is no list", err);
	for (size_t i = 0; i < json_object_array_length(files); i++) {
		r = read_file(list, package, json_object_array_get_idx(files, i), ++*place, want,
			err);
		if (r < 0)
			return r;
		modules |= r > 0;
	}
	/* An empty list says that the code has no certificates of its own: that refuses none. */
	if (modules && certs && json_object_array_length(certs))
		return read_certs(list, package, certs, trusts, err);
	return 0;
}

int debian_read_requests(struct farm_list *list, const struct buf *text,
	const struct farm_want *want, struct debian_trusts *trusts, struct ms_error *err)
{
	unsigned long line, place = 0;
	AUTO_JSON struct json_object *o = json_read(text->data, text->len, &line);
	struct json_object *packages = NULL;
	int r = 0;

	if (!o)
		return list_fault(list, 0, err, "it is not one JSON object: see line %lu", line);
	if (!json_object_object_get_ex(o, "packages", &packages))
		packages = o;
	if (!json_object_is_type(packages, json_type_object))
		return list_fault(list, 0, err, "\"packages\" is no object");
	json_object_object_foreach(packages, package, value) {
		r = read_package(list, package, value, want, trusts, &place, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int listed(const struct debian_trust *trust, X509 *cert, struct ms_error *err)
{
	uint8_t print[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!X509_digest(cert, digest_md(MS_HASH_SHA256), print, &len))
		return ossl_err(err, MS_ERR_INTERNAL, "a certificate cannot be digested");
	for (size_t i = 0; i < trust->n; i++)
		if (!memcmp(trust->certs[i], print, sizeof(*trust->certs)))
			return 1;
	return 0;
}

int debian_check_trust(const struct debian_trusts *trusts, const struct ms_signer *signer,
	struct ms_error *err)
{
	for (size_t i = 0; i < trusts->n; i++) {
		const struct debian_trust *trust = &trusts->packages[i];
		int r = listed(trust, signer->cert, err);

		for (int j = 0; r == 0 && j < sk_X509_num(signer->chain); j++)
			r = listed(trust, sk_X509_value(signer->chain, j), err);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		err_set(err, MS_ERR_CERT,
			"package %s trusts certificates that this one is not among (trusted_certs)",
			trust->package);
		err_hint(err, "A kernel with those certificates would not take its signatures: "
			      "choose another key or another -c.");
		return MS_ERR_CERT;
	}
	return 0;
}

void debian_trusts_free(struct debian_trusts *trusts)
{
	for (size_t i = 0; i < trusts->n; i++) {
		free(trusts->packages[i].package);
		free(trusts->packages[i].certs);
	}
	free(trusts->packages);
	*trusts = (struct debian_trusts){ 0 };
}
