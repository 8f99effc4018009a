/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/doctor.h"
#include "src/cli/output.h"

/* A name that comes again gets a list. */
static void add_detail(struct json_object *o, const struct ms_detail *detail)
{
	struct json_object *value = json_object_new_string(detail->value), *old = NULL, *list;

	if (!json_object_object_get_ex(o, detail->name, &old)) {
		json_object_object_add(o, detail->name, value);
		return;
	}
	if (json_object_is_type(old, json_type_array)) {
		json_object_array_add(old, value);
		return;
	}
	list = json_object_new_array();
	json_object_array_add(list, json_object_get(old));
	json_object_array_add(list, value);
	json_object_object_add(o, detail->name, list);
}

static struct json_object *json_way(const struct ms_way *w)
{
	struct json_object *o = json_object_new_object(), *commands = json_object_new_array();

	json_add_bool(o, "bypass", w->bypass);
	json_add_text(o, "what", w->what);
	for (size_t i = 0; i < w->n_commands; i++)
		json_object_array_add(commands, json_object_new_string(w->commands[i]));
	json_object_object_add(o, "commands", commands);
	json_add_text(o, "price", w->price);
	return o;
}

static struct json_object *json_finding(const struct ms_finding *f)
{
	struct json_object *o = json_object_new_object(), *details = json_object_new_object(),
			   *ways = json_object_new_array();

	json_add_text(o, "check", f->check);
	json_add_text(o, "id", f->id);
	json_add_text(o, "severity", ms_severity_name(f->severity));
	json_add_text(o, "summary", f->summary);
	json_add_text(o, "why", f->why);
	for (size_t i = 0; i < f->n_details; i++)
		add_detail(details, &f->details[i]);
	json_object_object_add(o, "details", details);
	for (size_t i = 0; i < f->n_ways; i++)
		json_object_array_add(ways, json_way(&f->ways[i]));
	json_object_object_add(o, "ways", ways);
	return o;
}

void doctor_json(const struct ms_diagnosis *d)
{
	struct json_object *o = json_object_new_object(), *findings = json_object_new_array();

	json_add_answer(o, "healthy", d->healthy);
	json_add_text(o, "root", d->root);
	json_add_text(o, "system", d->system);
	json_add_text(o, "kernel", d->release);
	json_add_text(o, "module", d->module);
	json_add_text(o, "path", d->path);
	for (size_t i = 0; i < d->n_findings; i++)
		json_object_array_add(findings, json_finding(&d->findings[i]));
	json_object_object_add(o, "findings", findings);
	json_print(o);
}
