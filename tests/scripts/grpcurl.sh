#!/usr/bin/env bash
# What an operator does first with a new installation, with the tool that is at hand: list the services, ask for health, and read why a
# report was refused. Reflection must be whole for that, the types of error details included.
#
# CHAPPE_BIN names the program, TOOLS the folder with grpcurl.
set -euo pipefail

program=${CHAPPE_BIN:?names the program}
grpcurl=${TOOLS:+$TOOLS/}grpcurl
patience=60 # seconds, for each step

if ! command -v "$grpcurl" >/dev/null; then
    echo "SKIPPED: grpcurl.sh: grpcurl is missing, 'cargo xtask setup core' installs it"
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
    echo "grpcurl.sh: $1" >&2
    echo "--- it said:" >&2
    cat "$folder/said" >&2 || true
    echo "--- the program said:" >&2
    cat "$folder/serve.err" >&2 || true
    exit 1
}

# Runs grpcurl with the arguments; its output goes to $folder/said, its exit code to $code.
ask() {
    code=0
    timeout "$patience" "$grpcurl" -plaintext -max-time "$patience" "$@" >"$folder/said" 2>&1 || code=$?
}

says() {
    grep -qF -- "$1" "$folder/said" || failed "'$1' is missing"
}

"$program" init --dir "$folder" >/dev/null
sed -i 's/^listen = .*/listen = "127.0.0.1:0"/' "$folder/chappe.toml"
mkfifo "$folder/ready"
# The end that reads is opened both ways, so that neither side waits for the other to open it.
exec 3<>"$folder/ready"
"$program" serve --config "$folder/chappe.toml" >&3 2>"$folder/serve.err" &
server=$!
read -r -t "$patience" -u 3 line || failed "the program did not get ready"
address=$(sed -n 's/.* ready on \([^ ]*\): .*/\1/p' <<<"$line")
[[ -n $address ]] || failed "no address in: $line"

ask "$address" list
[[ $code == 0 ]] || failed "list ended with $code"
for service in chappe.v1.AlertService chappe.v1.IncidentService grpc.health.v1.Health grpc.reflection.v1.ServerReflection; do
    says "$service"
done

ask "$address" describe chappe.v1.IncidentService.Submit
[[ $code == 0 ]] || failed "describe ended with $code"
says 'rpc Submit ( .chappe.v1.SubmitRequest ) returns ( .chappe.v1.SubmitResponse )'

for service in "" chappe.v1.IncidentService chappe.v1.AlertService; do
    ask -d "{\"service\": \"$service\"}" "$address" grpc.health.v1.Health/Check
    [[ $code == 0 ]] || failed "Health/Check of '$service' ended with $code"
    says '"status": "SERVING"'
done

# grpcurl answers with 64 and the gRPC code; 3 is INVALID_ARGUMENT.
token=$(sed -n 's/^csirt-at = "\(.*\)"/\1/p' "$folder/tokens.toml")
wrong='{"incident": {"report_key": "case-1", "incident_type": "fraud/phishing", "countries": ["AT", "UK"], "marking": {"tlp": "TLP_AMBER"}}}'
ask -format-error -H "authorization: Bearer $token" -d "$wrong" "$address" chappe.v1.IncidentService/Submit
[[ $code == $((64 + 3)) ]] || failed "an invalid Submit ended with $code"
says '"@type": "type.googleapis.com/google.rpc.BadRequest"'
says '"fieldViolations"'
says '"field": "incident.countries[1]"'
says 'the United Kingdom is GB'
if grep -qF '"value":' "$folder/said"; then
    failed "the details are not decoded"
fi

# 16 is UNAUTHENTICATED.
ask -format-error -d "$wrong" "$address" chappe.v1.IncidentService/Submit
[[ $code == $((64 + 16)) ]] || failed "a Submit without a token ended with $code"
says '"@type": "type.googleapis.com/google.rpc.ErrorInfo"'
says '"reason": "TOKEN_MISSING"'

# The same report, put right.
ask -H "authorization: Bearer $token" -d "${wrong/UK/GB}" "$address" chappe.v1.IncidentService/Submit
[[ $code == 0 ]] || failed "a sound Submit ended with $code"
says '"durability": "DURABILITY_CLASS_DISK"'

kill -TERM "$server"
wait "$server" || failed "the program ended with $? on SIGTERM"
server=
echo "grpcurl: services listed, healthy, refusals decoded"
