/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that are built into a kernel, read out of its image (/boot/vmlinuz-RELEASE): the
 * kernel itself shows only what their keys are called.
 */
#ifndef MODSEAL_VERIFY_KERNEL_IMAGE_H
#define MODSEAL_VERIFY_KERNEL_IMAGE_H

#include <modseal/machine.h>
#include <openssl/x509.h>

/* Reading and unpacking it takes a tenth of a second to a few, so that it is done once for each
 * machine. *certs belongs to the machine and is empty when no image was found or it is packed in a way
 * that is not known here. It holds whatever in the image is a certificate, trusted or not. */
int kernel_image_certs(const struct ms_machine *m, const STACK_OF(X509) **certs,
	struct ms_error *err);

#endif
