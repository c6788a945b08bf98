#!/usr/bin/env bash
# Begins an installation for compose.yaml in the folder deploy/installation: chappe.toml, and certificates by a development authority.
#   deploy/init.sh             # with 'chappe' from PATH, or CHAPPE_BIN
# Nothing is overwritten. Certificates for members lie in installation/tls/identities afterwards; keep installation/tls/authority off the server.
set -euo pipefail
cd "$(dirname "$0")"
folder=installation
chappe=${CHAPPE_BIN:-chappe}
"$chappe" init --tls --host localhost,127.0.0.1,ingest,notification --dir "$folder"
config=$folder/chappe.toml
# Top-level keys stand before the first table.
{
    cat <<'END'
listen = "0.0.0.0:7600"
metrics = "0.0.0.0:7601"
metrics-allow = ["172.31.7.0/24"]
data = "/var/lib/chappe"
END
    grep --invert-match --extended-regexp '^(listen|metrics|metrics-allow|data) *=' "$config"
    cat <<'END'

# The broker of compose.yaml is on a network that nobody else is on.
[kafka]
brokers = ["kafka:9092"]
plain-text = true
replication = 1
END
} >"$config.new"
mv "$config.new" "$config"
# What the image's user, 7600, reads is given to it; keys are for their owner alone. Everything else stays with whoever runs this.
chmod 755 "$folder" "$folder/tls"
if ! chown --recursive 7600:7600 "$config" "$folder/tls/server" "$folder/tls/members" 2>/dev/null; then
    echo "now, as root: cd $PWD && chown --recursive 7600:7600 $config $folder/tls/server $folder/tls/members"
fi
