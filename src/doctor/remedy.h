/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODSEAL_DOCTOR_REMEDY_H
#define MODSEAL_DOCTOR_REMEDY_H

/* What leads out of a finding (ways.c). */
enum remedy {
	REMEDY_NONE,      /* nothing, or what the finding tells itself */
	REMEDY_SIGN,      /* sign it with a key that is trusted */
	REMEDY_TRUST,     /* trust the key that signed it, or sign it with one that is trusted */
	REMEDY_SIGN_ANEW, /* the signature or the file is spoilt */
	REMEDY_OTHER_KEY, /* the key is revoked: no bypass helps */
	REMEDY_DIGEST,    /* sign with a digest or key type that this kernel can check */
	REMEDY_BUILD,     /* build it for this kernel */
	REMEDY_UNBLOCK,   /* take it off the kernel's own blacklist */
	REMEDY_IMA,       /* give the file a signature for IMA */
	REMEDY_INITRAMFS, /* make the initramfs anew */
	N_REMEDIES,
};

#endif
