/* SPDX-License-Identifier: Apache-2.0 */
/* Key files that other programs have made, in a TPM in software that is no more. */
#ifndef MODSEAL_TESTS_UNIT_TPM2_VECTORS_H
#define MODSEAL_TESTS_UNIT_TPM2_VECTORS_H

/* openssl_tpm2_engine 4.3.0: create_tpm2_key --ecc prime256v1 --auth --pcr-lock sha256:16,7. */
static const char vector_auth_pcr[] =
	"-----BEGIN TSS2 PRIVATE KEY-----\n"
	"MIIBUQYGZ4EFCgEDoUQwQjAKoAQCAgFroQIEADA0oAQCAgF/oSwEKgAAAAEACwOA\n"
	"AAH1pf1C0WogMCeY727TCZebQwA9IyDZ8OjqmDGpJ1n7SwIEQAAAAQR4AHYAIwAL\n"
	"AAYEIAAgFdDIqO29suSUbvBQWn5n/LOmrBLrlt7CRiRQJ0Tlf3wAEAAQAAMAEAAg\n"
	"Zr9Ot8BPpSILkSPhlvj19ejX+/8qLhniRH031AeKCtAAIHBaGRGXqSVL5FSYy1N9\n"
	"0vw/DPz6W5Bg05qYBHD/FG37BIGAAH4AIOzTrWbuadu/M30t3r302uHjlFWi1lnX\n"
	"WANk6QtdkJuWABCeS/f9JFVfpkNIZMtLf97cnTASMd/GE25NAMqBIrTeS4+hwisQ\n"
	"dHL0h47BdPlBirPeHLvvpkEHb9naEme7JPrZZDi5PAfW3sBQO/n4kHs3VEFHHZwc\n"
	"u/ebJfs=\n"
	"-----END TSS2 PRIVATE KEY-----\n";

/* The same: --signed-policy, then signed_tpm2_policy add --policy-name first --pcr-lock 16. */
static const char vector_approved[] =
	"-----BEGIN TSS2 PRIVATE KEY-----\n"
	"MIICwwYGZ4EFCgEDoAMBAf+hgYwwgYkwgYagBAICAWqhfgR8AFYAIwALAAYAQAAA\n"
	"ABAAEAADABAAIG6z6EtqesQ1mxLesLgTgiF+3/FEryblGxyVXmKhNNeGACBMIQ5V\n"
	"Q7/tfEs9O/kgGcVQ77ySenorW6uYShb24DFPgQAg25BFyeiwOqTxgNt9E2HjoMPb\n"
	"WAj7IyRDSApIruJ91EAAEKOCASAwggEcMIIBGKAHDAVmaXJzdKGCAQswggEHMDSg\n"
	"BAICAX+hLAQqAAAAAQALAwAAAWZoeq34Yr13bI/Bi46fjiAIlxSFbuIzs5AqWR0N\n"
	"XyklMIHOoAQCAgFqoYHFBIHCAFYAIwALAAYAQAAAABAAEAADABAAIG6z6EtqesQ1\n"
	"mxLesLgTgiF+3/FEryblGxyVXmKhNNeGACBMIQ5VQ7/tfEs9O/kgGcVQ77ySenor\n"
	"W6uYShb24DFPgQAg25BFyeiwOqTxgNt9E2HjoMPbWAj7IyRDSApIruJ91EAAGAAL\n"
	"ACB7i11DPbIWdWd2v+1YQD/nyjhLOZU1JZfYzymjD4KFHAAgxaDjl33qggr6sc5F\n"
	"VOQ5OyW2V/Jr25kqyE0w6o3HTzwCBEAAAAEEeAB2ACMACwAGBCAAIEAfkok8CTL3\n"
	"beDI2kbRCImM3fFZOsZ/b6d+aMbkjJ04ABAAEAADABAAIHzDj6WGTFukuNCUXPPT\n"
	"kN4v5OGxTHW/0MVW2dcd6XzGACCMMXjMgyYEOMUfHduKWFAF8sOJHDFjqVpOWITM\n"
	"w+bdggSBgAB+ACCzxtY1cZdL00TjAbPuuDtIzRHlJ/MOXQolLB972NHOxgAQ+7jI\n"
	"NZ8CUu3fph0yj8m+j5/7pyJZwWIwyra9ugud353YmwsR/qLLyCRqDk2SdvTTLbwn\n"
	"k0WIAyg5VfZ1dwQ9VXMlEXcVjBQLwt+ufqFflxa3+LFY56egR3vU\n"
	"-----END TSS2 PRIVATE KEY-----\n";

