#!/bin/sh
# Issues an organisation's certificates with the plain openssl tool:
#
#   Certs/issue.sh ORIGIN OUTDIR
#
# ORIGIN is the organisation's name, such as tier1.example. OUTDIR receives root.pem and root.key
# (the organisation's certification authority) and node.pem and node.key (one node). An existing
# root.pem with its root.key is used again, so that a second node, or a renewed one, gets the same
# root. node.pem is never overwritten. Keys are readable by their owner only.
#
# INTERMEDIATE=1 puts an issuing authority (issuing.pem, issuing.key) between root and node, as a
# company's own PKI has one; node.pem is then followed by it.
#
# KIND=p256 makes P-256 keys instead of Ed25519 ones.
set -eu

fail() {
    echo "issue.sh: $1" >&2
    exit 1
}

[ $# -eq 2 ] || fail "usage: issue.sh ORIGIN OUTDIR"
ORIGIN=$1
out=$2
export ORIGIN
here=$(cd "$(dirname "$0")" && pwd)
config=$here/openssl.cnf

# The name goes into a configuration file: nothing but a plain DNS name may pass.
LC_ALL=C
export LC_ALL
case $ORIGIN in
    "" | *[!a-z0-9.-]* | .* | *. | *..* | -* | *- | *-.* | *.-*)
        fail "'$ORIGIN' is no origin; use lower-case letters, digits, dots and hyphens" ;;
esac
[ ${#ORIGIN} -le 253 ] || fail "an origin has at most 253 characters"

command -v openssl >/dev/null || fail "openssl is not installed"
umask 077
mkdir -p "$out"

newkey() {
    case ${KIND:-ed25519} in
        ed25519) openssl genpkey -algorithm ed25519 -out "$1" ;;
        p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" ;;
        *) fail "KIND is ed25519 or p256" ;;
    esac
}

# X.520 allows 64 characters for a common name; partners go by subjectAltName.
name() { printf '%.64s' "$1"; }

[ ! -e "$out/node.pem" ] || fail "$out/node.pem exists; move it away to issue another"
[ ! -e "$out/node.key" ] || fail "$out/node.key exists; move it away to issue another"

if [ -e "$out/root.pem" ] && [ -e "$out/root.key" ]; then
    echo "using the root in $out/root.pem"
elif [ -e "$out/root.pem" ] || [ -e "$out/root.key" ]; then
    fail "$out has only one of root.pem and root.key"
else
    newkey "$out/root.key"
    openssl req -new -x509 -config "$config" -extensions root -days 3652 -sha256 \
        -subj "/CN=$(name "Root of $ORIGIN")" -key "$out/root.key" -out "$out/root.pem"
fi

request=$out/node.csr
trap 'rm -f "$request"' EXIT
issuer=root
if [ -n "${INTERMEDIATE:-}" ]; then
    issuer=issuing
    if [ ! -e "$out/issuing.pem" ]; then
        newkey "$out/issuing.key"
        openssl req -new -config "$config" -sha256 \
            -subj "/CN=$(name "Issuing authority of $ORIGIN")" \
            -key "$out/issuing.key" -out "$request"
        openssl x509 -req -in "$request" -CA "$out/root.pem" -CAkey "$out/root.key" \
            -set_serial "0x40$(openssl rand -hex 15)" -days 1826 -sha256 \
            -extfile "$config" -extensions issuing -out "$out/issuing.pem" 2>/dev/null
    fi
fi
newkey "$out/node.key"
openssl req -new -config "$config" -sha256 -subj "/CN=$(name "$ORIGIN")" \
    -key "$out/node.key" -out "$request"
openssl x509 -req -in "$request" -CA "$out/$issuer.pem" -CAkey "$out/$issuer.key" \
    -set_serial "0x40$(openssl rand -hex 15)" -days 730 -sha256 \
    -extfile "$config" -extensions node -out "$out/node.pem" 2>/dev/null
chmod 644 "$out/root.pem" "$out/node.pem"
if [ "$issuer" = issuing ]; then cat "$out/issuing.pem" >>"$out/node.pem"; fi

openssl verify -x509_strict -purpose sslserver -CAfile "$out/root.pem" \
    -untrusted "$out/$issuer.pem" "$out/node.pem" >/dev/null
echo "issued for $ORIGIN until $(openssl x509 -in "$out/node.pem" -noout -enddate | cut -d= -f2)"
echo "give partners $out/root.pem; keep $out/root.key offline and $out/node.key on the node"
