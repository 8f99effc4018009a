/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel does with a module: kernel/module/signing.c module_sig_check(), kernel/module/main.c. */
#include "src/verify/kernel.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/trust/can_check.h"
#include "src/verify/known.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

DEFINE_CLEANUP(struct cms, cms_free, cleanup_cms);
DEFINE_CLEANUP(struct module, module_close, cleanup_module);

#define TAINT_UNSIGNED (1UL << 13)

MS_API const char *ms_load_name(enum ms_load load)
{
	static const char *const names[] = {
		[MS_LOAD_UNKNOWN] = "unknown",
		[MS_LOADS] = "loads",
		[MS_TAINTS] = "taints",
		[MS_REFUSED] = "refused",
	};

	return names[load];
}

/* -- what the signature is worth ------------------------------------------------------------ */

/* As pkcs7_verify() and pkcs7_validate_trust() put signers together: one that is fatal is fatal, one
 * that is good is enough. */
static int rank(enum worth worth)
{
	switch (worth) {
	case WORTH_FATAL:
		return 4;
	case WORTH_UNKNOWN:
		return 3;
	case WORTH_GOOD:
		return 2;
	case WORTH_ENOPKG:
		return 1;
	default:
		return 0;
	}
}

/* Rules about the message as a whole. True: it is fatal. */
static bool is_malformed(const struct cms *cms, struct sig_worth *w)
{
	if (cms->version != 1 && cms->version != 3) {
		worth_fatal(w, "EINVAL", "SignedData version %ld", cms->version);
	} else if (!cms->n_signers) {
		worth_fatal(w, "EBADMSG", "the CMS has no signer");
	} else if (!cms->content_is_data) {
		worth_fatal(w, "EINVAL", "the CMS is not about plain data");
	} else if (!cms->detached) {
		worth_fatal(w, "EBADMSG", "the CMS holds content of its own");
		snprintf(w->message, sizeof(w->message), "PKCS#7 signature with non-detached data");
	} else if (cms->signers[0].has_attributes) {
		worth_fatal(w, "EKEYREJECTED",
			"the signature has signed attributes, which kernels refuse in modules");
		snprintf(w->message, sizeof(w->message), "PKCS7: %s",
			cms->signers[0].has_smime_capabilities
				? "S/MIME Caps only allowed with Authenticode"
				: "Invalid module sig (has authattrs)");
	} else {
		return false;
	}
	return true;
}

static int judge_cms(const struct kernel_judge *j, struct verify_content *content,
	const struct cms *cms, struct sig_worth *w, struct ms_error *err)
{
	if (is_malformed(cms, w) || kernel_cannot_read(j->m, cms, w))
		return 0;
	for (size_t i = 0; i < cms->n_signers; i++) {
		struct sig_worth one = { 0 };
		int r = kernel_judge_signer(j, content, cms, &cms->signers[i], &one, err);

		if (r < 0)
			return r;
		if (i == 0 || rank(one.worth) > rank(w->worth))
			*w = one;
	}
	return 0;
}

/* Debian's kernels before 6.17 look the file's own hash up after its signature was found good (a patch,
 * mod_is_hash_blacklisted()). */
static int judge_hash_of_file(const struct ms_machine *m, struct module *mod, struct sig_worth *w,
	struct ms_error *err)
{
	const struct ms_keyring *ring = &m->keyrings[MS_KEYRING_BLACKLIST];
	uint8_t digest[MS_HASH_MAX_SIZE];
	AUTO_FREE char *hex = NULL;
	int r;

	if (!m->version.text || !strstr(m->version.text, "debian-kernel@lists.debian.org") ||
		!kernel_older_than(m, 6, 17) || ring->listed.answer != MS_YES || !ring->n_keys)
		return 0;
	r = module_digest(mod, mod->size, MS_HASH_SHA256, digest, err);
	if (r < 0)
		return r;
	hex = cert_hex(digest, ms_hash_size(MS_HASH_SHA256));
	if (!hex)
		return err_nomem(err);
	for (size_t i = 0; i < ring->n_keys; i++) {
		const char *description = ring->keys[i].description;

		if (strncmp(description, "bin:", 4) != 0 || strcmp(description + 4, hex) != 0)
			continue;
		w->store = ring->name;
		worth_fatal(w, "EKEYREJECTED", "the file's SHA-256 is revoked");
		snprintf(w->message, sizeof(w->message), "Module hash %s is blacklisted", hex);
	}
	return 0;
}

static int judge_tail(const struct kernel_judge *j, struct module *mod, struct sig_worth *w,
	struct ms_error *err)
{
	CLEANUP(cleanup_cms) struct cms *cms = NULL;
	struct verify_content content = { .m = mod };
	struct ms_error why = { 0 };
	int r;

