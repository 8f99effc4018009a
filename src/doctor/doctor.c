/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/doctor/checks.h"
#include "src/doctor/keys.h"
#include "src/doctor/lookup.h"
#include "src/doctor/ways.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAX ((size_t)256 << 20) /* bytes */

static const struct check {
	const char *name;
	void (*run)(struct doctor *d);
} checks[] = {
	{ "module", check_module },
	{ "build", check_build },
	{ "blacklist", check_blacklist },
	{ "kernel", check_kernel },
	{ "log", check_log },
	{ "initramfs", check_initramfs },
	{ "enforcement", check_enforcement },
	{ "lockdown", check_lockdown },
	{ "firmware", check_firmware },
	{ "mok", check_mok },
	{ "ima", check_ima },
	{ "keyrings", check_keyrings },
	{ "taint", check_taint },
	{ "keys", check_keys },
	{ "system", check_system },
};

MS_API const char *ms_severity_name(enum ms_severity severity)
{
	static const char *const names[] = {
		[MS_WRONG] = "wrong",
		[MS_WARNING] = "warning",
		[MS_NOT_KNOWN] = "unknown",
		[MS_NOTE] = "note",
	};

	return names[severity];
}

/* -- what is released -------------------------------------------------------------------- */

static void finding_free(struct ms_finding *f)
{
	for (size_t i = 0; i < f->n_details; i++) {
		free(f->details[i].name);
		free(f->details[i].value);
	}
	for (size_t i = 0; i < f->n_ways; i++) {
		struct ms_way *w = &f->ways[i];

		for (size_t j = 0; j < w->n_commands; j++)
			free(w->commands[j]);
		free(w->commands);
		free(w->what);
		free(w->price);
	}
	free(f->details);
	free(f->ways);
	free(f->id);
	free(f->summary);
	free(f->why);
}

MS_API void ms_diagnosis_free(struct ms_diagnosis *diagnosis)
{
	if (!diagnosis)
		return;
	for (size_t i = 0; i < diagnosis->n_findings; i++)
		finding_free(&diagnosis->findings[i]);
	free(diagnosis->findings);
	free(diagnosis->root);
	free(diagnosis->system);
	free(diagnosis->release);
	free(diagnosis->module);
	free(diagnosis->path);
	free(diagnosis);
}

static void doctor_free(struct doctor *d)
{
	for (size_t i = 0; i < d->n_findings; i++) {
		finding_free(&d->findings[i]->is);
		free(d->findings[i]);
	}
	free(d->findings);
	for (size_t i = 0; i < d->n_words; i++)
		free(d->words[i]);
	free(d->words);
	ms_found_keys_free(d->keys);
	free(d->key_standing);
	ms_inspection_free(d->module);
	root_close(&d->root);
	ms_machine_free((struct ms_machine *)d->machine);
}

/* -- what is gathered -------------------------------------------------------------------- */

static int read_stdin(struct buf *out, struct ms_error *err)
{
	ssize_t n;

	do {
		if (buf_reserve(out, 65536) < 0)
			return err_nomem(err);
		n = read(STDIN_FILENO, out->data + out->len, 65536);
		if (n > 0)
			out->len += (size_t)n;
	} while (n > 0 && out->len < LOG_MAX);
	return n < 0 ? err_set_errno(err, MS_ERR_IO, errno, "standard input cannot be read") : 0;
}

static int read_log(struct doctor *d, const char *path, struct ms_error *err)
{
	AUTO_BUF struct buf text = { 0 };
	int r;

	if (!path) {
		d->log = d->machine->log.answer == MS_YES ? d->machine->log.text : NULL;
		return 0;
	}
	r = strcmp(path, "-") ? file_read(path, LOG_MAX, &text, err) : read_stdin(&text, err);
	if (r == 0)
		d->log = kept(d, "%.*s", (int)text.len, text.data ? (char *)text.data : "");
	return r;
}

/* A file as it was given: that it is there and a module is asked of the caller. */
static int take_file(struct doctor *d, const char *path, struct ms_error *err)
{
	int r = ms_inspect(path, 0, &d->module, err);

	if (r < 0)
		return r;
	d->path = kept(d, "%s", path);
	d->name = d->module->name ? name_of_file(d, d->module->name) : name_of_file(d, path);
	return 0;
}

