/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/signer.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <string.h>

enum cms_sid signer_sid(enum ms_key_id key_id)
{
	return key_id == MS_KEY_ID_SKI ? CMS_SID_KEY_ID : CMS_SID_ISSUER_SERIAL;
}

static int check_cert(const struct ms_key *key, X509 *cert, struct ms_error *err)
{
	AUTO_FREE char *subject = cert_name_text(X509_get_subject_name(cert));

	if (cert_fits_key(cert, key->pub))
		return 0;
	err_set(err, MS_ERR_CERT, "the certificate \"%s\" is not of the key %s",
		subject ? subject : "?", key->uri);
	err_hint(err, "Name the certificate of this key with -c, or the key of this certificate "
		      "with -k; modseal keys lists both.");
	return MS_ERR_CERT;
}

/* A CMS around nothing: fails now if it would fail for every module later. */
static int try_cms(struct ms_signer *s, enum ms_hash hash, struct ms_error *err)
{
	AUTO_BUF struct buf cms = { 0 };

	return cms_form_fill(&s->forms[hash], (const uint8_t *)"", 0, &cms, err);
}

/* What kernels may want besides the signer's own digest: as far as the key can. */
static void try_others(struct ms_signer *s, struct ms_key *key)
{
	for (enum ms_hash hash = MS_HASH_SHA256; hash <= MS_HASH_SHA3_512; hash++) {
		if (s->inputs[hash] || try_cms(s, hash, NULL) < 0)
			continue;
		s->inputs[hash] = key->ops->can(key, hash, NULL);
	}
}

static int copy_chain(struct ms_signer *s, const struct ms_sign_options *options,
	struct ms_error *err)
{
	if (!options->n_chain)
		return 0;
	s->chain = sk_X509_new_null();
	for (size_t i = 0; s->chain && i < options->n_chain; i++) {
		X509 *x509 = options->chain[i]->x509;

		if (!sk_X509_push(s->chain, x509))
			return err_nomem(err);
		X509_up_ref(x509);
	}
	return s->chain ? 0 : err_nomem(err);
}

static void init_forms(struct ms_signer *s)
{
	for (int hash = 0; hash <= MS_HASH_SHA3_512; hash++)
		cms_form_init(&s->forms[hash], s->cert, signer_sid(s->options.key_id),
			(enum ms_hash)hash, s->chain);
}

MS_API int ms_signer_new(struct ms_key *key, const struct ms_cert *cert,
	const struct ms_sign_options *options, struct ms_signer **signer, struct ms_error *err)
{
	struct ms_signer *s;
	int r;

	r = check_cert(key, cert->x509, err);
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err);
	pool_init(&s->pool);
	pthread_mutex_init(&s->choice, NULL);
	s->options = *options;
	s->hash_given = options->hash != MS_HASH_NONE;
	if (!s->options.hash)
		s->options.hash = MS_HASH_SHA256;
	s->cert = cert->x509;
	X509_up_ref(s->cert);
	r = copy_chain(s, options, err);
	if (r == 0)
		r = pool_add(&s->pool, key, err);
	if (r == 0 && !ms_hash_can_sign(s->options.hash))
		r = err_set(err, MS_ERR_USAGE, "new signatures are not made with %s",
			ms_hash_name(s->options.hash));
	if (r == 0) {
		s->inputs[s->options.hash] = key->ops->can(key, s->options.hash, err);
		if (s->inputs[s->options.hash] == KEY_INPUT_NONE)
			r = MS_ERR_KEY;
	}
	init_forms(s);
	if (r == 0)
		r = try_cms(s, s->options.hash, err);
	if (r == 0 && s->options.targets && !s->hash_given)
		try_others(s, key);
	if (r < 0) {
		ms_signer_free(s);
		return r;
	}
	*signer = s;
	return 0;
}

MS_API void ms_signer_free(struct ms_signer *s)
{
	if (!s)
		return;
	X509_free(s->cert);
	sk_X509_pop_free(s->chain, X509_free);
	for (int hash = 0; hash <= MS_HASH_SHA3_512; hash++)
		cms_form_free(&s->forms[hash]);
	signer_forget_choices(s);
	pthread_mutex_destroy(&s->choice);
	pool_destroy(&s->pool);
	free(s);
}

