/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads one module, as it lies there, and says what the kernel said. busybox's insmod unpacks
 * compressed modules itself; here the kernel shall do it.
 *
 *   load FILE     prints "ok" or errno's name and text on one line; exit status 0 or 1
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4 /* linux/module.h, since 5.17 */
#endif

static int is_compressed(int fd)
{
	char magic[4] = "";

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		memcmp(magic, "\177ELF", 4) != 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: load FILE\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		printf("cannot open: %s\n", strerror(errno));
		return 1;
	}
	if (syscall(SYS_finit_module, fd, "",
		    is_compressed(fd) ? MODULE_INIT_COMPRESSED_FILE : 0)) {
		printf("%s %s\n", strerrorname_np(errno), strerror(errno));
		return 1;
	}
	printf("ok\n");
	return 0;
}