	if (mod->tail == MODULE_UNSIGNED) {
		worth_say(w, WORTH_ENODATA, "no signature is appended");
		return 0;
	}
	if (mod->tail == MODULE_INTERRUPTED) {
		worth_say(w, WORTH_ENODATA, "it ends in an interrupted signature, which is none: %s",
			mod->tail_reason);
		return 0;
	}
	if (mod->tail == MODULE_MALFORMED) {
		if (mod->tail_error == ENOPKG)
			worth_say(w, WORTH_ENOPKG, "%s", mod->tail_reason);
		else
			worth_fatal(w, "EBADMSG", "%s", mod->tail_reason);
		return 0;
	}
	r = verify_read_cms(mod, &mod->sigs[0], &cms, &why);
	if (r == MS_ERR_SIGNATURE) {
		worth_fatal(w, "EBADMSG", "the appended signature: %.500s", why.message);
		return 0;
	}
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	content.len = mod->sigs[0].content_len;
	r = judge_cms(j, &content, cms, w, err);
	if (r == 0 && w->worth == WORTH_GOOD)
		r = judge_hash_of_file(j->m, mod, w, err);
	return r;
}

/* -- what follows --------------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4))) say(struct ms_prediction *p, enum ms_load verdict,
	const char *fmt, ...)
{
	va_list ap;

	p->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(p->reason, sizeof(p->reason), fmt, ap);
	va_end(ap);
}

static const char *soft_name(enum worth worth)
{
	switch (worth) {
	case WORTH_ENODATA:
		return "unsigned module";
	case WORTH_ENOPKG:
		return "module with unsupported crypto";
	default:
		return "module with unavailable key";
	}
}

/* module.sig_enforce comes first, then security_locked_down(). `name` is the module's. */
static void decide_soft(const struct ms_machine *m, const struct sig_worth *w, const char *name,
	struct ms_prediction *p)
{
	enum ms_answer enforce = m->sig_enforce.answer, locked = m->lockdown.answer;

	if (enforce == MS_YES) {
		say(p, MS_REFUSED, "%.600s; module.sig_enforce is on", w->reason);
		p->error = "EKEYREJECTED";
		snprintf(p->message, sizeof(p->message), "Loading of %s is rejected",
			soft_name(w->worth));
	} else if (locked == MS_YES && enforce == MS_NO) {
		say(p, MS_REFUSED, "%.600s; the kernel is locked down (%s)", w->reason,
			m->lockdown.text);
		p->error = "EPERM";
		snprintf(p->message, sizeof(p->message), "Lockdown: modprobe: unsigned module loading is "
			"restricted; see man kernel_lockdown.7");
	} else if (locked == MS_YES) {
		say(p, MS_REFUSED, "%.600s; the kernel is locked down (%s); it may be that "
			"module.sig_enforce is on, too", w->reason, m->lockdown.text);
	} else if (enforce == MS_NO && locked == MS_NO) {
		say(p, MS_TAINTS, "%.600s; nothing here insists on signatures", w->reason);
		if (!(m->taint_bits & TAINT_UNSIGNED)) /* it is said once */
			snprintf(p->message, sizeof(p->message), "%s: module verification failed: "
				"signature and/or required key missing - tainting kernel", name);
	} else {
		const struct ms_fact *f = enforce == MS_UNKNOWN ? &m->sig_enforce : &m->lockdown;

		say(p, MS_LOAD_UNKNOWN, "%.400s; whether this kernel insists on signatures is not known: "
			"%.300s", w->reason, f->unknown);
	}
}

static const char *worth_name(const struct sig_worth *w)
{
	static const char *const names[] = {
		[WORTH_UNKNOWN] = NULL,
		[WORTH_GOOD] = "good",
		[WORTH_ENODATA] = "ENODATA",
		[WORTH_ENOPKG] = "ENOPKG",
		[WORTH_ENOKEY] = "ENOKEY",
	};

	return w->worth == WORTH_FATAL ? w->error : names[w->worth];
}

static void decide(const struct ms_machine *m, const struct sig_worth *w, const char *name,
	struct ms_prediction *p)
{
	p->signature = worth_name(w);
	p->store = w->store;
	snprintf(p->signer, sizeof(p->signer), "%s", w->signer);
	snprintf(p->hash, sizeof(p->hash), "%s", w->hash);
	snprintf(p->note, sizeof(p->note), "%s", w->note);
	switch (w->worth) {
	case WORTH_GOOD:
		say(p, MS_LOADS, "%s", w->reason);
		break;
	case WORTH_FATAL:
		say(p, MS_REFUSED, "%s", w->reason);
		p->error = w->error;
		snprintf(p->message, sizeof(p->message), "%s", w->message);
		break;
	case WORTH_UNKNOWN:
		say(p, MS_LOAD_UNKNOWN, "%s", w->reason);
		break;
	default:
		decide_soft(m, w, name, p);
	}
}

