/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Yes, no, or not known: neither tokens nor kernels always say.
 */
#ifndef MODSEAL_ANSWER_H
#define MODSEAL_ANSWER_H

enum ms_answer { MS_UNKNOWN = 0, MS_NO, MS_YES };

#endif