MS_API int ms_signer_add_key(struct ms_signer *s, struct ms_key *key, struct ms_error *err)
{
	enum key_input input = key->ops->can(key, s->options.hash, err);

	if (input == KEY_INPUT_NONE)
		return MS_ERR_KEY;
	for (enum ms_hash hash = MS_HASH_SHA256; hash <= MS_HASH_SHA3_512; hash++)
		if (hash != s->options.hash && key->ops->can(key, hash, NULL) != s->inputs[hash])
			s->inputs[hash] = KEY_INPUT_NONE;
	if (input != s->inputs[s->options.hash])
		return err_set(err, MS_ERR_KEY, "%s has to be signed with in another way than %s",
			key->uri, s->pool.keys[0].key->uri);
	return pool_add(&s->pool, key, err);
}

MS_API void ms_signer_set_key_lost(struct ms_signer *s, ms_key_lost_fn *lost, void *user)
{
	s->pool.key_lost = lost;
	s->pool.user = user;
}

MS_API enum ms_hash ms_signer_hash(const struct ms_signer *signer)
{
	return signer->options.hash;
}

uint64_t signer_keep_len(const struct module *m, bool stack)
{
	return stack && m->tail == MODULE_SIGNED ? m->size : m->bare_len;
}

static int sign_message(struct ms_signer *s, struct module *m, uint64_t len, enum ms_hash hash,
	struct pool_hold *hold, uint8_t *sig, size_t *sig_len, struct ms_error *err)
{
	AUTO_FREE uint8_t *message = malloc(len ? len : 1);
	int r;

	if (!message)
		return err_nomem(err);
	r = module_read(m, 0, message, len, err);
	if (r < 0)
		return r;
	return pool_sign(&s->pool, hold, KEY_INPUT_MESSAGE, hash, message, len, sig, sig_len,
		err);
}

static int sign_digest(struct ms_signer *s, struct module *m, uint64_t len, enum ms_hash hash,
	struct pool_hold *hold, uint8_t *sig, size_t *sig_len, struct ms_error *err)
{
	uint8_t digest[MS_HASH_MAX_SIZE];
	int r = module_digest(m, len, hash, digest, err);

	if (r < 0)
		return r;
	return pool_sign(&s->pool, hold, KEY_INPUT_DIGEST, hash, digest, ms_hash_size(hash), sig,
		sig_len, err);
}

int signer_make_cms(struct ms_signer *s, struct module *m, uint64_t len, enum ms_hash hash,
	struct pool_hold *hold, struct buf *cms, struct ms_error *err)
{
	uint8_t sig[KEY_SIG_MAX];
	size_t sig_len = 0;
	int r;

	if (s->inputs[hash] == KEY_INPUT_MESSAGE)
		r = sign_message(s, m, len, hash, hold, sig, &sig_len, err);
	else
		r = sign_digest(s, m, len, hash, hold, sig, &sig_len, err);
	if (r < 0)
		return r;
	return cms_form_fill(&s->forms[hash], sig, sig_len, cms, err);
}

int signer_sign_digest(struct ms_signer *s, const uint8_t *digest, size_t len,
	struct pool_hold *hold, struct buf *raw, struct buf *cms, struct ms_error *err)
{
	/* A call that never comes back may go on reading it. */
	uint8_t own[MS_HASH_MAX_SIZE], sig[KEY_SIG_MAX];
	size_t sig_len = 0;
	int r;

	if (len != ms_hash_size(s->options.hash))
		return err_set(err, MS_ERR_USAGE, "a digest of %zu bytes is no %s", len,
			ms_hash_name(s->options.hash));
	if (s->inputs[s->options.hash] != KEY_INPUT_DIGEST) {
		err_set(err, MS_ERR_KEY, "%s signs what it hashes itself, no digests",
			s->pool.keys[0].key->uri);
		err_hint(err, "Sign the modules themselves with this key.");
		return MS_ERR_KEY;
	}
	memcpy(own, digest, len);
	r = pool_sign(&s->pool, hold, KEY_INPUT_DIGEST, s->options.hash, own, len, sig, &sig_len, err);
	if (r < 0)
		return r;
	if (buf_add(raw, sig, sig_len) < 0)
		return err_nomem(err);
	return cms_form_fill(&s->forms[s->options.hash], sig, sig_len, cms, err);
}

int signer_write(struct module *m, uint64_t keep, const struct buf *cms, const char *dest,
	struct ms_error *err)
{
	AUTO_BUF struct buf tail = { 0 };
	int r = module_tail_build(cms->data, cms->len, &tail, err);

	if (r < 0)
		return r;
	return module_write(m, keep, tail.data, tail.len, dest, err);
}
