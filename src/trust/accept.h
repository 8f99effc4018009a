/* SPDX-License-Identifier: Apache-2.0 */
/* Which keyrings and lists take a certificate. */
#ifndef MODSEAL_TRUST_ACCEPT_H
#define MODSEAL_TRUST_ACCEPT_H

#include <modseal/certview.h>
#include <openssl/x509.h>

/* Fills view->places; all else of the view is filled already. */
void accept_judge(X509 *cert, struct ms_cert_view *view);

#endif
