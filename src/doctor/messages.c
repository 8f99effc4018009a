/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/messages.h"

const struct message messages[] = {
	/* -- kernel/module/signing.c: module.sig_enforce or CONFIG_MODULE_SIG_FORCE ---------- */
	{ "unsigned-rejected",
		{ "%: loading of unsigned module is rejected",
			"Loading of unsigned module is rejected" },
		OUTCOME_REFUSED, "EKEYREJECTED", "an unsigned module was refused",
		"This kernel demands signatures, and the module has none. A module whose last "
		"bytes were cut off, by strip(1) for one, counts as unsigned, too, and so does "
		"any module that is loaded with modprobe --force.",
		REMEDY_SIGN },
	{ "unavailable-key-rejected",
		{ "%: loading of module with unavailable key is rejected",
			"Loading of module with unavailable key is rejected" },
		OUTCOME_REFUSED, "EKEYREJECTED",
		"a module was refused that a key signed which this kernel does not trust",
		"This kernel demands signatures, and of this one's key it has no certificate in "
		"the keyrings where it looks for module signers.",
		REMEDY_TRUST },
	{ "unsupported-crypto-rejected",
		{ "%: loading of module with unsupported crypto is rejected",
			"Loading of module with unsupported crypto is rejected" },
		OUTCOME_REFUSED, "EKEYREJECTED",
		"a module was refused that is signed with an algorithm which this kernel cannot "
		"check",
		"The digest of the signature is neither built into this kernel nor was it a "
		"module that could be loaded at that moment (early in the boot there may be no "
		"modprobe).",
		REMEDY_DIGEST },
	/* -- lockdown: security/security.c since 5.4, distributions' patches before ---------- */
	{ "lockdown-unavailable-key", { "Lockdown: *module with unavailable key is restricted" },
		OUTCOME_REFUSED, "EPERM",
		"lockdown refused a module that a key signed which this kernel does not trust",
		"The kernel is locked down and loads modules only with a signature by a key that "
		"it trusts.",
		REMEDY_TRUST },
	{ "lockdown-unsupported-crypto",
		{ "Lockdown: *module with unsupported crypto is restricted" }, OUTCOME_REFUSED,
		"EPERM", "lockdown refused a module whose signature this kernel cannot check",
		"The kernel is locked down and loads modules only with a signature that it can "
		"check.",
		REMEDY_DIGEST },
	{ "lockdown-unsigned",
		{ "Lockdown: *unsigned module loading is restricted",
			"Loading of unsigned modules is restricted",
			"Lockdown: *Loading of unsigned module is restricted" },
		OUTCOME_REFUSED, "EPERM",
		"lockdown refused a module without a signature that counts",
		"The kernel is locked down and loads modules only with a signature by a key that "
		"it trusts. Newer kernels say this also when there is a signature, but the key is "
		"not trusted or the digest not available.",
		REMEDY_SIGN },
	{ "lockdown-parameters", { "Lockdown: *unsafe module parameters is restricted" },
		OUTCOME_REFUSED, "EPERM", "lockdown refused a module's parameter",
		"The kernel is locked down, and the parameter (of /etc/modprobe.d or of the "
		"command line) sets addresses or interrupts of hardware. The signature is not "
		"what is wrong.",
		REMEDY_NONE },
	/* -- the module is loaded all the same ---------------------------------------------- */
	{ "tainted-unsigned",
		{ "%: module verification failed: signature and/or*required key missing" },
		OUTCOME_DOUBTFUL, NULL, "a module without a signature that counts was loaded",
		"Nothing enforced signatures at that moment, so the module was loaded and the "
		"kernel is tainted (E) until it boots again. The kernel says this once: of the "
		"first such module only. It will be refused as soon as the kernel is locked down "
		"(Secure Boot) or module.sig_enforce is set.",
		REMEDY_SIGN },
	{ "tainted-out-of-tree", { "%: loading out-of-tree module taints kernel" }, OUTCOME_TOLD,
		NULL, "a module from outside the kernel's tree was loaded",
		"That taints the kernel (O) and keeps nothing from loading.", REMEDY_NONE },
	{ "tainted-license", { "%: module license '*' taints kernel" }, OUTCOME_TOLD, NULL,
		"a module with a license that is not the kernel's was loaded",
		"That taints the kernel (P) and keeps symbols from it that are for GPL modules "
		"only.",
		REMEDY_NONE },
	/* -- the signature itself: kernel/module_signature.c, crypto/asymmetric_keys --------- */
	{ "not-trusted-key", { "PKCS#7 signature not signed with a trusted key" }, OUTCOME_REFUSED,
		"ENOKEY", "a signature was seen by a key that this kernel does not trust",
		"Older kernels and distributions' patches say this; newer ones tell the same by "
		"\"unavailable key\". Whether the module was refused depends on what is enforced.",
		REMEDY_TRUST },
	{ "unknown-module-key", { "Request for unknown module key '*'" }, OUTCOME_REFUSED, "ENOKEY",
		"a module was signed by a key that this kernel does not know",
		"Kernels before 4.3 say this; the line names the key that they looked for.",
		REMEDY_TRUST },
	{ "key-revoked", { "Cert * is blacklisted", "Module key '*' is in blacklist" },
		OUTCOME_REFUSED, "EKEYREJECTED", "a certificate is on the revocation list",
		"It, or its key, is in .blacklist: in the firmware's dbx, in shim's MokListX or "
		"in the kernel itself. What is signed by it is refused even where nothing is "
		"enforced.",
		REMEDY_OTHER_KEY },
	{ "hash-revoked", { "Module hash * is blacklisted" }, OUTCOME_REFUSED, "EKEYREJECTED",
		"a module's file is revoked by its SHA-256",
		"Debian's kernels look a module's own hash up in .blacklist (the firmware's dbx, "
		"shim's MokListX): somebody took care that this very file does not load.",
		REMEDY_NONE },
	{ "signed-attributes",
		{ "Invalid module sig (has authattrs)",
			"S/MIME Caps only allowed with Authenticode" },
		OUTCOME_REFUSED, "EKEYREJECTED", "a signature with signed attributes was refused",
		"Kernels want none of them in a module's signature: openssl cms -sign needs "
		"-noattr.",
		REMEDY_SIGN_ANEW },
	{ "not-detached", { "PKCS#7 signature with non-detached data" }, OUTCOME_REFUSED, "EBADMSG",
		"a signature that carries content of its own was refused",
		"The content is the module: the signature has to be detached.", REMEDY_SIGN_ANEW },
	{ "unknown-oid", { "PKCS7: Unknown OID" }, OUTCOME_REFUSED, "ENOPKG",
		"a signature uses an algorithm of which this kernel does not know the name",
		"Its digest or signature algorithm is newer than the kernel.", REMEDY_DIGEST },
	{ "not-pkcs7", { "not signed with expected PKCS#7 message" }, OUTCOME_REFUSED, "ENOPKG",
		"a module carries a signature of another kind than PKCS#7",
		"Signers for kernels before 4.3 made such signatures, and so may what is newer "
		"than this kernel.",
		REMEDY_SIGN_ANEW },
	{ "bad-signature-info", { "PKCS#7 signature info has unexpected non-zero params" },
		OUTCOME_REFUSED, "EBADMSG", "what stands behind a module's signature is malformed",
		"The twelve bytes in front of the marker are not those that the kernel expects.",
		REMEDY_SIGN_ANEW },
	{ "x509-not-loaded", { "Problem loading X.509 certificate -" }, OUTCOME_TOLD, NULL,
		"a certificate of the firmware, of shim or of the kernel did not become a key",
		"-65 is an algorithm that this kernel lacks, -22 and -74 a form that it does not "
		"understand, -126 a keyring that does not take it, -129 a revoked one. Firmware "
		"often carries such certificates, and then it does not matter; your own must not "
		"be among them.",
		REMEDY_NONE },
	{ "mok-not-loaded",
		{ "Error adding keys to machine keyring",
			"Error adding keys to platform keyring UEFI:MokListRT" },
		OUTCOME_DOUBTFUL, NULL,
		"a MOK could be put neither into .machine nor into .platform",
		"Modules that its key signed are not trusted. \"modseal cert show CERT\" says "
		"which keyrings take a certificate, and why not.",
		REMEDY_NONE },
	{ "db-not-loaded", { "Error adding keys to platform keyring" }, OUTCOME_TOLD, NULL,
		"a certificate of the firmware could not be put into .platform",
		"Firmware often carries certificates that no kernel takes; it matters only if it "
		"is your own.",
		REMEDY_NONE },
	{ "no-mok-list", { "Couldn't get UEFI MokListRT", "MODSIGN: Couldn't get UEFI db list" },
		OUTCOME_TOLD, NULL, "the kernel found no list of keys of the firmware or of shim",
		"It was not booted through shim, or the list is empty.", REMEDY_NONE },
	/* -- kernel/module/main.c: the module is for another kernel -------------------------- */
	{ "vermagic", { "%: version magic '*' should be '*'" }, OUTCOME_REFUSED, "ENOEXEC",
		"a module was built for another kernel",
		"Its vermagic is not this kernel's; the line has both.", REMEDY_BUILD },
	{ "symbol-version",
		{ "%: disagrees about version of symbol", "Module has wrong symbol version" },
		OUTCOME_REFUSED, "ENOEXEC", "a module was built against other symbol versions",
		"Its vermagic fits, but what it was built against (headers, Module.symvers, or "
		"another module's) is not what runs.",
		REMEDY_BUILD },
	{ "no-symbol-version", { "%: no symbol version for" }, OUTCOME_TOLD, NULL,
		"a module has no version for a symbol",
		"It was built without Module.symvers; the kernel lets it pass.", REMEDY_NONE },
	{ "unknown-symbol", { "%: Unknown symbol", "insert*Unknown symbol in module" },
		OUTCOME_REFUSED, "ENOENT", "a module needs a symbol that is not there",
		"A module that it depends on is not loaded (insmod does not look for it, modprobe "
		"does; perhaps it was refused itself), or it was built for another kernel, or the "
		"symbol is for GPL modules only.",
		REMEDY_BUILD },
	{ "struct-module-size",
		{ "%: *section size must match the kernel's built struct module size" },
		OUTCOME_REFUSED, "ENOEXEC", "a module was built with another struct module",
		"The kernel that it was built for has another configuration.", REMEDY_BUILD },
	{ "duplicate-symbol", { "%: exports duplicate symbol" }, OUTCOME_REFUSED, "ENOEXEC",
		"a module exports a symbol that another one has already",
		"The same code is there twice: built in, or as a module of another name.",
		REMEDY_NONE },
	{ "livepatch-off",
		{ "%: module is marked as livepatch module, but livepatch support is disabled" },
		OUTCOME_REFUSED, "ENOEXEC", "a livepatch was refused",
		"This kernel is built without CONFIG_LIVEPATCH.", REMEDY_NONE },
	{ "not-elf", { "Invalid ELF header magic" }, OUTCOME_REFUSED, "ENOEXEC",
		"what was to be loaded is no ELF file",
		"A compressed module was handed to a kernel that does not decompress "
		"(CONFIG_MODULE_DECOMPRESS), by a tool that does not either, or the file is "
		"damaged.",
		REMEDY_NONE },
	{ "decompression", { "decompression failed with status" }, OUTCOME_REFUSED, "EINVAL",
		"the kernel could not decompress a module",
		"Its own decompressors read less than the tools: xz with CRC32 and a small "
		"dictionary, one stream or frame. A signature behind the compressed data stops "
		"them, too.",
		REMEDY_SIGN_ANEW },
	/* -- other gatekeepers ---------------------------------------------------------------- */
	{ "blacklisted", { "Module % is blacklisted" }, OUTCOME_REFUSED, "EPERM",
		"a module is on the kernel's own blacklist",
		"module_blacklist= of the kernel's command line names it.", REMEDY_UNBLOCK },
	{ "ima-no-file", { "impossible to appraise a module without a file descriptor" },
		OUTCOME_REFUSED, "EACCES", "IMA refused a module that came without its file",
		"An IMA policy appraises modules, and this one was handed over as memory "
		"(init_module, as old tools and compressed modules do it), where there is no file "
		"to look at.",
		REMEDY_IMA },
	{ "ima-appraise", { "op=appraise_data cause=*.ko" }, OUTCOME_REFUSED, "EACCES",
		"IMA refused a module's file",
		"An IMA policy appraises modules: the file needs a signature of its own in "
		"security.ima (or, with appraise_type=imasig|modsig, an appended one by a key in "
		".ima). The line's cause says what was missing.",
		REMEDY_IMA },
	{ "loadpin", { "LoadPin: kernel-module*denied" }, OUTCOME_REFUSED, "EPERM",
		"LoadPin refused a module from another file system",
		"LoadPin lets modules come from one (read-only) file system only.", REMEDY_NONE },
	{ "selinux", { "avc:*denied*{ module_load }" }, OUTCOME_REFUSED, "EACCES",
		"SELinux refused to load a module",
		"The policy does not let this process load modules from that file (its label: "
		"restorecon -v FILE).",
		REMEDY_NONE },
	/* -- modprobe, insmod, systemd-modules-load, dracut: errno's words -------------------- */
	{ "EKEYREJECTED", { "Key was rejected by service" }, OUTCOME_REFUSED, "EKEYREJECTED",
		"a module was refused: \"Key was rejected by service\"",
		"Signatures are enforced and there is none that counts, or (then without a line "
		"in the kernel's log) the signature does not fit the module or its key is revoked.",
		REMEDY_SIGN },
	{ "ENOKEY", { "Required key not available" }, OUTCOME_REFUSED, "ENOKEY",
		"a module was refused: \"Required key not available\"",
		"Kernels before 5.4 say this when signatures are enforced and the key is not "
		"trusted, or when there is no signature.",
		REMEDY_TRUST },
	{ "EBADMSG",
		{ "insert*Bad message", "can't load module*Bad message",
			"finit_module*Bad message" },
		OUTCOME_REFUSED, "EBADMSG", "a module was refused: \"Bad message\"",
		"There is a signature, but it cannot be read: damaged, cut, or made by something "
		"else.",
		REMEDY_SIGN_ANEW },
	{ "ENOPKG", { "Package not installed" }, OUTCOME_REFUSED, "ENOPKG",
		"a module was refused: \"Package not installed\"",
		"No package is missing: the kernel lacks the algorithm that the signature uses, "
		"or the signature is of a kind that it does not know.",
		REMEDY_DIGEST },
	{ "ENOEXEC",
		{ "Invalid module format", "insert*Exec format error",
			"can't load module*Exec format" },
		OUTCOME_REFUSED, "ENOEXEC", "a module was refused: \"Invalid module format\"",
		"It was built for another kernel or processor, or it is no module at all. The "
		"kernel's log says which.",
		REMEDY_BUILD },
	{ "EPERM",
		{ "insert*Operation not permitted", "can't load module*Operation not permitted",
			"finit_module*Operation not permitted" },
		OUTCOME_REFUSED, "EPERM", "a module was refused: \"Operation not permitted\"",
		"Lockdown refused it, or kernel.modules_disabled, a blacklist on the kernel's "
		"command line, or the caller is not root (or in a container).",
		REMEDY_SIGN },
	{ "EACCES", { "insert*Permission denied", "finit_module*Permission denied" },
		OUTCOME_REFUSED, "EACCES", "a module was refused: \"Permission denied\"",
		"A security module did it: IMA that appraises modules, or SELinux.", REMEDY_IMA },
	{ "ENODEV", { "insert*No such device" }, OUTCOME_REFUSED, "ENODEV",
		"a module found none of its hardware",
		"The kernel accepted it, and its own start failed: the signature is not what is "
		"wrong.",
		REMEDY_NONE },
	{ "EINVAL", { "insert*Invalid argument" }, OUTCOME_REFUSED, "EINVAL",
		"a module was refused: \"Invalid argument\"",
		"A parameter is wrong, or its symbols do not fit this kernel. The kernel's log "
		"says which.",
		REMEDY_BUILD },
	{ "not-found", { "Module % not found" }, OUTCOME_REFUSED, "ENOENT",
		"a module was not found", "modules.dep of this kernel has no such module.",
		REMEDY_NONE },
	{ 0 },
};
