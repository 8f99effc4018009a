#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Certificates for keys that exist. openssl judges them.

load ../lib/common
load cli

setup() {
	cd "$BATS_TEST_TMPDIR"
	own_fixtures
	soft=$MODSEAL_FIXTURES/soft
	shim=$MODSEAL_BUILD/tests/faults/libmodseal_shim.so
}

cert() {
	modseal_pin cert --module "$MODSEAL_P11" "$@"
}

# What openssl shows of a certificate.
text() { # FILE.pem
	openssl x509 -in "$1" -noout -text -nameopt RFC2253,-esc_msb,utf8
}

# All of a certificate but serial number, dates, signature and lengths.
fields() { # FILE.pem
	openssl x509 -in "$1" -noout -pubkey
	openssl x509 -in "$1" -outform DER | openssl asn1parse -inform DER |
		sed -E 's/^ *[0-9]+:(d=[0-9]+) +hl=[0-9]+ l= *[0-9]+ /\1 /' |
		grep -vE 'UTCTIME|GENERALIZEDTIME|d=2 prim: INTEGER'
}

@test "each profile, for RSA and EC keys in hardware, as its words say" {
	local key profile
	for key in rsa2048 p384; do
		for profile in mok kernel ca; do
			run cert -k "pkcs11:token=modseal;object=$key" --subject "CN=$profile of $key" \
				--profile $profile -o c.pem
			assert_status 0
			openssl verify -check_ss_sig -CAfile c.pem c.pem
			# the key that is certified is the token's
			diff <(openssl x509 -in c.pem -noout -pubkey) \
				<(openssl x509 -in "$MODSEAL_FIXTURES/$key.pem" -noout -pubkey)
			run text c.pem
			assert_output 'Version: 3'
			assert_output "Subject: CN=$profile of $key"
			assert_output 'X509v3 Basic Constraints: critical'
			assert_output 'X509v3 Subject Key Identifier'
			assert_output 'X509v3 Authority Key Identifier'
			case $key in
			rsa2048) assert_output sha256WithRSAEncryption ;;
			*) assert_output ecdsa-with-SHA384 ;;
			esac
			case $profile in
			ca)
				assert_output CA:TRUE
				assert_output 'Certificate Sign, CRL Sign'
				refute_output 'Extended Key Usage'
				refute_output 'Digital Signature'
				;;
			*)
				assert_output CA:FALSE
				assert_output 'Digital Signature'
				;;
			esac
			case $profile in
			mok) assert_output 'Code Signing, 1.3.6.1.4.1.2312.16.1.2' ;;
			*) refute_output 1.3.6.1.4.1.2312.16.1.2 ;;
			esac
		done
	done
}

@test "mok is the default, 36500 days, DER unless the name says PEM; serial numbers are random" {
	run cert -k "$KEY" --subject CN=x -o c.der
	assert_status 0
	assert_line 'certificate "CN=x" written to c.der'
	[ "$(head -c 1 c.der | od -An -tx1)" = " 30" ]
	openssl x509 -inform DER -in c.der -out c.pem
	run text c.pem
	assert_output 1.3.6.1.4.1.2312.16.1.2
	openssl x509 -in c.pem -noout -checkend $((36499 * 86400))
	! openssl x509 -in c.pem -noout -checkend $((36501 * 86400))
	cert -k "$KEY" --subject CN=x -o c.crt
	grep -q 'BEGIN CERTIFICATE' c.crt
	[ "$(openssl x509 -in c.crt -noout -serial)" != "$(openssl x509 -in c.pem -noout -serial)" ]
	[ "$(openssl x509 -in c.crt -noout -serial | wc -c)" -eq 48 ] # 20 bytes, the first below 0x80
}

@test "each digest" {
	local hash
	for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
		run cert -k "$KEY" --subject CN=x --hash $hash -o c.pem
		assert_status 0
		openssl verify -check_ss_sig -CAfile c.pem c.pem
		run text c.pem
		assert_match "Signature Algorithm: .*${hash#sha3-}"
	done
}

# -- an openssl configuration file ------------------------------------------------------------

