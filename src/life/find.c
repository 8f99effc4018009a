/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/engine.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/life/places.h"
#include "src/trust/root.h"

#include <glob.h>
#include <modseal/find.h>
#include <string.h>
#include <sys/stat.h>

struct find {
	const char *root;
	struct root top; /* the same */
	struct ms_context *ctx; /* asks nobody and tells nobody */
	struct ms_found_keys *found;
	struct stat *seen; /* of each found key: a file may be reached by two ways */
	struct ms_error *err;
};

static void glob_cleanup(glob_t *g)
{
	globfree(g);
}

MS_API void ms_found_keys_free(struct ms_found_keys *found)
{
	if (!found)
		return;
	for (size_t i = 0; i < found->n_keys; i++) {
		struct ms_found_key *k = &found->keys[i];

		free(k->path);
		free(k->what);
		free(k->type);
		free(k->cert);
		free(k->subject);
		free(k->problem);
	}
	free(found->keys);
	free(found);
}

/* A directory's name may hold what glob() takes for a pattern. NULL: no memory. */
static char *glob_quoted(const char *text, size_t len)
{
	char *quoted = malloc(2 * len + 1), *to = quoted;

	for (size_t i = 0; quoted && i < len; i++) {
		if (strchr("*?[\\", text[i]))
			*to++ = '\\';
		*to++ = text[i];
	}
	if (quoted)
		*to = '\0';
	return quoted;
}

/* 0 also when nothing matches: then gl_pathc is 0. */
static int match(
	const char *dir, size_t dir_len, const char *pattern, glob_t *g, struct ms_error *err)
{
	AUTO_FREE char *quoted = glob_quoted(dir, dir_len);
	AUTO_FREE char *whole = NULL;

	if (!quoted || asprintf(&whole, "%s/%s", quoted, pattern) < 0) {
		whole = NULL;
		return err_nomem(err);
	}
	return glob(whole, 0, NULL, g) == GLOB_NOSPACE ? err_nomem(err) : 0;
}

/* A regular file that no link on its way has brought in from outside of the root. */
static bool is_file_of_root(const struct find *f, const char *path, struct stat *st)
{
	return stat(path, st) == 0 && S_ISREG(st->st_mode) &&
		(f->top.live || root_is_same(&f->top, path + strlen(f->root), path));
}

/* -- who can read it --------------------------------------------------------------------- */

/* Whether all directories between root and the file have these bits. */
static bool can_reach(const struct find *f, const char *path, mode_t bits)
{
	AUTO_FREE char *dir = strdup(path);
	size_t root = strlen(f->root);
	struct stat st;
	char *slash;

	while (dir && (slash = strrchr(dir, '/')) && (size_t)(slash - dir) > root) {
		*slash = '\0';
		if (stat(dir, &st) < 0 || !(st.st_mode & bits))
			return false;
	}
	return dir != NULL;
}

static void look_at_mode(const struct find *f, struct ms_found_key *k, const struct stat *st)
{
	k->others = (st->st_mode & S_IROTH) && can_reach(f, k->path, S_IXOTH);
	k->group = (st->st_mode & S_IRGRP) && st->st_gid != 0 &&
		can_reach(f, k->path, S_IXGRP | S_IXOTH);
}

/* -- its certificate --------------------------------------------------------------------- */

/* "a/b/../c" is "a/c": no link is behind the ".." of a pattern. */
static void simplify(char *path)
{
	char *up = strstr(path, "/../"), *start = up;

	if (!up)
		return;
	while (start > path && start[-1] != '/')
		start--;
	memmove(start, up + 4, strlen(up + 4) + 1);
}

static int set_cert(
	struct find *f, struct ms_found_key *k, const char *path, X509 *cert, bool compared)
{
	free(k->cert);
	free(k->subject);
	k->cert = strdup(path);
	k->subject = cert_name_text(X509_get_subject_name(cert));
	k->compared = compared;
	if (k->cert)
		simplify(k->cert);
	return k->cert && k->subject ? 0 : err_nomem(f->err);
}

/* What is read of a key; pub is NULL if it is encrypted. */
struct look {
	EVP_PKEY *pub;
	X509 *cert; /* in the same file, or NULL */
};

static void look_cleanup(struct look *l)
{
	EVP_PKEY_free(l->pub);
	X509_free(l->cert);
}

/* 1: it is the key's. Without a key to compare with (it is encrypted) the first one is taken. */
static int try_cert(
	struct find *f, struct ms_found_key *k, const char *path, const struct look *key)
{
	STACK_OF(X509) *certs = NULL;
	struct stat st;
	X509 *cert;
	int r = 0;

	if (!is_file_of_root(f, path, &st) || cert_read_file(path, &certs, NULL) < 0)
		return 0;
	cert = sk_X509_value(certs, 0);
	if (key->pub && cert_fits_key(cert, key->pub))
		r = set_cert(f, k, path, cert, true) < 0 ? f->err->code : 1;
	else if (!key->pub && !k->cert)
		r = set_cert(f, k, path, cert, false);
	cert_stack_free(certs);
	return r;
}

