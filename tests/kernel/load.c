/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands files to the kernel as modules, as they lie there (busybox's insmod would unpack compressed
 * ones itself), and writes what the kernel made of each:
 *
 *   load FILE...     a line a file: NAME <tab> RESULT <tab> LOG
 *
 * NAME is the file's, RESULT is "loads", "taints" (it loaded, and is marked as unsigned in
 * /proc/modules) or errno's name, LOG the lines of the kernel's log in the meantime, " | " between
 * them. What was loaded is taken out again: the files are variants of one module.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4 /* linux/module.h, since 5.17 */
#endif

/* The kernel's lines about lockdown are limited to 10 in 5 s (printk_ratelimited()). */
#define LOCKDOWN_LINES 9
#define LOCKDOWN_PAUSE 6

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int is_compressed(int fd)
{
	char magic[4] = "";

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		memcmp(magic, "\177ELF", 4) != 0;
}

/* The module that was loaded last stands first: "NAME SIZE REFS DEPS STATE ADDRESS (TAINTS)". */
static const char *newest_module(int *tainted)
{
	static char line[512];
	char *end;
	FILE *f = fopen("/proc/modules", "re");

	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		die("/proc/modules");
	fclose(f);
	end = strrchr(line, '(');
	*tainted = end != NULL && strchr(end, 'E') != NULL;
	line[strcspn(line, " ")] = '\0';
	return line;
}

static const char *load(const char *path)
{
	const char *name;
	int fd, flags, error, tainted;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	flags = is_compressed(fd) ? MODULE_INIT_COMPRESSED_FILE : 0;
	error = syscall(SYS_finit_module, fd, "", flags) == 0 ? 0 : errno;
	close(fd);
	if (error != 0)
		return strerrorname_np(error);
	name = newest_module(&tainted);
	if (syscall(SYS_delete_module, name, O_NONBLOCK) != 0)
		die(name);
	return tainted ? "taints" : "loads";
}

/*
 * What the kernel has logged since the last call, and not its older lines. A read is one record:
 * "6,339,5140900,-;words" and lines that begin with a blank (Documentation/ABI/testing/dev-kmsg).
 */
static void print_log(int kmsg)
{
	const char *between = "";
	char record[8192], *words;
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0) {
		record[n] = '\0';
		words = strchr(record, ';');
		if (words == NULL)
			die("a record of /dev/kmsg");
		words++;
		printf("%s%.*s", between, (int)strcspn(words, "\n"), words);
		between = " | ";
	}
	if (errno != EAGAIN)
		die("/dev/kmsg");
}

int main(int argc, char **argv)
{
	int i, kmsg, denied = 0;
	const char *result, *slash;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		die("/dev/kmsg");
	for (i = 1; i < argc; i++) {
		slash = strrchr(argv[i], '/');
		result = load(argv[i]);
		printf("%s\t%s\t", slash != NULL ? slash + 1 : argv[i], result);
		print_log(kmsg);
		printf("\n");
		if (strcmp(result, "EPERM") == 0 && ++denied % LOCKDOWN_LINES == 0)
			sleep(LOCKDOWN_PAUSE);
	}
	if (fflush(stdout) != 0)
		die("standard output");
	return 0;
}
