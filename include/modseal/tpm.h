/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What only keys in a TPM 2.0 have: policies, and files that tell of them.
 */
#ifndef MODSEAL_TPM_H
#define MODSEAL_TPM_H

#include <modseal/key.h>
#include <modseal/list.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Lets a TPM key that was made with a policy key be used with other PCR values, too: a policy for
 * them is signed and added to the key's file (or, of a persistent key, to its record). `ref` is the
 * file or "handle:0x81......"; `pcrs` is as for ms_keygen(). `policy_key` is the one that the key
 * was made with. *added is false if these values were approved before.
 */
MS_API int ms_tpm_approve(struct ms_context *ctx, const char *ref, const char *pcrs,
	struct ms_key *policy_key, bool *added, struct ms_error *err);

/** A command of a policy. */
struct ms_tpm_step {
	char *command; /**< "TPM2_PolicyPCR", or its number */
	char *detail;  /**< what it asks for, in words: "sha256:7=..." */
};

/** A policy that the policy key has approved. */
struct ms_tpm_approval {
	char *name; /**< NULL: none; modseal writes the PCR values */
	struct ms_tpm_step *steps;
	size_t n_steps;
};

/** What a TPM key file says. Strings are NULL where there is nothing. */
struct ms_tpm_key_info {
	char *path;
	char *type; /**< "RSA", "P-256" */
	unsigned bits;
	char *name;	   /**< the TPM's name of the key, in hex */
	char *parent;	   /**< "0x40000001", the handle that it lies under */
	char *parent_name; /**< that key's name, in hex, if it was noted */
	char *handle;	   /**< "0x81......": where it is persistent, too, if that was noted */
	char *attributes;  /**< "fixedTPM, fixedParent, ..." */
	char *unusable;	   /**< why it cannot sign modules */
	char *description;
	enum ms_answer auth_value; /**< whether it has one, as the file says */
	char *policy_digest;	   /**< in hex */
	struct ms_tpm_step *steps; /**< of its policy */
	size_t n_steps;
	struct ms_tpm_approval *approvals;
	size_t n_approvals;
	char *policy_problem; /**< why the policy in the file cannot work */
	char *certificate;    /**< subject of the certificate in the file */
};

/** Whether a file holds a TPM key (by its content). */
MS_API bool ms_tpm_is_key_file(const char *path);
/** Explains a TPM key file; no TPM is needed. The caller frees *info. */
MS_API int ms_tpm_key_info_read(
	const char *path, struct ms_tpm_key_info **info, struct ms_error *err);
/** With all that is in it; NULL is fine. */
MS_API void ms_tpm_key_info_free(struct ms_tpm_key_info *info);

#ifdef __cplusplus
}
#endif
#endif
