/* SPDX-License-Identifier: Apache-2.0 */
/* An IMA policy that appraises modules: Documentation/ABI/testing/ima_policy,
 * security/integrity/ima/ima_policy.c. */
#include "src/base/cleanup.h"
#include "src/doctor/checks.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#define POLICY "sys/kernel/security/ima/policy"

static bool has_word(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++)
		if (!memcmp(line + i, word, n) && (i == 0 || line[i - 1] == ' ') &&
			(i + n == len || line[i + n] == ' '))
			return true;
	return false;
}

/* "appraise func=MODULE_CHECK ...": the first such rule, kept; NULL if none. */
static const char *module_rule(struct doctor *d, const char *policy)
{
	while (policy && *policy) {
		size_t len = strcspn(policy, "\n");

		if (has_word(policy, len, "appraise") && has_word(policy, len, "func=MODULE_CHECK"))
			return kept(d, "%.*s", (int)len, policy);
		policy += len + (policy[len] == '\n');
	}
	return NULL;
}

/* The rule that counts for modules, and whose it is. */
static const char *find_rule(struct doctor *d, const char **whose)
{
	const char *rule = module_rule(d, file_text(d, POLICY)), *built_in = NULL;

	*whose = "the policy that is loaded";
	if (rule)
		return rule;
	if (cmdline_has(d, "ima_policy", &built_in) && strstr(built_in, "secure_boot")) {
		*whose = "ima_policy=secure_boot on the kernel's command line";
		return "appraise func=MODULE_CHECK appraise_type=imasig";
	}
	if (option_is_on(d, "IMA_ARCH_POLICY") && d->machine->secure_boot.answer == MS_YES &&
		ms_machine_option_on(d->machine, "MODULE_SIG") == MS_NO) {
		*whose = "the architecture's policy under Secure Boot (CONFIG_IMA_ARCH_POLICY)";
		return "appraise func=MODULE_CHECK appraise_type=imasig";
	}
	return NULL;
}

/* 1: it has a signature or hash for IMA; 0: not; -1: that cannot be seen. */
static int has_label(const char *path)
{
	ssize_t n = getxattr(path, "security.ima", NULL, 0);

	return n > 0 ? 1 : n < 0 && errno != ENODATA && errno != ENOTSUP ? -1 : 0;
}

static void judge(struct doctor *d, const char *rule, const char *whose)
{
	int label = d->path ? has_label(d->path) : -1;
	bool modsig = strstr(rule, "modsig") && d->module && d->module->state == MS_MODULE_SIGNED;
	struct finding *f;

	if (!d->path || label < 0)
		f = found(d, MS_WARNING, "ima-appraises",
			"IMA appraises modules: each file needs a signature of its own for IMA");
	else if (label)
		f = found(d, MS_NOTE, "ima-labelled",
			"IMA appraises modules, and this one's file has a label for it "
			"(security.ima), which was not verified");
	else if (modsig)
		f = found(d, MS_NOTE, "ima-modsig",
			"IMA appraises modules, and takes the signature that is appended to this "
			"one if its key is in .ima");
	else
		f = found(d, MS_WRONG, "ima-no-label",
			"IMA appraises modules, and this one's file has no signature for it "
			"(security.ima)");
	because(f,
		"Rule of %s: %s. A module that fails is refused with EACCES, \"Permission "
		"denied\".",
		whose, rule);
	detail(f, "rule", "%s", rule);
	remedy(f, REMEDY_IMA);
}

void check_ima(struct doctor *d)
{
	const char *mode = "", *whose, *rule = find_rule(d, &whose);
	struct finding *f;

	if (!rule) {
		if (root_exists(&d->root, "etc/ima/ima-policy") && !file_text(d, POLICY))
			found(d, MS_NOT_KNOWN, "ima-unknown",
				"/etc/ima/ima-policy is there, and whether it is loaded and "
				"appraises modules cannot be seen");
		return;
	}
	if (cmdline_has(d, "ima_appraise", &mode) && strcmp(mode, "enforce") != 0) {
		f = found(d, MS_NOTE, "ima-off",
			"IMA would appraise modules, but does not enforce it (ima_appraise=%s)",
			mode);
		detail(f, "rule", "%s", rule);
		return;
	}
	judge(d, rule, whose);
}
