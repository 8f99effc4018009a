/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks. A new one is a function here and a line in the table of doctor.c; it looks at the
 * doctor's facts and calls found() for each thing worth knowing. Where nothing is, it says nothing.
 */
#ifndef MODSEAL_DOCTOR_CHECKS_H
#define MODSEAL_DOCTOR_CHECKS_H

#include "src/doctor/doctor.h"

void check_module(struct doctor *d);       /* is it there, and what does the kernel decide */
void check_build(struct doctor *d);        /* was it built for this kernel */
void check_blacklist(struct doctor *d);    /* modprobe.d, the kernel's command line */
void check_initramfs(struct doctor *d);    /* copies of modules in it */
void check_kernel(struct doctor *d);       /* does it load modules at all */
void check_enforcement(struct doctor *d);  /* module.sig_enforce, CONFIG_MODULE_SIG* */
void check_lockdown(struct doctor *d);
void check_firmware(struct doctor *d);     /* Secure Boot, setup mode, shim's validation */
void check_mok(struct doctor *d);          /* enrolled, but not in the keyring */
void check_keyrings(struct doctor *d);     /* what is trusted, and what cannot be seen */
void check_ima(struct doctor *d);          /* a policy that appraises modules */
void check_log(struct doctor *d);          /* what the kernel said */
void check_taint(struct doctor *d);
void check_keys(struct doctor *d);         /* private keys on the machine */
void check_system(struct doctor *d);       /* the distribution, what could not be read */

#endif
