/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled, not linked: what the compiler makes of this is a kernel module's kind of file. */
#define MODINFO(name, text) \
	static const char name[] __attribute__((section(".modinfo"), used)) = text

MODINFO(license, "license=GPL");
MODINFO(vermagic, "vermagic=6.1.0-0-compiled SMP ");
MODINFO(title, "name=fixture_ko");

int fixture_ko_init(void);
int fixture_ko_init(void)
{
	static int calls;

	return ++calls;
}