# The shape of the kernel's certs/x509.genkey.
genkey() {
	cat <<-'END'
		[ req ]
		default_bits = 4096
		distinguished_name = req_distinguished_name
		prompt = no
		string_mask = utf8only
		x509_extensions = myexts

		[ req_distinguished_name ]
		#O = Somebody
		CN = Build key of a kernel
		0.OU = First
		1.OU = Käse & Söhne

		[ myexts ]
		basicConstraints=critical,CA:FALSE
		keyUsage=digitalSignature
		subjectKeyIdentifier=hash
		authorityKeyIdentifier=keyid
	END
}

# openssl makes the same of it.
same() { # CONFIG KEY-FILE
	openssl req -new -x509 -utf8 -batch -config "$1" -key "$2" -days 36500 -out theirs.pem
	run modseal cert -k "$2" --config "$1" -o ours.pem
	assert_status 0
	openssl verify -check_ss_sig -CAfile ours.pem ours.pem
	diff <(fields theirs.pem) <(fields ours.pem)
}

@test "x509.genkey: what openssl req -new -x509 makes, but for serial number, dates and signature" {
	genkey >x509.genkey
	for key in rsa2048 rsa4096 p256 p384; do
		same x509.genkey "$soft/$key.key.pem"
	done
	# with a digest of its own, with extensions that openssl treats apart
	sed 's/^default_bits.*/default_md = sha512/' x509.genkey >md
	same md "$soft/rsa2048.key.pem"
	same md "$soft/p256.key.pem"
	sed 's/^authorityKeyIdentifier.*/authorityKeyIdentifier=keyid:always/' x509.genkey >always
	same always "$soft/p256.key.pem"
	sed 's/^subjectKeyIdentifier.*/subjectKeyIdentifier=none/' x509.genkey >ski
	same ski "$soft/p256.key.pem"
	sed 's/^keyUsage.*/keyUsage=digitalSignature,keyCertSign\nextendedKeyUsage=codeSigning,1.2.3.4/
		s/CA:FALSE/CA:TRUE,pathlen:0/' x509.genkey >other
	same other "$soft/p256.key.pem"
	# names of other kinds of strings, of several parts, and what stands before all sections
	local mask
	for mask in nombstr pkix default MASK:0x2002 utf8only; do
		sed "s/utf8only/$mask/; s/^CN = .*/C = DE\nO = Ex_ample\n+OU = W\nCN = it's\nemailAddress = a@b.c/" \
			x509.genkey >names
		same names "$soft/p256.key.pem"
	done
	sed 's/^CN = .*/CN = Ünïversal/; s/utf8only/pkix/' x509.genkey >bmp
	same bmp "$soft/p256.key.pem"
	sed 's/^CN = .*/CN = Ünïversal/; s/utf8only/nombstr/' x509.genkey >latin
	same latin "$soft/p256.key.pem"
	sed '/^\[ req \]/d' x509.genkey >sections
	same sections "$soft/p256.key.pem"
	# without extensions versions of openssl differ; kernels like a subject key identifier
	grep -v x509_extensions x509.genkey >none
	run modseal cert -k "$soft/p256.key.pem" --config none -o ours.pem
	assert_status 0
	run text ours.pem
	assert_output 'X509v3 Subject Key Identifier'
}

@test "a configuration that asks questions: the defaults are the answers" {
	cat >ask <<-'END'
		[ req ]
		distinguished_name = dn
		x509_extensions = ext
		[ dn ]
		countryName = Country Name (2 letter code)
		countryName_default = DE
		countryName_min = 2
		countryName_max = 2
		0.organizationName = Organization
		0.organizationName_default = Example Ltd
		commonName = Name
		commonName_default = Signing key
		[ ext ]
		basicConstraints = critical,CA:FALSE
	END
	same ask "$soft/p256.key.pem"
	run openssl x509 -in ours.pem -noout -subject -nameopt RFC2253
	assert_output 'CN=Signing key,O=Example Ltd,C=DE'
}

