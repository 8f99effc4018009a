/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast files can be signed when a signature costs nothing: each is read, its SHA-256 taken, and
 * it is written back with 700 bytes more.
 *
 *   filefloor HOW DURABILITY THREADS < FILES      names of files, a line each
 *
 * prints the seconds and CPU seconds that it took. HOW is `replace` (a new file that shares blocks
 * with the old one where the file system can, then rename) or `append` (to the file itself).
 * DURABILITY is that of modseal sign: `batch` (replace: one syncfs for 384 new files before they are
 * renamed; both: one at the end), `file` (fsync for each), `none`.
 */
#include "loop.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_LEN  700
#define BATCH_MAX 384

/* A new file without its name yet. */
struct staged {
	char *temp;
	const char *path;
	int fd;
};

struct batch {
	struct staged files[BATCH_MAX];
	int n;
};

static struct {
	bool append;
	enum { NONE, BATCH, EACH } durability;
	char **files;
	EVP_MD *sha256;
	pthread_mutex_t lock; /* of what waits for its names */
	struct batch *batch;
} bench = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What a thread reads into. */
struct scratch {
	unsigned char *data;
	size_t size;
};

static _Noreturn void die(const char *what)
{
	loop_die("filefloor", what);
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

static void commit(struct staged *s)
{
	if (rename(s->temp, s->path))
		die(s->temp);
	close(s->fd);
	free(s->temp);
}

static void commit_batch(struct batch *b)
{
	if (b->n && syncfs(b->files[0].fd))
		die("syncfs");
	for (int i = 0; i < b->n; i++)
		commit(&b->files[i]);
	free(b);
}

/* Whoever fills the batch commits it, while the others fill the next one. */
static void add(const struct staged *s)
{
	struct batch *full = NULL;

	pthread_mutex_lock(&bench.lock);
	if (!bench.batch) {
		bench.batch = calloc(1, sizeof(*bench.batch));
		if (!bench.batch)
			die("calloc");
	}
	bench.batch->files[bench.batch->n++] = *s;
	if (bench.batch->n == BATCH_MAX) {
		full = bench.batch;
		bench.batch = NULL;
	}
	pthread_mutex_unlock(&bench.lock);
	if (full)
		commit_batch(full);
}

static void replace(const char *path, int from, const struct scratch *s, size_t len, mode_t mode,
	const void *tail)
{
	struct staged staged = { .path = path };

	if (asprintf(&staged.temp, "%s.XXXXXX", path) < 0)
		die(path);
	staged.fd = mkostemp(staged.temp, O_CLOEXEC);
	if (staged.fd < 0)
		die(staged.temp);
	if (ioctl(staged.fd, FICLONE, from) == 0)
		lseek(staged.fd, 0, SEEK_END);
	else
		put(staged.temp, staged.fd, s->data, len);
	put(staged.temp, staged.fd, tail, TAIL_LEN);
	if (fchmod(staged.fd, mode) || (bench.durability == EACH && fsync(staged.fd)))
		die(staged.temp);
	if (bench.durability == BATCH)
		add(&staged);
	else
		commit(&staged);
}

static void append(const char *path, int fd, size_t len, const void *tail)
{
	if (pwrite(fd, tail, TAIL_LEN, (off_t)len) != TAIL_LEN ||
		(bench.durability == EACH && fsync(fd)))
		die(path);
}

static void one_file(void *own, long i)
{
	const char *path = bench.files[i];
	struct scratch *s = own;
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
		append(path, fd, len, tail);
	else
		replace(path, fd, s, len, mode, tail);
	close(fd);
}

static void finish(void)
{
	int fd;

	if (bench.durability != BATCH)
		return;
	if (bench.batch)
		commit_batch(bench.batch);
	fd = open(bench.files[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd))
		die("syncfs");
	close(fd);
}

static void *begin(int thread)
{
	struct scratch *s = calloc(1, sizeof(*s));

	(void)thread;
	if (!s)
		die("calloc");
	return s;
}

static void end(void *own)
{
	struct scratch *s = own;

	free(s->data);
	free(s);
}

static int usage(void)
{
	fprintf(stderr, "usage: filefloor replace|append none|batch|file THREADS < NAMES\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct loop loop = { .name = "filefloor", .begin = begin, .one = one_file, .end = end,
		.finish = finish };

	if (argc != 4)
		return usage();
	bench.append = !strcmp(argv[1], "append");
	if (!strcmp(argv[2], "batch"))
		bench.durability = BATCH;
	else if (!strcmp(argv[2], "file"))
		bench.durability = EACH;
	else if (strcmp(argv[2], "none"))
		return usage();
	/* Room for the descriptors of two batches, as long as there is one thread: with several the
	 * kernel lets all wait while it makes it. */
	close(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 1023));
	loop.threads = loop_threads("filefloor", argv[3]);
	bench.files = loop_names("filefloor", &loop.count);
	bench.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	loop_run(&loop);
	EVP_MD_free(bench.sha256);
	return 0;
}
