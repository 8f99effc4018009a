/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/swtpm.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAGIC	    0x6d6f647377747031 /* "modswtp1" */
#define HEADER_SIZE 10 /* of an answer: tag, size, code (TPM 2.0 Library, part 1, "Command/Response Structure") */

struct swtpm {
	TSS2_TCTI_CONTEXT_COMMON_V1 tcti; /* first: ESYS knows it by this */
	struct addrinfo *address;
	int fd; /* a command was sent; -1: none */
	uint8_t header[HEADER_SIZE];
	size_t got; /* of the header */
};

static bool parse(const char *conf, char host[256], char port[16])
{
	int end = 0;

	return sscanf(conf, "swtpm:host=%255[^,],port=%15[0-9]%n", host, port, &end) == 2 &&
		!conf[end];
}

bool swtpm_is_meant(const char *conf)
{
	char host[256], port[16];

	return parse(conf, host, port);
}

static int open_connection(const struct addrinfo *a)
{
	for (; a; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static bool send_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool read_all(int fd, uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = read(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static void hang_up(struct swtpm *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->got = 0;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *tcti, size_t size, const uint8_t *command)
{
	struct swtpm *s = (struct swtpm *)tcti;

	if (s->fd >= 0)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	s->fd = open_connection(s->address);
	if (s->fd >= 0 && send_all(s->fd, command, size) && shutdown(s->fd, SHUT_WR) == 0)
		return TSS2_RC_SUCCESS;
	hang_up(s);
	return TSS2_TCTI_RC_IO_ERROR;
}

static size_t answer_size(const struct swtpm *s)
{
	return (size_t)s->header[2] << 24 | (size_t)s->header[3] << 16 | (size_t)s->header[4] << 8 |
		s->header[5];
}

/* Waits as long as it takes, as tpm2-tss's own does. */
static TSS2_RC receive(TSS2_TCTI_CONTEXT *tcti, size_t *size, uint8_t *answer, int32_t timeout)
{
	struct swtpm *s = (struct swtpm *)tcti;
	size_t room = *size;
	bool ok;

	if (s->fd < 0)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	ok = s->got || read_all(s->fd, s->header, HEADER_SIZE);
	s->got = HEADER_SIZE;
	*size = ok ? answer_size(s) : 0;
	if (ok && !answer)
		return TSS2_RC_SUCCESS;
	if (ok && room < *size)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	ok = ok && *size >= HEADER_SIZE;
	if (ok) {
		memcpy(answer, s->header, HEADER_SIZE);
		ok = read_all(s->fd, answer + HEADER_SIZE, *size - HEADER_SIZE);
	}
	hang_up(s);
	return ok ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

static void finalize(TSS2_TCTI_CONTEXT *tcti)
{
}

static TSS2_RC find(const char *conf, struct addrinfo **address)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
	char host[256], port[16];
	int fd;

	if (!parse(conf, host, port))
		return TSS2_TCTI_RC_BAD_VALUE;
	if (getaddrinfo(host, port, &wanted, address) != 0)
		return TSS2_TCTI_RC_IO_ERROR;
	fd = open_connection(*address);
	if (fd < 0) {
		freeaddrinfo(*address);
		return TSS2_TCTI_RC_IO_ERROR;
	}
	close(fd);
	return TSS2_RC_SUCCESS;
}

TSS2_RC swtpm_connect(const char *conf, TSS2_TCTI_CONTEXT **tcti)
{
	struct swtpm *s = calloc(1, sizeof(*s));
	TSS2_RC rc = s ? find(conf, &s->address) : TSS2_TCTI_RC_MEMORY;

	if (rc != TSS2_RC_SUCCESS) {
		free(s);
		return rc;
	}
	s->tcti = (TSS2_TCTI_CONTEXT_COMMON_V1){
		.magic = MAGIC,
		.version = 1,
		.transmit = transmit,
		.receive = receive,
		.finalize = finalize,
	};
	s->fd = -1;
	*tcti = (TSS2_TCTI_CONTEXT *)s;
	return TSS2_RC_SUCCESS;
}

void swtpm_free(TSS2_TCTI_CONTEXT *tcti)
{
	struct swtpm *s = (struct swtpm *)tcti;

	if (!s)
		return;
	hang_up(s);
	freeaddrinfo(s->address);
	free(s);
}