@test "--config with a key in hardware, and a subject that wins over it" {
	genkey >x509.genkey
	run cert -k "$KEY" --config x509.genkey -o c.pem
	assert_status 0
	openssl verify -check_ss_sig -CAfile c.pem c.pem
	run cert -k "$KEY" --config x509.genkey --subject CN=other --hash sha384 -o c.pem
	assert_status 0
	run text c.pem
	assert_output 'Subject: CN=other'
	assert_output sha384With
}

@test "configurations that cannot be used are named, with the line" {
	try() { # WORDS FILE
		run cert -k "$KEY" --config "$2" -o c.pem
		[ "$status" -ne 0 ]
		assert_output "$1"
		[ ! -e c.pem ]
	}
	echo '[ other ]' >no_req
	try 'no_req has no [req] with a distinguished_name' no_req
	genkey | sed 's/utf8only/rubbish/' >mask
	try "string_mask 'rubbish' is not understood" mask
	genkey | sed 's/utf8only/MASK:/' >mask
	try "string_mask 'MASK:' is not understood" mask
	printf '[ req ]\nno equals sign\n' >broken
	try 'broken, line 2' broken
	genkey | sed 's/^CN = .*/XX = y/' >field
	try "'XX = y' is no part of a name" field
	genkey | sed 's/^keyUsage.*/keyUsage=rubbish/' >ext
	try 'an extension of [myexts] cannot be made' ext
	genkey | sed 's/^default_bits.*/default_md = md4/' >md
	try "default_md 'md4' is not understood" md
	genkey | sed '/^CN\|OU/d' >nobody
	try 'nobody gives no distinguished name' nobody
	try 'missing' missing
}

# -- subjects ---------------------------------------------------------------------------------

@test "subjects: both forms, escapes, UTF-8, several of a kind" {
	subject() { # TEXT RFC2253
		run cert -k "$KEY" --subject "$1" -o c.pem
		assert_status 0
		[ "$(openssl x509 -in c.pem -noout -subject -nameopt RFC2253,-esc_msb,utf8)" = "subject=$2" ]
	}
	subject 'CN=My modules,O=Example' 'O=Example,CN=My modules'
	subject '/CN=My modules/O=Example' 'O=Example,CN=My modules'
	subject ' CN = My modules , O = Example ' 'O=Example,CN=My modules'
	subject 'CN=a\,b,O=c\\d' 'O=c\\d,CN=a\,b'
	subject '/CN=a\/b,c' 'CN=a/b\,c'
	subject 'CN=Schlüssel für 模块' 'CN=Schlüssel für 模块'
	subject 'CN=x,OU=one,OU=two,C=DE' 'C=DE,OU=two,OU=one,CN=x'
	subject 'CN=a=b' 'CN=a=b'
	subject 'CN=x,emailAddress=a@example.org' 'emailAddress=a@example.org,CN=x'
	subject '/2.5.4.3=by number' 'CN=by number'
}

@test "subjects that are none" {
	local subject
	for subject in '' ' ' x 'CN' 'CN=' '=x' 'CN=x,,O=y' 'XX=y' 'CN=x,C=Germany' '/' '/CN' $'CN=\xff'; do
		run cert -k "$KEY" --subject "$subject" -o c.pem
		assert_status 2
		[ ! -e c.pem ]
	done
	run cert -k "$KEY" --subject 'CN=x,Color=red' -o c.pem
	assert_output "'Color=red' is not understood"
	run cert -k "$KEY" -o c.pem
	assert_status 2
	assert_output "--subject"
}

# -- a CA -------------------------------------------------------------------------------------