static int find_cert(struct find *f, struct ms_found_key *k, const struct place *place,
	const struct look *key)
{
	const char *slash = strrchr(k->path, '/');
	int r = 0;

	if (key->cert)
		return set_cert(f, k, k->path, key->cert, true);
	for (size_t i = 0; place->certs[i] && r == 0; i++) {
		CLEANUP(glob_cleanup) glob_t g = { 0 };

		r = match(k->path, (size_t)(slash - k->path), place->certs[i], &g, f->err);
		for (size_t j = 0; j < g.gl_pathc && r == 0; j++)
			r = try_cert(f, k, g.gl_pathv[j], key);
	}
	return r < 0 ? r : 0;
}

/* -- the key ----------------------------------------------------------------------------- */

static int look_at_file(struct find *f, const char *path, struct look *l, struct ms_error *why)
{
	struct ms_key *key = NULL;
	int r = engine_file.open_key(f->ctx, path, &key, why);

	if (r < 0)
		return r;
	EVP_PKEY_up_ref(key->pub);
	l->pub = key->pub;
	l->cert = STEAL(key->cert);
	ms_key_free(key);
	return 0;
}

static int read_key(struct find *f, struct ms_found_key *k, const struct place *place)
{
	const struct engine *engine = engine_for(k->path);
	CLEANUP(look_cleanup) struct look key = { 0 };
	struct ms_error why = { 0 };
	char type[32];
	int r;

	k->in_tpm = engine->peek;
	r = engine->peek ? engine->peek(k->path, &key.pub, &key.cert, &why)
			 : look_at_file(f, k->path, &key, &why);
	if (r == MS_ERR_NOMEM)
		return err_nomem(f->err);
	if (r == MS_ERR_PIN) {
		k->encrypted = true;
	} else if (r < 0) {
		k->problem = strdup(why.message);
		return k->problem ? 0 : err_nomem(f->err);
	} else {
		key_type_name(key.pub, type, sizeof(type));
		k->type = strdup(type);
		if (!k->type)
			return err_nomem(f->err);
	}
	return find_cert(f, k, place, &key);
}

static bool is_known(const struct find *f, const struct stat *st)
{
	for (size_t i = 0; i < f->found->n_keys; i++)
		if (f->seen[i].st_dev == st->st_dev && f->seen[i].st_ino == st->st_ino)
			return true;
	return false;
}

static int add_key(struct find *f, const char *path, const struct place *place)
{
	struct ms_found_keys *found = f->found;
	struct ms_found_key *keys, *k;
	struct stat st, *seen;

	if (!is_file_of_root(f, path, &st) || is_known(f, &st))
		return 0;
	keys = reallocarray(found->keys, found->n_keys + 1, sizeof(*keys));
	if (keys)
		found->keys = keys;
	seen = reallocarray(f->seen, found->n_keys + 1, sizeof(*seen));
	if (seen)
		f->seen = seen;
	if (!keys || !seen)
		return err_nomem(f->err);
	seen[found->n_keys] = st;
	k = &keys[found->n_keys++];
	*k = (struct ms_found_key){ .path = strdup(path), .what = strdup(place->what) };
	if (!k->path || !k->what)
		return err_nomem(f->err);
	look_at_mode(f, k, &st);
	return read_key(f, k, place);
}

static int look_in(struct find *f, const struct place *place)
{
	CLEANUP(glob_cleanup) glob_t g = { 0 };
	int r = match(f->root, strlen(f->root), place->keys, &g, f->err);

	for (size_t i = 0; i < g.gl_pathc && r == 0; i++)
		r = add_key(f, g.gl_pathv[i], place);
	return r;
}

MS_API int ms_find_keys(const char *root, struct ms_found_keys **out, struct ms_error *err)
{
	AUTO_FREE char *dir = strdup(root ? root : "");
	struct ms_error own = { 0 };
	struct find f = { .root = dir,
		.top.fd = -1,
		.ctx = ms_context_new(),
		.err = &own,
		.found = calloc(1, sizeof(*f.found)) };
	int r = dir && f.ctx && f.found ? 0 : err_nomem(&own);

	while (r == 0 && *dir && dir[strlen(dir) - 1] == '/')
		dir[strlen(dir) - 1] = '\0';
	if (r == 0)
		r = root_open(*dir ? dir : NULL, &f.top, &own);
	for (size_t i = 0; places[i].what && r == 0; i++)
		r = look_in(&f, &places[i]);
	ms_context_free(f.ctx);
	free(f.seen);
	root_close(&f.top);
	if (r < 0) {
		ms_found_keys_free(f.found);
		if (err)
			*err = own;
		return r;
	}
	*out = f.found;
	return 0;
}
