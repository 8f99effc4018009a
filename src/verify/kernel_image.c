/* SPDX-License-Identifier: Apache-2.0 */
#include "src/verify/kernel_image.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/crypto/cert.h"
#include "src/module/compress.h"
#include "src/trust/fact.h"
#include "src/trust/standing.h"
#include "src/verify/lz4.h"

#include <endian.h>
#include <modseal/verify.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>

#define IMAGE_MAX ((size_t)256 << 20) /* bytes, unpacked: a distribution's have 50 MiB */

static uint32_t le32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

/* Where the packed kernel is in the file: behind the boot sector and setup of an x86 image
 * (Documentation/arch/x86/boot.rst, 2.08), or of an EFI program that unpacks itself
 * (drivers/firmware/efi/libstub/zboot-header.S); else the file is it. */
static uint64_t payload_offset(const uint8_t head[0x250])
{
	unsigned setup = head[0x1f1] ? head[0x1f1] : 4;

	if (!memcmp(head + 0x202, "HdrS", 4))
		return (setup + 1) * 512ULL + le32(head + 0x248);
	if (!memcmp(head, "MZ", 2) && !memcmp(head + 4, "zimg", 4))
		return le32(head + 8);
	return 0;
}

/* The kernel itself. What is packed otherwise leaves `out` empty. */
static int unpack(int fd, const char *path, struct buf *out, struct ms_error *err)
{
	uint8_t head[0x250], start[8] = { 0 };
	enum module_compression compression;
	AUTO_BUF struct buf packed = { 0 };
	struct ms_error damaged;
	struct stat st;
	uint64_t offset;
	size_t len;
	int r;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(head) ||
		(uint64_t)st.st_size > IMAGE_MAX || file_pread(fd, head, sizeof(head), 0) < 0)
		return 0;
	offset = payload_offset(head);
	if (offset >= (uint64_t)st.st_size - sizeof(start) ||
		file_pread(fd, start, sizeof(start), (off_t)offset) < 0)
		return 0;
	compression = compression_of(start, sizeof(start));
	if (compression != MODULE_PLAIN) {
		/* Its unpacked size stands behind it, which is damage to the codec. */
		r = unpack_file(compression, fd, offset, path, out, &damaged);
		return r == MS_ERR_NOMEM ? err_nomem(err) : 0;
	}
	len = (size_t)((uint64_t)st.st_size - offset);
	if (buf_reserve(&packed, len) < 0)
		return err_nomem(err);
	if (file_pread(fd, packed.data, len, (off_t)offset) < 0)
		return 0;
	if (!memcmp(start, LZ4_LEGACY_MAGIC, 4))
		return lz4_legacy_unpack(packed.data + 4, len - 4, IMAGE_MAX, out) < 0
			? err_nomem(err)
			: 0;
	return offset ? 0 : buf_add(out, packed.data, len) < 0 ? err_nomem(err) : 0;
}

/* certs/system_certificates.S puts them one behind the other; each is a SEQUENCE that begins with a
 * SEQUENCE that begins with a version. */
static int find_certs(const struct buf *image, STACK_OF(X509) * certs, struct ms_error *err)
{
	static const uint8_t version[] = { 0xa0, 0x03, 0x02, 0x01, 0x02 };
	const uint8_t *end = image->data + image->len, *p = image->data;

	while (p && end - p > 64 && (p = memchr(p, 0x30, (size_t)(end - p - 64)))) {
		const uint8_t *der = p++;
		size_t len = ((size_t)der[2] << 8 | der[3]) + 4;
		X509 *cert;

		if (der[1] != 0x82 || der[4] != 0x30 || (der[5] != 0x81 && der[5] != 0x82) ||
			memcmp(der + (der[5] == 0x81 ? 7 : 8), version, sizeof(version)) != 0 ||
			len > (size_t)(end - der))
			continue;
		cert = d2i_X509(NULL, &(const unsigned char *){ der }, (long)len);
		if (cert && sk_X509_push(certs, cert) <= 0) {
			X509_free(cert);
			return err_nomem(err);
		}
		if (cert)
			p = der + len;
	}
	ERR_clear_error();
	return 0;
}

static int read_image(const struct ms_machine *m, STACK_OF(X509) * certs, struct ms_error *err)
{
	static const struct {
		const char *before, *behind;
	} places[] = {
		{ "/boot/vmlinuz-", "" },
		{ "/lib/modules/", "/vmlinuz" },
		{ "/usr/lib/modules/", "/vmlinuz" },
		{ "/boot/vmlinux-", "" },
	};
	AUTO_BUF struct buf image = { 0 };
	int r = 0;

	for (size_t i = 0; m->release.text && !image.len && i < sizeof(places) / sizeof(places[0]);
		i++) {
		AUTO_FREE char *path = NULL;
		AUTO_CLOSE int fd = -1;

		if (asprintf(&path, "%s%s%s", places[i].before, m->release.text, places[i].behind) <
			0) {
			path = NULL;
			return err_nomem(err);
		}
		fd = root_open_file(&m->priv->root, path);
		if (fd >= 0)
			r = unpack(fd, path, &image, err);
		if (r < 0)
			return r;
	}
	return image.len ? find_certs(&image, certs, err) : 0;
}

static void free_certs(void *certs)
{
	cert_stack_free(certs);
}

int kernel_image_certs(
	const struct ms_machine *m, const STACK_OF(X509) * *certs, struct ms_error *err)
{
	STACK_OF(X509) * found;
	int r;

	if (!m->priv->image_certs) {
		found = sk_X509_new_null();
		r = found ? read_image(m, found, err) : err_nomem(err);
		if (r < 0) {
			cert_stack_free(found);
			return r;
		}
		m->priv->image_certs = found;
		m->priv->free_image_certs = free_certs;
	}
	*certs = m->priv->image_certs;
	return 0;
}

MS_API int ms_kernel_certs(const struct ms_machine *machine, struct ms_cert ***certs, size_t *count,
	struct ms_error *err)
{
	const STACK_OF(X509) * image;
	struct ms_cert **list;
	size_t n = 0;
	int r = kernel_image_certs(machine, &image, err);

	if (r < 0)
		return r;
	list = calloc((size_t)sk_X509_num(image) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err);
	for (int i = 0; r == 0 && i < sk_X509_num(image); i++) {
		X509 *cert = sk_X509_value(image, i);
		struct ms_standing standing;

		r = standing_of_cert(machine, cert, &standing, err);
		if (r < 0 || standing.in[MS_KEYRING_BUILTIN] != MS_YES)
			continue;
		X509_up_ref(cert);
		list[n] = cert_wrap(cert);
		if (list[n])
			n++;
		else
			r = err_nomem(err);
	}
	if (r < 0) {
		ms_cert_list_free(list, n);
		return r;
	}
	*certs = list;
	*count = n;
	return 0;
}