@test "a leaf signed by a CA key in hardware signs modules for kernels that trust the CA" {
	run cert -k 'pkcs11:token=modseal;object=p384' --profile ca --subject 'CN=The CA' -o ca.pem
	assert_status 0
	run cert -k "$KEY" --subject 'CN=A builder' --days 100 \
		--issuer-key 'pkcs11:token=modseal;object=p384' --issuer-cert ca.pem -o leaf.pem
	assert_status 0
	openssl verify -x509_strict -CAfile ca.pem leaf.pem
	run text leaf.pem
	assert_output 'Issuer: CN=The CA'
	assert_output 'Subject: CN=A builder'
	assert_output 'ecdsa-with-SHA384' # of the issuer's key
	[ "$(openssl x509 -in leaf.pem -noout -ext authorityKeyIdentifier | tail -n 1 | tr -d ' ')" = \
		"$(openssl x509 -in ca.pem -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' ')" ]
	module=$(bare_module dummy "$PWD/m.ko")
	run modseal_pin sign --module "$MODSEAL_P11" -k "$KEY" -c leaf.pem --embed-certs leaf.pem "$module"
	assert_status 0
	run modseal verify -c ca.pem "$module"
	assert_status 0
}

@test "the issuer's certificate is the one beside its key, and has to fit it" {
	run cert -k 'pkcs11:token=odd;object=nocert' --profile ca --subject CN=CA --store -o ca.pem
	assert_status 0
	run cert -k "$KEY" --subject CN=x --issuer-key 'pkcs11:token=odd;object=nocert?pin-value=1234' -o c.pem
	assert_status 0
	openssl verify -CAfile ca.pem c.pem
	run cert -k "$KEY" --subject CN=x --issuer-key 'pkcs11:token=modseal;object=p384' -o no.pem
	assert_status 3
	assert_output "is not that of a CA"
	run cert -k "$KEY" --subject CN=x --issuer-key 'pkcs11:token=modseal;object=p384' \
		--issuer-cert "$MODSEAL_FIXTURES/p256.pem" -o no.pem
	assert_status 3
	assert_output "is not of the key"
	run cert -k "$KEY" --subject CN=x --issuer-key 'pkcs11:token=odd;object=p521?pin-value=1234' -o no.pem
	assert_status 3
	assert_output "no certificate"
	run cert -k "$KEY" --subject CN=x --issuer-cert "$MODSEAL_FIXTURES/p384.pem" -o no.pem
	assert_status 2
	[ ! -e no.pem ]
}

@test "an issuer in a file, for a key in hardware" {
	run cert -k "$KEY" --subject CN=x --issuer-key "$MODSEAL_FIXTURES/ca.key.pem" \
		--issuer-cert "$MODSEAL_FIXTURES/ca.der" -o c.pem
	assert_status 0
	openssl x509 -inform DER -in "$MODSEAL_FIXTURES/ca.der" -out ca.pem
	openssl verify -CAfile ca.pem c.pem
}

# -- where it goes ----------------------------------------------------------------------------

@test "--store puts it beside the key, where sign finds it" {
	run cert -k 'pkcs11:token=odd;object=nocert' --subject 'CN=stored' --store -o c.der
	assert_status 0
	assert_output 'put beside pkcs11:'
	run modseal_pin keys --login --json --module "$MODSEAL_P11" 'pkcs11:token=odd;id=%03'
	assert_json '.[0].objects | map(.kind) | sort == ["certificate", "private key", "public key"]'
	assert_json '.[0].objects[] | select(.kind == "certificate") |
		.subject == "CN=stored" and .label == "nocert" and .id == "03"'
	pkcs11-tool --module "$MODSEAL_P11" --token-label odd --read-object --type cert --id 03 | cmp - c.der
	module=$(bare_module dummy "$PWD/m.ko")
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=nocert' "$module"
	assert_status 0
	run modseal verify -c c.der "$module"
	assert_status 0
}

# Subjects of the certificates beside $KEY, a line each.
beside() {
	modseal_pin keys --json --module "$MODSEAL_P11" "${KEY%object=*}id=%01" |
		jq -r '.objects[] | select(.kind == "certificate") | .subject' | sort
}

