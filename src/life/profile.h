/* SPDX-License-Identifier: Apache-2.0 */
/* The extensions of a certificate, and what an openssl req configuration file says of it. */
#ifndef MODSEAL_LIFE_PROFILE_H
#define MODSEAL_LIFE_PROFILE_H

#include "src/crypto/ossl.h"

#include <modseal/life.h>
#include <openssl/conf.h>

/* Adds the profile's extensions; the certificate has its public key already. */
int profile_apply(X509 *cert, X509 *issuer, enum ms_cert_profile profile, struct ms_error *err);
int profile_apply_req(X509_REQ *req, enum ms_cert_profile profile, struct ms_error *err);

/* Loads an openssl configuration file with a [req] section. */
int profile_load(const char *path, CONF **conf, struct ms_error *err);
/* The subject of its distinguished_name section. */
int profile_subject(const CONF *conf, const char *path, X509_NAME **name, struct ms_error *err);
/* Its default_md, MS_HASH_NONE if it has none. */
int profile_hash(const CONF *conf, const char *path, enum ms_hash *hash, struct ms_error *err);
/* Adds the extensions of its x509_extensions section. */
int profile_apply_conf(X509 *cert, X509 *issuer, CONF *conf, const char *path,
	struct ms_error *err);
/* Those of its req_extensions section, to a request. */
int profile_apply_req_conf(X509_REQ *req, CONF *conf, const char *path, struct ms_error *err);

static inline void profile_cleanup(CONF **conf)
{
	NCONF_free(*conf);
}
#define AUTO_CONF __attribute__((cleanup(profile_cleanup)))

#endif
