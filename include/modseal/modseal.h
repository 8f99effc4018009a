/* SPDX-License-Identifier: Apache-2.0 */
/** @file All of libmodseal. */
#ifndef MODSEAL_MODSEAL_H
#define MODSEAL_MODSEAL_H

#include <modseal/answer.h>
#include <modseal/batch.h>
#include <modseal/certview.h>
#include <modseal/context.h>
#include <modseal/doctor.h>
#include <modseal/efi.h>
#include <modseal/error.h>
#include <modseal/evidence.h>
#include <modseal/farm.h>
#include <modseal/find.h>
#include <modseal/hash.h>
#include <modseal/key.h>
#include <modseal/life.h>
#include <modseal/list.h>
#include <modseal/machine.h>
#include <modseal/module.h>
#include <modseal/mok.h>
#include <modseal/sign.h>
#include <modseal/target.h>
#include <modseal/tpm.h>
#include <modseal/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The library's version, "0.1.0"; static storage. */
MS_API const char *ms_version(void);

#ifdef __cplusplus
}
#endif
#endif
