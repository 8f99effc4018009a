/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/cms_form.h"

#include "src/base/error.h"

#include <string.h>

void cms_form_init(struct cms_form *form, X509 *cert, enum cms_sid sid, enum ms_hash hash,
	const STACK_OF(X509) *chain)
{
	*form = (struct cms_form){ .cert = cert, .sid = sid, .hash = hash, .chain = chain };
	pthread_mutex_init(&form->lock, NULL);
}

void cms_form_free(struct cms_form *form)
{
	for (unsigned i = 0; i < form->n; i++)
		buf_free(&form->heads[i].head);
	pthread_mutex_destroy(&form->lock);
}

/* NULL if there is none yet. What is there stays as it is, so that it is read without the lock. */
static const struct buf *find(struct cms_form *form, size_t sig_len)
{
	const struct buf *head = NULL;

	pthread_mutex_lock(&form->lock);
	for (unsigned i = 0; i < form->n && !head; i++)
		if (form->heads[i].sig_len == sig_len)
			head = &form->heads[i].head;
	pthread_mutex_unlock(&form->lock);
	return head;
}

/* Keeps the head of a message. Without memory it is encoded anew the next time. */
static void remember(struct cms_form *form, const uint8_t *message, size_t len, const uint8_t *sig,
	size_t sig_len)
{
	struct buf head = { 0 };

	if (sig_len > len || memcmp(message + len - sig_len, sig, sig_len) != 0 ||
		buf_add(&head, message, len - sig_len) < 0)
		return;
	pthread_mutex_lock(&form->lock);
	if (form->n < CMS_FORM_LENGTHS) {
		form->heads[form->n].sig_len = sig_len;
		form->heads[form->n++].head = head;
		head = (struct buf){ 0 };
	}
	pthread_mutex_unlock(&form->lock);
	buf_free(&head);
}

int cms_form_fill(struct cms_form *form, const uint8_t *sig, size_t sig_len, struct buf *out,
	struct ms_error *err)
{
	const struct buf *head = find(form, sig_len);
	size_t start = out->len;
	int r;

	if (head) {
		if (buf_add(out, head->data, head->len) < 0 || buf_add(out, sig, sig_len) < 0)
			return err_nomem(err);
		return 0;
	}
	r = cms_build(form->cert, form->sid, form->hash, sig, sig_len, form->chain, out, err);
	if (r == 0)
		remember(form, out->data + start, out->len - start, sig, sig_len);
	return r;
}