/* A name: that there is no such module, or that it cannot be read, is a finding (check_module). */
static void take_name(struct doctor *d, const char *name)
{
	const char *line;

	d->name = name_of_file(d, name);
	line = d->release ? modules_dep_line(d, &d->name) : NULL;
	if (!line)
		return;
	d->dep_line = line;
	d->path = path_to_open(d, path_in_tree(d, line));
	if (ms_inspect(d->path, 0, &d->module, &d->module_error) == MS_ERR_NOMEM)
		d->nomem = true;
}

static int gather(struct doctor *d, const struct ms_doctor_request *request, struct ms_error *err)
{
	const char *module = request->module;
	struct ms_machine *machine = NULL;
	int r = ms_machine_read(request->root, NULL, &machine, err);

	d->machine = machine;
	if (r == 0)
		r = root_open(request->root, &d->root, err);
	if (r < 0)
		return r;
	d->release = machine->release.answer == MS_YES ? machine->release.text : NULL;
	d->distro = distro_of(machine->distribution.text, machine->like.text);
	r = read_log(d, request->log, err);
	if (r < 0)
		return r;
	keys_look(d);
	if (module && (strchr(module, '/') || is_module_file(module)))
		return take_file(d, module, err);
	if (module)
		take_name(d, module);
	return 0;
}

/* -- what comes of it -------------------------------------------------------------------- */

static void run_checks(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		d->check = checks[i].name;
		checks[i].run(d);
	}
}

/* By severity; the order of the checks stays within it. */
static void sort(struct doctor *d)
{
	for (size_t i = 1; i < d->n_findings; i++) {
		struct finding *f = d->findings[i];
		size_t j = i;

		for (; j > 0 && d->findings[j - 1]->is.severity > f->is.severity; j--)
			d->findings[j] = d->findings[j - 1];
		d->findings[j] = f;
	}
}

static char *copy(struct doctor *d, const char *text)
{
	char *new = text ? strdup(text) : NULL;

	d->nomem |= text && !new;
	return new;
}

/* PRETTY_NAME of os-release. */
static const char *pretty_name(struct doctor *d)
{
	const char *text = file_text(d, "etc/os-release"), *at;

	if (!text)
		text = file_text(d, "usr/lib/os-release");
	at = text ? strstr(text, "PRETTY_NAME=") : NULL;
	if (!at || (at > text && at[-1] != '\n'))
		return d->machine->distribution.text;
	at += strlen("PRETTY_NAME=");
	at += strspn(at, "\"'");
	return kept(d, "%.*s", (int)strcspn(at, "\"'\n"), at);
}

static struct ms_diagnosis *conclude(struct doctor *d)
{
	struct ms_diagnosis *out = calloc(1, sizeof(*out));

	if (out && d->n_findings)
		out->findings = calloc(d->n_findings, sizeof(*out->findings));
	if (!out || (d->n_findings && !out->findings)) {
		ms_diagnosis_free(out);
		d->nomem = true;
		return NULL;
	}
	out->root = copy(d, d->machine->root);
	out->system = copy(d, pretty_name(d));
	out->release = copy(d, d->release);
	out->module = copy(d, d->name);
	out->path = copy(d, d->path);
	out->healthy = d->name && d->loads == MS_UNKNOWN ? MS_UNKNOWN : MS_YES;
	for (size_t i = 0; i < d->n_findings; i++) {
		out->findings[i] = d->findings[i]->is;
		d->findings[i]->is = (struct ms_finding){ 0 };
		if (out->findings[i].severity == MS_WRONG)
			out->healthy = MS_NO;
	}
	out->n_findings = d->n_findings;
	return out;
}

MS_API int ms_doctor(const struct ms_doctor_request *request, struct ms_diagnosis **diagnosis,
	struct ms_error *err)
{
	struct doctor d = { .root.fd = -1 };
	struct ms_diagnosis *out = NULL;
	int r = gather(&d, request, err);

	if (r == 0) {
		run_checks(&d);
		sort(&d);
		ways_tell(&d);
		out = conclude(&d);
		if (d.nomem) {
			ms_diagnosis_free(out);
			r = err_nomem(err);
		}
	}
	doctor_free(&d);
	if (r == 0)
		*diagnosis = out;
	return r;
}
