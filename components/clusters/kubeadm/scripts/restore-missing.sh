# shellcheck shell=sh
# Which nodes do not come back to the restored cluster by themselves. Whether they are ready depends on a network; that a kubelet is
# there shows in its lease, which it renews. Builds on lib.sh.
# Settings: NODES, PATIENCE (seconds)
# Secrets:  none
# Output:   their names, a line each

missing_names() { kube --request-timeout=15s get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}' || true; }
missing_leases() {
  kube --request-timeout=15s get leases -n kube-node-lease -o 'jsonpath={range .items[*]}{.metadata.name} {.spec.renewTime}{"\n"}{end}' || true
}

missing_until=$(($(date +%s) + PATIENCE))
missing_before=$(missing_leases)
missing_left=$NODES
while [ -n "$missing_left" ]; do
  missing_known=$(missing_names)
  missing_seen=$(missing_leases)
  missing_next=''
  for missing_node in $missing_left; do
    missing_now=$(printf '%s\n' "$missing_seen" | awk -v name="$missing_node" '$1 == name { print $2 }')
    if [ -z "$missing_now" ] || printf '%s\n' "$missing_before" | grep -qxF "$missing_node $missing_now" ||
      ! printf '%s\n' "$missing_known" | grep -qxF "$missing_node"; then
      missing_next="$missing_next $missing_node"
    fi
  done
  missing_left=$missing_next
  if [ -z "$missing_left" ] || [ "$(date +%s)" -ge "$missing_until" ]; then break; fi
  say "waiting for$missing_left"
  sleep 2
done
for missing_node in $missing_left; do printf '%s\n' "$missing_node"; done
