#!/usr/bin/env bash
# The alert rules and the dashboard, as Prometheus reads them: every expression parses, and each alert fires on what it is for and on nothing
# else (deploy/prometheus/alerts.test.yml).
#
# TOOLS names the folder with promtool.
set -euo pipefail

promtool=${TOOLS:+$TOOLS/}promtool
if ! command -v "$promtool" >/dev/null; then
    echo "SKIPPED: alerts.sh: promtool is missing, 'cargo xtask setup core' installs it"
    exit 0
fi

"$promtool" check rules deploy/prometheus/alerts.yml
"$promtool" test rules deploy/prometheus/alerts.test.yml

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Each expression of the dashboard as a recording rule, its variables filled in.
python3 - deploy/grafana/dashboard.json >"$folder/dashboard.yml" <<'END'
import json, sys

panels = json.load(open(sys.argv[1]))["panels"]
expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
rules = []
for number, expression in enumerate(expressions):
    filled = expression.replace("$__rate_interval", "1m").replace("$instance", ".*")
    rules.append({"record": f"dashboard:{number}", "expr": filled})
json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout)
END
"$promtool" check rules "$folder/dashboard.yml"