/* What comes before any signature. True: decided. */
static bool decide_early(const struct ms_machine *m, struct ms_prediction *p)
{
	enum ms_answer looks = ms_machine_option_on(m, "MODULE_SIG");

	if (m->modules_disabled.answer == MS_YES) {
		say(p, MS_REFUSED, "no module loads any more (%s)", m->modules_disabled.source);
		p->error = ms_machine_option_on(m, "MODULES") == MS_NO ? "ENOSYS" : "EPERM";
		return true;
	}
	if (looks == MS_NO) {
		say(p, MS_LOADS, "this kernel looks at no module signatures (CONFIG_MODULE_SIG)");
		return true;
	}
	/* Without a configuration the parameter tells: it is there with CONFIG_MODULE_SIG only. */
	if (looks == MS_UNKNOWN && m->sig_enforce.answer == MS_UNKNOWN) {
		say(p, MS_LOAD_UNKNOWN, "whether this kernel looks at module signatures is not known: %s",
			m->config.unknown);
		return true;
	}
	return false;
}

/* The module is built for that release: the first word of its vermagic. */
static void note_release(const struct ms_machine *m, const struct module *mod,
	struct ms_prediction *p)
{
	int len = mod->vermagic ? (int)strcspn(mod->vermagic, " ") : 0;

	if (!len || !m->release.text ||
		((size_t)len == strlen(m->release.text) &&
			!strncmp(mod->vermagic, m->release.text, (size_t)len)))
		return;
	snprintf(p->note, sizeof(p->note), "it is built for the kernel %.*s, this one is %.200s", len,
		mod->vermagic, m->release.text);
}

/* kernel/module/decompress.c: a kernel unpacks one form, if any; modprobe does where it does not. */
static void note_compression(const struct ms_machine *m, const struct module *mod,
	struct ms_prediction *p)
{
	static const struct {
		const char *name, *option;
	} forms[] = {
		[MODULE_GZ] = { "gzip", "MODULE_COMPRESS_GZIP" },
		[MODULE_XZ] = { "xz", "MODULE_COMPRESS_XZ" },
		[MODULE_ZST] = { "zstd", "MODULE_COMPRESS_ZSTD" },
	};
	const char *option = "MODULE_DECOMPRESS";

	if (mod->compression == MODULE_PLAIN)
		return;
	if (ms_machine_option_on(m, option) == MS_YES)
		option = forms[mod->compression].option;
	if (ms_machine_option_on(m, option) == MS_NO)
		snprintf(p->note, sizeof(p->note),
			"this kernel does not unpack %s, modprobe has to (CONFIG_%s)",
			forms[mod->compression].name, option);
}

static int predict(struct module *mod, const struct kernel_judge *j, struct ms_prediction *p,
	struct ms_error *err)
{
	struct sig_worth w = { 0 };
	const char *base = strrchr(mod->path, '/');
	int r;

	if (decide_early(j->m, p))
		return 0;
	r = judge_tail(j, mod, &w, err);
	if (r < 0)
		return r;
	decide(j->m, &w, mod->name ? mod->name : base ? base + 1 : mod->path, p);
	if (!p->note[0])
		note_compression(j->m, mod, p);
	if (!p->note[0])
		note_release(j->m, mod, p);
	return 0;
}

/* The certificates in the kernel's image are looked for where it would be unknown without. */
static int predict_again(struct module *mod, const struct kernel_judge *j, struct ms_prediction *p,
	struct ms_error *err)
{
	int added, r = known_add_image(j->m, j->known, &added, err);

	if (r < 0 || !added)
		return r;
	memset(p, 0, sizeof(*p));
	return predict(mod, j, p, err);
}

MS_API int ms_predict(const char *path, unsigned flags, const struct ms_machine *machine,
	struct ms_cert *const *certs, size_t n_certs, struct ms_prediction *prediction,
	struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *mod = NULL;
	struct kernel_judge j = { .m = machine };
	int r;

	memset(prediction, 0, sizeof(*prediction));
	j.known = known_certs(machine, certs, n_certs);
	r = j.known ? module_open(path, flags, &mod, err) : err_nomem(err);
	if (r == 0)
		r = predict(mod, &j, prediction, err);
	if (r == 0 && prediction->verdict == MS_LOAD_UNKNOWN)
		r = predict_again(mod, &j, prediction, err);
	cert_stack_free(j.known);
	return r;
}

MS_API int ms_predict_signer(const struct ms_cert *cert, enum ms_hash hash,
	const struct ms_machine *m, struct ms_prediction *p, struct ms_error *err)
{
	const char *own = ms_machine_option(m, "MODULE_SIG_HASH");
	struct sig_worth w = { 0 }, of_hash = { 0 };
	int r;

	memset(p, 0, sizeof(*p));
	if (decide_early(m, p))
		return 0;
	if (!hash)
		hash = own ? ms_hash_by_name(own) : MS_HASH_NONE;
	if (!ms_hash_can_sign(hash))
		hash = MS_HASH_SHA256;
	r = kernel_judge_cert(m, cert->x509, &w, err);
	if (r < 0)
		return r;
	snprintf(w.hash, sizeof(w.hash), "%s", ms_hash_name(hash));
	kernel_judge_hash(m, hash, &of_hash);
	if (of_hash.worth == WORTH_ENOPKG ||
		(of_hash.worth == WORTH_UNKNOWN && w.worth == WORTH_GOOD)) {
		worth_say(&w, of_hash.worth, "%s", of_hash.reason);
		w.store = NULL;
	}
	decide(m, &w, "MODULE", p);
	return 0;
}
