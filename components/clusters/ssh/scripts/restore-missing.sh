# shellcheck shell=sh
# Which nodes do not come back to the restored cluster by themselves in time. Builds on the product's lib.sh.
# Settings: NODES, PATIENCE (seconds)
# Secrets:  none
# Output:   their names, a line each

missing_ready() {
  kube --request-timeout=15s get nodes -o 'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'
}

missing_until=$(($(date +%s) + PATIENCE))
while :; do
  missing_seen=$(missing_ready || true)
  missing_names=''
  for missing_node in $NODES; do
    printf '%s\n' "$missing_seen" | grep -qx "$missing_node True" || missing_names="$missing_names $missing_node"
  done
  if [ -z "$missing_names" ] || [ "$(date +%s)" -ge "$missing_until" ]; then break; fi
  say "waiting for$missing_names"
  sleep 2
done
for missing_node in $missing_names; do printf '%s\n' "$missing_node"; done