/* The same: RSA-2048. */
static const char vector_decrypt[] =
	"-----BEGIN TSS2 PRIVATE KEY-----\n"
	"MIICEgYGZ4EFCgEDoAMBAf8CBEAAAAEEggEYARYAAQALAAIEYAAAABAAEAgAAAAA\n"
	"AAEAx8Qv3r9bp7lMjT+Ce+eL+T0wIGXRmuxtMZLltbgOQZUfScDYQ5q6QnoFXYT0\n"
	"37YRqkpwyTkoZUaRsu05RWa6R02zLvAbEtupDYRSGAg48dTNaRTxCCBHmUbUVVwg\n"
	"C6cO9XKQUZGR6y3HgVnBXA6lQGSI+xjpsHk3ahdh8y282u20faOqLTNMOpy8NPLl\n"
	"dVbvrL6UJnWh12gWp9bK6N9rkCVjRAHUDWbSLQSYNog9UKOpAYufhgOJljlqASmL\n"
	"amZx7OGlJvmQ8n1A2lcSGaqsvQl/0Purpp38qONwquMpwFD5NK2vLQ95araxplkY\n"
	"35jhCV1nNF8M8FYaghWAQC85zwSB4ADeACCitraPihpoK8EfyAwHDXWXZStp+RL0\n"
	"ItGawLQHwhnfuwAQP+SX9ZavxDv9JPPyMnHMVSCDJZtiK8H8Wklka8gyMRMkiW+F\n"
	"Jr6xP+owRrEcoTG9EDbbltPXjkTCm0ym7Ycgpv+0m9sD38ZThGfhTkOq7t9hLBOX\n"
	"euLIzzvE7duquZGsOhucW/QGLBuZoaPb0GPWE7Cm9OI4dljJcjr6HnVR1jGDUVl7\n"
	"+p7L7OnoJsQ/NbuFmgrR/7U7xFmN3CyAh7qyUr0Yj2LT4otf1RFpE7wnYiYksFUn\n"
	"i952yNMG\n"
	"-----END TSS2 PRIVATE KEY-----\n";

/* tpm2-openssl 1.1.1: openssl genpkey -algorithm EC -pkeyopt group:P-256 -pkeyopt user-auth:.... */
static const char vector_openssl[] =
	"-----BEGIN TSS2 PRIVATE KEY-----\n"
	"MIHwBgZngQUKAQOgAwEBAAIEQAAAAQRYAFYAIwALAAYAcgAAABAAEAADABAAIK1o\n"
	"Px0NjSGk3xWlonYQRTtno3VFZJCxFX9dWmeKc38OACCKnPMEHzoRYu1ifz/05fk2\n"
	"nQyPpcPCkqVex9fu5gtqLQSBgAB+ACBebZsohTBmPB/sa0FeBtmIP6kfg3QVv9dL\n"
	"NK6jLkr/PQAQvFKWasZdIeS1hXYUbDkHrU135SBssR3aKT6esI652xppVYN1wCzL\n"
	"HDQe7UPNUQxzpGvo0wYzeofj74XUCYS5pOzpMPAJw05nRYOuZ+qmMizrE6OCpkiy\n"
	"c0PE\n"
	"-----END TSS2 PRIVATE KEY-----\n";

/* tpm2-tools 5.4: tpm2_encodeobject -p (whose key has no auth value). */
static const char vector_tools[] =
	"-----BEGIN TSS2 PRIVATE KEY-----\n"
	"MIHwBgZngQUKAQOgAwEBAQIEQAAAAQRYAFYAIwALAAQAcgAAABAAEAADABAAIPMt\n"
	"rYv72xwWwuikspRCA9w9U/w0LErm116PreDf03XHACAlEFF94t5R+PbWplADpVFg\n"
	"mPYYRqYZHWReamxJMPa/GgSBgAB+ACBnorf12BvAiwI/dYyZBEpaxsz0EuiSGExk\n"
	"nowuCC0MFwAQg6zbLS86d1pM3M0/EFpRFYpsNuFcFi0cdVTdIoet0dnVnIAre2f5\n"
	"Gb/IPFRsv+a98W7mWg4ZDFoaCcw92THlkaQ2R4COWHXYutzjHDg/eRKNZON5Z5aU\n"
	"Zb3y\n"
	"-----END TSS2 PRIVATE KEY-----\n";

#endif
