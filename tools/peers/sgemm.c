/*
 * Single-precision matrix products of a BLAS, timed.
 *
 *   sgemm LIBRARY PREFIX SECONDS M K N [M K N ...]
 *
 * opens the shared library, whose names start with PREFIX ("" for a library of a
 * distribution), and prints which kernels it chose, then for each shape a line
 * "M K N TIME CPU": seconds for C = A B, row-major, buffers reused, the mean over
 * SECONDS, and the share of them in which this process had a processor. Products
 * are compared with sums in double first: a fast wrong result is no peer.
 *
 * cc -O2 -o sgemm sgemm.c -ldl -lm
 */
#define _POSIX_C_SOURCE 200112L
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* cblas_sgemm, with the values of its enumerations */
typedef void gemm(int order, int transA, int transB, int m, int n, int k,
                  float alpha, const float *a, int lda, const float *b, int ldb,
                  float beta, float *c, int ldc);
enum { ROW_MAJOR = 101, NO_TRANS = 111 };

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void *symbol(void *lib, const char *prefix, const char *name)
{
	char full[256];
	snprintf(full, sizeof full, "%s%s", prefix, name);
	return dlsym(lib, full);
}

/* uniform fills x with numbers between -1 and 1. */
static float *uniform(size_t n)
{
	float *x;
	if (posix_memalign((void **)&x, 64, n * sizeof *x))
		exit(1);
	for (size_t i = 0; i < n; i++)
		x[i] = 2.f * rand() / (float)RAND_MAX - 1;
	return x;
}

/* wrong counts the rows of c, every 37th, in which an element is further from
 * the sum in double than rounding k terms allows. */
static int wrong(const float *a, const float *b, const float *c, int m, int n, int k)
{
	int bad = 0;
	for (int i = 0; i < m; i += 37)
		for (int j = 0; j < n; j++) {
			double sum = 0, size = 0;
			for (int l = 0; l < k; l++) {
				double p = (double)a[i * k + l] * b[l * n + j];
				sum += p;
				size += fabs(p);
			}
			if (!(fabs(sum - c[i * n + j]) <= k * ldexp(1, -24) * size)) {
				bad++;
				break;
			}
		}
	return bad;
}

int main(int argc, char **argv)
{
	if (argc < 7 || (argc - 4) % 3) {
		fprintf(stderr, "usage: sgemm LIBRARY PREFIX SECONDS M K N [M K N ...]\n");
		return 2;
	}
	void *lib = dlopen(argv[1], RTLD_NOW);
	if (!lib) {
		fprintf(stderr, "sgemm: %s\n", dlerror());
		return 1;
	}
	gemm *sgemm = (gemm *)symbol(lib, argv[2], "cblas_sgemm");
	char *(*core)(void) = (char *(*)(void))symbol(lib, argv[2], "openblas_get_corename");
	char *(*config)(void) = (char *(*)(void))symbol(lib, argv[2], "openblas_get_config");
	void (*threads)(int) = (void (*)(int))symbol(lib, argv[2], "openblas_set_num_threads");
	if (!sgemm) {
		fprintf(stderr, "sgemm: %s has no %scblas_sgemm\n", argv[1], argv[2]);
		return 1;
	}
	if (threads)
		threads(1);
	printf("core %s\nconfig %s\n", core ? core() : "?", config ? config() : "?");

	double seconds = atof(argv[3]);
	for (int s = 4; s < argc; s += 3) {
		int m = atoi(argv[s]), k = atoi(argv[s + 1]), n = atoi(argv[s + 2]);
		float *a = uniform((size_t)m * k), *b = uniform((size_t)k * n), *c = uniform((size_t)m * n);
		sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, m, n, k, 1, a, k, b, n, 0, c, n);
		int bad = wrong(a, b, c, m, n, k);
		if (bad) {
			fprintf(stderr, "sgemm: m=%d k=%d n=%d: %d of the rows looked at are wrong\n", m, k, n, bad);
			return 1;
		}
		long calls = 0;
		double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), end = wall;
		do {
			for (int i = 0; i < 1 + 4000000 / (m * n); i++, calls++)
				sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, m, n, k, 1, a, k, b, n, 0, c, n);
			end = now(CLOCK_MONOTONIC);
		} while (end - wall < seconds);
		wall = end - wall;
		cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		printf("%d %d %d %.6e %.3f\n", m, k, n, wall / calls, cpu / wall);
		free(a);
		free(b);
		free(c);
	}
	return 0;
}