@test "--store: no second certificate of a key; --replace puts it in the first one's place" {
	local old
	old=$(beside)
	run cert -k "$KEY" --subject CN=second --store -o second.der
	assert_status 3
	assert_output "has 1 certificate beside it already"
	assert_output "--replace"
	[ "$(beside)" = "$old" ]
	[ ! -e second.der ]
	run cert -k "$KEY" --subject CN=second --store --replace -o second.der
	assert_status 0
	[ "$(beside)" = CN=second ]
	module=$(bare_module dummy "$PWD/m.ko")
	run modseal_pin sign --module "$MODSEAL_P11" -k "$KEY" "$module"
	assert_status 0
	run modseal verify -c second.der "$module"
	assert_status 0
	# where there is none it is put, too
	run cert -k 'pkcs11:token=odd;object=nocert' --subject CN=x --store --replace
	assert_status 0
	run cert -k "$KEY" --subject CN=x -o c.pem --replace
	assert_status 2
}

@test "--replace where there are several, and others of the same id that are not of the key" {
	local other=(pkcs11-tool --module "$MODSEAL_P11" --token-label modseal --login --pin 1234
		--write-object "$MODSEAL_FIXTURES/p256.der" --type cert --id 01 --label stranger) n
	cert -k "$KEY" --subject CN=2 -o 2.der
	"${other[@]}"
	pkcs11-tool --module "$MODSEAL_P11" --token-label modseal --login --pin 1234 \
		--write-object 2.der --type cert --id 01 --label again
	n=$(beside | wc -l)
	run cert -k "$KEY" --subject CN=3 --store
	assert_status 3
	assert_output "has 2 certificates beside it already"
	run cert -k "$KEY" --subject CN=3 --store --replace
	assert_status 0
	[ "$n" -eq 3 ]
	[ "$(beside)" = $'CN=3\nO=modseal fixtures,CN=modseal p256' ]
}

@test "--replace: what cannot be done leaves the old one, or says that it is there" {
	local old
	old=$(beside)
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11
	MODSEAL_SHIM_FAIL=C_CreateObject:1:CKR_DEVICE_MEMORY run modseal_pin cert --module "$shim" \
		-k "$KEY" --subject CN=new --store --replace
	assert_status 3
	[ "$(beside)" = "$old" ]
	MODSEAL_SHIM_FAIL=C_DestroyObject:1:CKR_ACTION_PROHIBITED run modseal_pin cert --module "$shim" \
		-k "$KEY" --subject CN=new --store --replace
	assert_status 3
	assert_output "an old one could not be deleted"
	[ "$(beside)" = "CN=new"$'\n'"$old" ]
	run modseal_pin cert --module "$MODSEAL_P11" -k "$KEY" --subject CN=newer --store --replace
	assert_status 0
	[ "$(beside)" = CN=newer ]
}

@test "a certificate for a key file cannot be stored" {
	run modseal cert -k "$soft/p256.key.pem" --subject CN=x --store
	assert_status 1
	assert_output "cannot hold a certificate"
}

@test "what is asked for has to make sense" {
	try() {
		run cert "$@"
		assert_status 2
	}
	try --subject CN=x -o c.pem
	try -k "$KEY" --subject CN=x
	try -k "$KEY" --csr x.csr --issuer-key "$KEY" -o c.pem
	try --csr x.csr -o c.pem
	try -k "$KEY" --subject CN=x --profile root -o c.pem
	try -k "$KEY" --subject CN=x --hash md5 -o c.pem
	[ ! -e c.pem ]
}

@test "a file that cannot be written" {
	run cert -k "$KEY" --subject CN=x -o nowhere/c.pem
	assert_status 4
	assert_output nowhere/c.pem
}

@test "a key that dies while it signs: the token's own error, and no certificate" {
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11
	for code in CKR_DEVICE_ERROR CKR_DEVICE_REMOVED CKR_USER_NOT_LOGGED_IN; do
		MODSEAL_SHIM_FAIL=C_Sign:1+:$code run modseal_pin cert --module "$shim" -k "$KEY" \
			--subject CN=x -o c.pem --store
		assert_status 3
		assert_output "token 'modseal'"
		assert_output "C_Sign: $code"
		[ ! -e c.pem ]
	done
	MODSEAL_SHIM_FLIP=1+ run modseal_pin cert --module "$shim" -k "$KEY" --subject CN=x -o c.pem
	assert_status 3
	[ ! -e c.pem ]
}
