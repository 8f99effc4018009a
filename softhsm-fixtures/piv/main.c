/* SPDX-License-Identifier: Apache-2.0 */
/* pivcard DIR PCSCD DRIVER: starts pcscd and is the card in its only reader, until it is ended or
 * DIR is removed. The files of DIR: README.md here. */
#include "softhsm-fixtures/piv/card.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a YubiKey 5: OpenSC and ykcs11 look for it. */
static const uint8_t atr[] = { 0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80, 0x73,
	0xc0, 0x21, 0xc0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40 };

#define AWAY_US 1000000 /* pcscd looks every 400 ms, and must see that it was away */

enum control { CONTROL_OFF, CONTROL_ON, CONTROL_RESET, CONTROL_ATR = 4 };

/* Whether there is something to do for us still: our directory, and pcscd. */
static bool is_wanted(void)
{
	return access("pin", F_OK) == 0 && waitpid(-1, NULL, WNOHANG) == 0;
}

static int insert(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons((uint16_t)port) };
	int fd;

	while (is_wanted()) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return fd;
		close(fd);
		usleep(20000);
	}
	exit(0);
}

/* false: the other side is gone. */
static bool receive(int fd, uint8_t *to, size_t len)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	const int on = 1;
	ssize_t n;

	while (len) {
		/* The reader sends length and content apart, and the second only once the first is
		 * acknowledged: without this, 40 ms later. */
		setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
		if (poll(&wait, 1, 500) == 0) {
			if (!is_wanted())
				exit(0);
			continue;
		}
		n = recv(fd, to, len, 0);
		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

static void transmit(int fd, const struct bytes *answer)
{
	struct bytes message = { .len = 0 };
	const uint8_t len[] = { (uint8_t)(answer->len >> 8), (uint8_t)answer->len };

	bytes_add(&message, len, 2);
	bytes_add(&message, answer->data, answer->len);
	send(fd, message.data, message.len, MSG_NOSIGNAL); /* if it is gone, receive() tells */
}

/* Both directions: two bytes of length, then as many. One byte is a control code. */
static void be_card(int fd)
{
	struct card *card = calloc(1, sizeof(*card));
	struct bytes answer = { .len = 0 };
	uint8_t head[2], message[65536];
	size_t len;

	if (!card)
		die("no", "memory");
	while (!card->gone && receive(fd, head, 2)) {
		len = (size_t)head[0] << 8 | head[1];
		if (!receive(fd, message, len))
			break;
		answer.len = 0;
		if (len == 1) {
			if (message[0] != CONTROL_ATR) {
				card_power_on(card);
				continue;
			}
			bytes_add(&answer, atr, sizeof(atr));
		} else {
			card_command(card, message, len, &answer);
		}
		if (!card->gone)
			transmit(fd, &answer);
	}
	free(card);
}

int main(int argc, char **argv)
{
	int port, fd;

	if (argc != 4 || chdir(argv[1])) {
		fprintf(stderr, "usage: pivcard DIR PCSCD DRIVER\n");
		return 2;
	}
	port = reader_start(argv[1], argv[2], argv[3]);
	for (;;) {
		fd = insert(port);
		be_card(fd);
		close(fd);
		usleep(AWAY_US);
		while (store_number("leave-after", -1) == 0 && is_wanted())
			usleep(20000); /* out of the reader until that file is gone */
	}
}
