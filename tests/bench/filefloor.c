/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast files can be signed when a signature costs nothing: each is read, its SHA-256 taken, and
 * it is written back with 700 bytes more.
 *
 *   filefloor HOW THREADS FILE...      prints the seconds that it took
 *
 * HOW is `replace`, as src/module/write.c does: a new file (sharing blocks with the old one where
 * the file system can), fsync, rename; `rename`: the same without fsync; `append`: to the file
 * itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TAIL_LEN 700

static struct {
	bool append, sync;
	char **files;
	atomic_int next;
	int n_files;
	EVP_MD *sha256;
} bench;

struct scratch {
	unsigned char *data;
	size_t size;
};

static void die(const char *path)
{
	fprintf(stderr, "filefloor: %s: %s\n", path, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void put(const char *path, int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0)
			die(path);
		p += n;
		len -= (size_t)n;
	}
}

static size_t get(const char *path, int fd, struct scratch *s, mode_t *mode)
{
	struct stat st;
	size_t have = 0;

	if (fstat(fd, &st))
		die(path);
	*mode = st.st_mode & 07777;
	if (s->size < (size_t)st.st_size) {
		free(s->data);
		s->size = (size_t)st.st_size;
		s->data = malloc(s->size);
		if (!s->data)
			die(path);
	}
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, s->data + have, (size_t)st.st_size - have);

		if (n <= 0)
			die(path);
		have += (size_t)n;
	}
	return have;
}

static void replace(const char *path, int from, const struct scratch *s, size_t len, mode_t mode,
	const void *tail)
{
	char temp[4096];
	int to;

	snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	to = mkostemp(temp, O_CLOEXEC);
	if (to < 0)
		die(temp);
	if (ioctl(to, FICLONE, from) == 0)
		lseek(to, 0, SEEK_END);
	else
		put(temp, to, s->data, len);
	put(temp, to, tail, TAIL_LEN);
	if (fchmod(to, mode) || (bench.sync && fsync(to)) || rename(temp, path))
		die(temp);
	close(to);
}

static void one_file(const char *path, struct scratch *s)
{
	unsigned char tail[TAIL_LEN] = { 0 };
	mode_t mode;
	int fd = open(path, (bench.append ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	size_t len;

	if (fd < 0)
		die(path);
	len = get(path, fd, s, &mode);
	if (!EVP_Digest(s->data, len, tail, NULL, bench.sha256, NULL))
		die("SHA-256");
	if (bench.append)
		put(path, fd, tail, TAIL_LEN);
	else
		replace(path, fd, s, len, mode, tail);
	close(fd);
}

static void *file_loop(void *arg)
{
	struct scratch s = { 0 };
	int i;

	(void)arg;
	while ((i = atomic_fetch_add(&bench.next, 1)) < bench.n_files)
		one_file(bench.files[i], &s);
	free(s.data);
	return NULL;
}

int main(int argc, char **argv)
{
	int n_threads = argc > 3 ? atoi(argv[2]) : 0;
	pthread_t threads[64];
	double start;

	if (n_threads < 1 || n_threads > 64) {
		fprintf(stderr, "usage: filefloor replace|rename|append THREADS FILE...\n");
		return 2;
	}
	bench.append = !strcmp(argv[1], "append");
	bench.sync = !strcmp(argv[1], "replace");
	bench.files = argv + 3;
	bench.n_files = argc - 3;
	bench.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	start = now();
	for (int i = 0; i < n_threads; i++)
		if (pthread_create(&threads[i], NULL, file_loop, NULL))
			die("pthread_create");
	for (int i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	printf("%.6f\n", now() - start);
	EVP_MD_free(bench.sha256);
	return 0;
}
