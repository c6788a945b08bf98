#!/usr/bin/env bash
# TAXII as an integrator meets it: driven by OASIS's client, taxii2-client, and compared with OASIS's server, medallion, on the same content.
#
# CHAPPE_BIN names the program, TOOLS the folder beside which 'cargo xtask setup exchange' put the Python environment; CHAPPE_PYTHON names another.
set -euo pipefail

program=${CHAPPE_BIN:?names the program}
python=${CHAPPE_PYTHON:-${TOOLS:-target/tools/bin}/../exchange/bin/python}
patience=60 # seconds, for each step

if ! "$python" -c 'import medallion, taxii2client' 2>/dev/null; then
    echo "SKIPPED: taxii.sh: taxii2-client and medallion are missing, 'cargo xtask setup exchange' installs them"
    exit 0
fi

folder=$(mktemp -d)
server=
clean_up() {
    if [[ -n $server ]]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap clean_up EXIT

failed() {
    echo "taxii.sh: $1" >&2
    echo "--- the program said:" >&2
    cat "$folder/serve.err" >&2 || true
    exit 1
}

"$program" init --dir "$folder" >/dev/null
sed -i 's/^listen = .*/listen = "127.0.0.1:0"/' "$folder/chappe.toml"
printf '\n[taxii]\nlisten = "127.0.0.1:0"\n' >>"$folder/chappe.toml"
mkfifo "$folder/ready"
# The end that reads is opened both ways, so that neither side waits for the other to open it.
exec 3<>"$folder/ready"
"$program" serve --config "$folder/chappe.toml" >&3 2>"$folder/serve.err" &
server=$!
read -r -t "$patience" -u 3 line || failed "the program did not get ready"
url=$(sed -n 's/.*; TAXII on \(.*\)$/\1/p' <<<"$line")
[[ -n $url ]] || failed "no TAXII in: $line"

timeout $((3 * patience)) "$python" tests/scripts/taxii.py "$url" "$folder/tokens.toml" || failed "taxii.py ended with $?"

kill -TERM "$server"
wait "$server" || failed "the program ended with $? on SIGTERM"
server=
